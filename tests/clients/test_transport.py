import http.client
import http.server
import ipaddress
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from clients import (
    AnswerLost,
    BadAnswer,
    HTTPTransport,
    LRSError,
    NoAnswer,
    Request,
    Unreachable,
    Unsendable,
    Untrusted,
)


@pytest.fixture
def transport():
    made = HTTPTransport()
    yield made
    made.close()


def asked(site, method="GET", content=None, headers=()):
    return Request(method, f"{site.endpoint}/about?q=1", dict(headers), content)


def test_status_headers_and_content_come_as_they_are(site, transport):
    site.then(site.says(418, b"\0\r\n\xff", "image/x-tea", {"ETag": '"a"'}))
    response = transport.send(asked(site), 5)
    assert (response.status, response.content, response.media_type) == (418, b"\0\r\n\xff", "image/x-tea")
    assert response.header("etag") == response.header("ETag") == '"a"'
    assert site.received[0].path == "/prefix/xapi/about?q=1"


def test_a_connection_is_used_again(site, transport):
    for _ in range(3):
        transport.send(asked(site, "PUT", b"{}"), 5)
    assert len({each.connection for each in site.received}) == 1


def test_a_connection_that_the_server_has_ended_is_not_used_again(site, transport):
    site.then(site.cuts(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"))
    transport.send(asked(site), 5)
    time.sleep(0.1)
    assert transport.send(asked(site), 5).status == 200
    assert len({each.connection for each in site.received}) == 2


def test_many_threads_share_a_transport(site, transport):
    def work():
        statuses.extend(transport.send(asked(site), 5).status for _ in range(20))

    statuses = []
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 160
    assert len({each.connection for each in site.received}) <= 8


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n1\r\n]\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[1]",
        b"HTTP/1.0 200 OK\r\n\r\n[1]",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[1]",
    ],
)
def test_every_way_to_end_an_answer_is_understood(site, transport, answer):
    site.then(site.cuts(answer))
    assert transport.send(asked(site), 5).json() == [1]


@pytest.mark.parametrize(
    "piece",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[\r\n",
    ],
)
def test_an_answer_that_is_cut_off_is_lost(site, transport, piece):
    site.then(site.cuts(piece))
    with pytest.raises(NoAnswer if piece else AnswerLost) as caught:
        transport.send(asked(site), 5)
    assert caught.value.perhaps_done


def test_a_connection_that_is_reset_loses_the_answer(site, transport):
    site.then(site.resets())
    with pytest.raises(AnswerLost):
        transport.send(asked(site), 5)


@pytest.mark.parametrize(
    "garbage", [b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 2x0 OK\r\n\r\n", b"HTTP/1.1 200 " + b"x" * 70_000]
)
def test_what_is_not_http_is_a_bad_answer(site, transport, garbage):
    site.then(site.cuts(garbage))
    with pytest.raises(BadAnswer):
        transport.send(asked(site), 5)


def test_a_slow_answer_is_given_up_in_time(site, transport):
    site.then(site.waits(2, site.says()))
    started = time.monotonic()
    with pytest.raises(AnswerLost):
        transport.send(asked(site), 0.3)
    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize(
    "slow",
    [
        b"Content-Length: 1000\r\n\r\n",
        b"Connection: close\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n1;",
        b"X-Long: ",
        b"X-Many: 1\r\n" * 90,
        b"\r\nHTTP/1.1 100 Continue\r\n\r\n" * 90,
    ],
)
def test_an_answer_that_trickles_is_given_up_in_time(site, transport, slow):
    site.then(site.trickles(b"HTTP/1.1 200 OK\r\n" + slow + b"x" * 1000, every=0.01))
    started = time.monotonic()
    with pytest.raises(AnswerLost):
        transport.send(asked(site), 0.6)
    assert time.monotonic() - started < 3


def test_the_answer_of_a_server_that_does_not_read_on_counts(site, transport):
    site.then(site.does_not_read(site.says(413)))
    assert transport.send(asked(site, "POST", b" " * 20_000_000), 5).status == 413


def test_an_answer_over_the_limit_is_not_read(site):
    site.then(site.says(content=b"x" * 2000))
    with pytest.raises(BadAnswer, match="larger than 1000"):
        HTTPTransport(limit=1000).send(asked(site), 5)


def test_nobody_listening_is_unreachable_and_surely_not_done(transport):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/xapi"
        with pytest.raises(Unreachable) as caught:
            transport.send(Request("GET", url), 5)
    assert not caught.value.perhaps_done


@pytest.mark.parametrize("host", ["127.0.0.1:99999", "127.0.0.1:x", f"{'x' * 70}.example", "a\0b", "\ud800.vn"])
def test_impossible_hosts_are_unreachable(transport, host):
    with pytest.raises((Unreachable, Unsendable)):
        transport.send(Request("GET", f"http://{host}/xapi"), 5)


@pytest.mark.parametrize("headers", [{"If-Match": "a\r\nX-Injected: 1"}, {"If-Match": "dấu"}])
def test_headers_that_are_none_are_never_sent(site, transport, headers):
    with pytest.raises(Unsendable):
        transport.send(asked(site, headers=headers), 5)
    assert site.received == []


def _kinds(kind):
    return [kind, *(each for child in kind.__subclasses__() for each in _kinds(child))]


FOREIGN = [
    each
    for each in {*_kinds(http.client.HTTPException), *_kinds(OSError)}
    if each.__module__ in {"builtins", "http.client", "socket", "ssl"}
]


@pytest.mark.parametrize("stage", ["connect", "request", "getresponse", "read1"])
def test_every_exception_of_the_layers_below_leaves_as_ours(site, transport, monkeypatch, stage):
    """Break the standard library at each stage with each of its own exceptions."""

    def breaks(*_, **__):
        raise error

    place = http.client.HTTPResponse if stage == "read1" else http.client.HTTPConnection
    monkeypatch.setattr(place, stage, breaks)
    for kind in FOREIGN:
        error = _made(kind)
        with pytest.raises(LRSError) as caught:
            transport.send(asked(site), 5)
        assert isinstance(caught.value, Unreachable) == (stage == "connect"), kind
        assert caught.value.request is not None, kind
        # A connection that breaks while sending is read from all the same: the server may have said why.
        assert caught.value.__cause__ is error or stage == "request", kind


def _made(kind):
    if kind is http.client.IncompleteRead:
        return kind(b"", 1)
    if kind is ssl.SSLCertVerificationError:
        error = kind(1, "no")
        error.verify_message = "no"
        return error
    return kind("x")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Make a certificate for 127.0.0.1 that nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "lrs.example.vn")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    text = made.public_bytes(pem) + key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    file.write_bytes(text)
    return file


@pytest.fixture
def secure(site, certificate):
    """Put TLS in front of the site: its address, and the certificate to trust."""

    class Quiet(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            site.says()(self)

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *_):
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Server(("127.0.0.1", 0), Quiet) as running:
        running.socket = context.wrap_socket(running.socket, server_side=True)
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield f"https://127.0.0.1:{running.server_port}/xapi/about"
        running.shutdown()
        thread.join()


def test_a_certificate_that_is_trusted_is_spoken_to(secure, certificate):
    transport = HTTPTransport(ssl.create_default_context(cafile=str(certificate)))
    assert [transport.send(Request("GET", secure), 5).status for _ in range(2)] == [200, 200]
    transport.close()


def test_any_other_certificate_is_not(secure, transport):
    with pytest.raises(Untrusted):
        transport.send(Request("GET", secure), 5)


def test_tls_to_a_plain_server_is_unreachable(site, transport):
    with pytest.raises(Unreachable):
        transport.send(Request("GET", site.endpoint.replace("http:", "https:")), 5)


def test_plain_http_to_a_tls_server_gets_no_good_answer(secure, transport):
    with pytest.raises((AnswerLost, BadAnswer)):
        transport.send(Request("GET", secure.replace("https:", "http:")), 5)
