import contextlib
import io
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from lrs.errors import Unavailable
from lrs.services.discovery import discover, read_keys
from lrs.services.web import PARTNER, NoAnswer, Web

HERE = {"127.0.0.1", "localhost"}


@pytest.fixture
def web():
    return Web(HERE)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0.0.0.0/",
        "https://10.1.2.3/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fe80::1]/",
        "https://[fc00::1]/",
        "https://[ff02::1]/",
        "http://93.184.215.14/",
        "http://hoc.example.vn/",
    ],
)
def test_nothing_inside_is_asked_and_nothing_without_tls(url):
    begun = time.monotonic()
    with pytest.raises(NoAnswer):
        Web().get(url)
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1/",
        "http:///keys",
        "http://user:password@127.0.0.1/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1/#x",
        "http://tàikhoản.example.vn/",
        "http://[::1/",
        "http://127.0.0.1:1/a b",
        "http://127.0.0.1:1/\x00",
        "http://127.0.0.1:1/\r\nHost: x",
        "http://127.0.0.1:1/#",
    ],
)
def test_what_is_no_address_is_not_asked(web, url):
    with pytest.raises(NoAnswer):
        web.get(url)


def test_only_hosts_that_are_named_are_asked_on_the_loopback(identity_provider):
    assert Web(HERE).get(identity_provider.issuer + "/keys")
    with pytest.raises(NoAnswer, match="LRS_PROVIDER_HOSTS"):
        Web({"sso.example.vn"}).get(identity_provider.issuer + "/keys")
    assert identity_provider.fetches == {"/keys": 1}


def test_a_named_host_inside_still_needs_tls_unless_it_is_this_machine():
    with pytest.raises(NoAnswer):
        Web({"10.1.2.3"}).get("http://10.1.2.3/")


def test_redirections_are_not_followed(web, identity_provider):
    identity_provider.habit = "redirect"
    with pytest.raises(NoAnswer, match="302"):
        web.get(identity_provider.issuer + "/keys")
    assert identity_provider.fetches == {"/keys": 1}


@pytest.mark.parametrize(("habit", "reason"), [("down", "503"), ("huge", "262144 bytes")])
def test_any_other_answer_than_a_short_200_is_none(web, identity_provider, habit, reason):
    identity_provider.habit = habit
    with pytest.raises(NoAnswer, match=reason):
        web.get(identity_provider.issuer + "/keys")


def test_who_answers_byte_by_byte_is_cut_off(identity_provider):
    identity_provider.habit = "drip"
    begun = time.monotonic()
    with pytest.raises(NoAnswer):
        Web(HERE, seconds=0.6).get(identity_provider.issuer + "/keys")
    assert 0.5 < time.monotonic() - begun < 1.6


@pytest.fixture
def slow_names(monkeypatch):
    """Let the next search for a name take so many seconds."""

    def make(seconds):
        real, left = socket.getaddrinfo, [seconds]

        def search(*given, **options):
            time.sleep(left.pop() if left else 0)
            return real(*given, **options)

        monkeypatch.setattr("socket.getaddrinfo", search)

    return make


def test_a_name_that_takes_too_long_to_find_is_given_up(identity_provider, slow_names):
    slow_names(1.5)
    begun = time.monotonic()
    with pytest.raises(NoAnswer):
        Web(HERE, seconds=0.3).get(identity_provider.issuer + "/keys")
    assert time.monotonic() - begun < 0.8
    assert identity_provider.fetches == {}


def test_the_time_for_the_name_and_for_the_answer_is_one(identity_provider, slow_names):
    slow_names(0.8)
    identity_provider.habit = "drip"
    begun = time.monotonic()
    with pytest.raises(NoAnswer):
        Web(HERE, seconds=1).get(identity_provider.issuer + "/keys")
    assert 0.9 < time.monotonic() - begun < 1.5


def test_of_requests_that_wait_for_providers_the_next_one_is_turned_away(web):
    with web.turn(), web.turn(), pytest.raises(Unavailable, match="wait"), web.turn():
        pass
    with web.turn():
        pass


def test_nobody_there_is_no_answer(web):
    with pytest.raises(NoAnswer):
        web.get("http://127.0.0.1:1/keys")


def test_a_certificate_that_nobody_vouches_for_is_refused(web, identity_provider):
    with pytest.raises(NoAnswer, match="SSL"):
        web.get(identity_provider.issuer.replace("http:", "https:") + "/keys")


def test_a_provider_says_itself_where_its_keys_are(web, identity_provider):
    found = discover(web, identity_provider.issuer)
    assert (found.issuer, found.jwks_uri) == (identity_provider.issuer, identity_provider.issuer + "/keys")


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://other.example.vn"},
        {"issuer": None},
        {"jwks_uri": ""},
        {"jwks_uri": None},
        {"jwks_uri": 5},
        {"jwks_uri": "https://10.1.2.3/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "https://hoc.example.vn/" + "x" * 1000},
        {"token_endpoint": ["x"]},
        *(
            {name: address}
            for name in ("jwks_uri", "authorization_endpoint", "token_endpoint")
            for address in (
                "https://hoc.example.vn/\r\nSet-Cookie: a=b",
                "https://hoc.example.vn/\x00",
                "https://hoc.example.vn/ x",
                "https://hoc.example.vn/é",
                "https://hoc.example.vn/#x",
                "https://hoc.example.vn/#",
                "https://[::1",
                "https://lan@hoc.example.vn/",
                "javascript:alert(1)",
                "/authorize",
            )
        ),
    ],
)
def test_a_description_that_is_wrong_is_of_no_use(web, identity_provider, described):
    identity_provider.described = described
    with pytest.raises(NoAnswer):
        read_keys(web, identity_provider.issuer)


@pytest.mark.parametrize("name", ["jwks_uri", "token_endpoint"])
def test_what_the_operator_allows_for_one_provider_is_no_way_in_for_others(identity_provider, name):
    allowed = Web({"127.0.0.1", "sso.truong.local"})
    identity_provider.described = {name: "https://sso.truong.local/keys"}
    with pytest.raises(NoAnswer, match="not its own"):
        discover(allowed, identity_provider.issuer)
    identity_provider.described = {name: "https://SSO.truong.local:8443/keys"}
    with pytest.raises(NoAnswer, match="not its own"):
        discover(allowed, identity_provider.issuer)
    identity_provider.described = {name: "http://127.0.0.1:1/keys"}
    assert discover(allowed, identity_provider.issuer)


def test_an_issuer_with_a_slash_at_its_end_is_another_one(web, identity_provider):
    with pytest.raises(NoAnswer):
        discover(web, identity_provider.issuer + "/")
    identity_provider.habit = "stranger"
    assert discover(web, identity_provider.issuer + "/").issuer == identity_provider.issuer + "/"
    with pytest.raises(NoAnswer):
        discover(web, identity_provider.issuer + "?x=1")


@pytest.mark.parametrize("habit", ["nonsense"])
def test_what_is_no_json_is_of_no_use(web, identity_provider, habit):
    identity_provider.habit = habit
    with pytest.raises(NoAnswer):
        discover(web, identity_provider.issuer)


@pytest.mark.parametrize("keys", [None, {"one": {}}, [{}] * 51, "x"])
def test_a_key_set_that_is_none_is_of_no_use(web, identity_provider, keys):
    identity_provider.published = keys
    with pytest.raises(NoAnswer):
        read_keys(web, identity_provider.issuer)


def test_a_form_goes_with_the_name_and_secret_of_this_server(web, identity_provider):
    web.post(identity_provider.issuer + "/token", {"code": "á b"}, user="client", password="a:b c")
    (form,) = identity_provider.forms
    assert form == (b"code=%C3%A1+b", "Basic Y2xpZW50OmElM0FiK2M=", "application/x-www-form-urlencoded")


@pytest.fixture
def certified(tmp_path):
    """Return a certificate for a name, with its key, in a file."""

    def make(name):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        certificate = builder.sign(key, SHA256())
        file = tmp_path / name
        unsealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(certificate.public_bytes(Encoding.PEM) + unsealed)
        return file

    return make


@contextlib.contextmanager
def speaking_tls(file, answer=b"HTTP/1.0 200 OK\r\n\r\n{}"):
    """Serve one request; return the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    def serve():
        with contextlib.suppress(OSError), contextlib.closing(listening.accept()[0]) as plain:
            if answer is None:
                plain.recv(1)
                time.sleep(1.5)
                return
            with context.wrap_socket(plain, server_side=True) as connection:
                connection.recv(10_000)
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def test_with_a_good_certificate_for_its_name_a_provider_is_asked_over_tls(certified, monkeypatch):
    file = certified("localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with speaking_tls(file) as port:
        assert Web(HERE).get(f"https://localhost:{port}/") == b"{}"


def test_a_good_certificate_for_another_name_is_refused(certified, monkeypatch):
    file = certified("other.example.vn")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with speaking_tls(file) as port, pytest.raises(NoAnswer, match="SSL"):
        Web(HERE).get(f"https://localhost:{port}/")


def test_who_never_ends_the_handshake_is_cut_off(certified):
    with speaking_tls(certified("localhost"), None) as port:
        begun = time.monotonic()
        with pytest.raises(NoAnswer):
            Web(HERE, seconds=0.5).get(f"https://localhost:{port}/")
        assert time.monotonic() - begun < 1.2


@pytest.fixture
def partner():
    """Listen as somebody who answers with what a test says, and remembers what was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            heard = self.server.heard
            heard.append((self.path, dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            status, headers, body = self.server.said
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.heard, server.said = [], (200, {}, b"")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        server.url = f"http://127.0.0.1:{server.server_port}"
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("status", [200, 302, 404, 429, 503])
def test_an_exchange_gives_any_answer_as_it_is(web, partner, status):
    partner.said = status, {"Retry-After": "7", "Location": "/elsewhere"}, b"told"
    reply = web.exchange("POST", f"{partner.url}/a?b=c", b"{}", {"Content-Type": "application/json"})
    assert (reply.status, reply.headers["retry-after"], reply.body) == (status, "7", b"told")
    ((path, headers, body),) = partner.heard
    assert (path, headers["Content-Type"], body) == ("/a?b=c", "application/json", b"{}")


def test_a_body_in_pieces_arrives_whole(web, partner):
    web.exchange("POST", partner.url, iter([b"ab", b"", b"cde"]), {"Content-Length": "5"})
    assert partner.heard[0][2] == b"abcde"


def test_a_large_answer_goes_into_a_file_up_to_what_is_taken(web, partner):
    partner.said = 200, {}, bytes(1000)
    file = io.BytesIO()
    assert web.exchange("POST", partner.url, b"", {}, largest=1000, into=file).body == b""
    assert len(file.getvalue()) == 1000
    with pytest.raises(NoAnswer, match="999 bytes"):
        web.exchange("POST", partner.url, b"", {}, largest=999, into=io.BytesIO())


def test_who_refuses_before_all_was_sent_is_heard():
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse():
            with contextlib.closing(listening.accept()[0]) as connected:
                connected.recv(100)
                connected.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
                connected.shutdown(socket.SHUT_WR)
                while connected.recv(65536):
                    pass

        thread = threading.Thread(target=refuse)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        assert Web(HERE).exchange("POST", url, bytes(10_000_000), {}).status == 413
        thread.join()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://hoc.example.vn/",
        "http://hoc.example.vn/",
        "http://93.184.215.14/",
        "http://127.0.0.1/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://10.1.2.3/",
        "https://[::1]/",
        "https://[fe80::1%25lo]/",
        "https://[fe80::1%lo]/",
        "https://[::ffff:10.1.2.3]/",
    ],
)
def test_what_can_never_be_asked_is_known_before_anybody_asks(url):
    with pytest.raises(NoAnswer):
        Web(called=PARTNER).require(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://hoc.example.vn/",
        "https://no-such-name.invalid/",
        "https://93.184.215.14/",
        "https://10.1.2.3/",
        "http://127.0.0.1:1/",
        "http://LRS.truong.local/",
    ],
)
def test_whom_the_operator_names_and_who_may_be_public_can_be_asked(url, monkeypatch):
    look_up = socket.getaddrinfo

    def without_names(host, *given, flags=0, **named):
        assert flags & socket.AI_NUMERICHOST, "no name is looked up"
        return look_up(host, *given, flags=flags, **named)

    monkeypatch.setattr(socket, "getaddrinfo", without_names)
    Web({"127.0.0.1", "10.1.2.3", "lrs.truong.local"}, called=PARTNER).require(url)


def test_plain_http_to_a_named_address_is_for_the_loopback_only():
    with pytest.raises(NoAnswer):
        Web({"10.1.2.3"}, called=PARTNER).require("http://10.1.2.3/")


def test_partners_are_called_so_and_have_a_setting_of_their_own():
    with pytest.raises(NoAnswer, match=r"The partner .* LRS_PARTNER_HOSTS"):
        Web(called=PARTNER).exchange("POST", "https://10.1.2.3/", b"", {})
    with pytest.raises(NoAnswer, match="no address of a partner"):
        Web(called=PARTNER).exchange("POST", "ftp://10.1.2.3/", b"", {})
