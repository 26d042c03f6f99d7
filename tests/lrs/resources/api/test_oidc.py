"""People sign in with an identity provider: a small one with real keys, over real HTTP, and a server of two processes.

The provider is as strict as a good one: it knows its client, its redirect address and the challenge of every code.
"""

import base64
import hashlib
import hmac
import http.cookiejar
import json
import secrets
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PASSWORD = "một mật khẩu đủ dài"
CLIENT, SECRET = "so-hoc", "what the client is known by"
KEPT = "sohoc-signing-in"


class Provider:
    """Answers for its issuer; ``claims`` and ``forge`` change the ID tokens that it gives."""

    def __init__(self, port):
        self.issuer = f"http://127.0.0.1:{port}"
        self.key = ed25519.Ed25519PrivateKey.generate()
        self.asked = []
        self.reset()

    def reset(self):
        self.claims, self.forge, self.codes = {}, None, {}
        self.asked.clear()

    def get(self, path):
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}/keys",
                "authorization_endpoint": f"{self.issuer}/authorize?tenant=hoc",
                "token_endpoint": f"{self.issuer}/token",
            }
        raw = self.key.public_key().public_bytes_raw()
        x = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        return {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "first", "x": x}]}

    def authorize(self, address):
        """Let the person at the browser in; return what the browser is sent back with."""
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
        assert address.startswith(f"{self.issuer}/authorize?tenant=hoc&")
        assert (asked["client_id"], asked["response_type"]) == (CLIENT, "code")
        assert (asked["scope"], asked["code_challenge_method"]) == ("openid email", "S256")
        assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) == 43
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def post(self, form, authorization):
        """Redeem a code, once."""
        self.asked.append(form)
        expected = base64.b64encode(urllib.parse.quote_plus(CLIENT).encode() + b":" + quoted(SECRET)).decode()
        asked = self.codes.pop(form.get("code"), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        good = (
            asked
            and authorization == f"Basic {expected}"
            and form["grant_type"] == "authorization_code"
            and form["redirect_uri"] == asked["redirect_uri"]
            and challenge == asked["code_challenge"]
        )
        return {"id_token": self.token(asked["nonce"]), "token_type": "Bearer", "access_token": "x"} if good else None

    def token(self, nonce):
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "lan@provider",
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": nonce,
            "email_verified": True,
        }
        claims = {name: value for name, value in (claims | self.claims).items() if value is not None}
        if self.forge:
            return self.forge(claims)
        return jwt.encode(claims, self.key, "EdDSA", {"kid": "first"})


def quoted(text):
    return urllib.parse.quote_plus(text).encode()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(self.server.provider.get(self.path))

    def do_POST(self):
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        self.answer(self.server.provider.post(form, self.headers["Authorization"]))

    def answer(self, told):
        body = json.dumps(told or {"error": "invalid_grant"}).encode()
        self.send_response(200 if told else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Browser:
    """Keeps cookies, and stops at every redirect; each one is somewhere else, as a proxy tells."""

    def __init__(self, root):
        self.root = root
        self.address = ".".join(str(secrets.randbelow(200) + 1) for _ in range(4))
        self.jar = http.cookiejar.CookieJar()
        keeping = urllib.request.HTTPCookieProcessor(self.jar)
        self._opener = urllib.request.build_opener(keeping, NoRedirect)

    def ask(self, path, body=None, **headers):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["X-Forwarded-For"] = self.address
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            sent["Content-Type"] = "application/json"
        try:
            answer = self._opener.open(urllib.request.Request(self.root + path, data, sent), timeout=10)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text = answer.read()
        return answer.status, answer.headers, json.loads(text) if text else None

    def begin(self, organisation="first", **query):
        asked = urllib.parse.urlencode({"organisation": organisation} | query)
        return self.ask(f"/api/session/oidc?{asked}")

    def come_back(self, **answer):
        return self.ask(f"/api/session/oidc/callback?{urllib.parse.urlencode(answer)}")

    @property
    def cookies(self):
        return {cookie.name: cookie.value for cookie in self.jar}


@pytest.fixture(scope="module")
def provider():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.provider = Provider(server.server_port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.provider
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def host(serve):
    with serve(LRS_PROVIDER_HOSTS="127.0.0.1", LRS_PROXIES="1") as running:
        yield running


@pytest.fixture(scope="module")
def machine(host):
    """Speak with the first key, which may administer."""
    key = base64.b64encode(f"{host.key}:{host.secret}".encode()).decode()
    return lambda path, body=None: Browser(host.root).ask(path, body, Authorization=f"Basic {key}")


@pytest.fixture(scope="module")
def registered(machine, provider):
    sign_in = {"client_id": CLIENT, "client_secret": SECRET}
    wanted = {"issuer": provider.issuer, "audience": "statements", "scopes": [], "sign_in": sign_in}
    status, _, made = machine("/api/providers", wanted | {"scopes": ["statements/read"]})
    assert status == 201
    return made["id"]


@pytest.fixture
def browser(host, provider, registered):
    assert registered
    provider.reset()
    return Browser(host.root)


@pytest.fixture
def member(machine):
    """Make a member of the first organisation, who has no password; return the e-mail."""

    def make(role="analyst"):
        email = f"lan.{secrets.token_hex(4)}@hoc.example.vn"
        assert machine("/api/members", {"email": email, "name": "Lan", "role": role})[0] == 201
        return email

    return make


def signing_in(browser, provider, **changes):
    """Go to the provider and come back; return the answer."""
    status, headers, _ = browser.begin()
    assert status == 302
    return browser.come_back(**provider.authorize(headers["Location"]) | changes)


def test_a_member_signs_in_with_the_provider_of_the_organisation(browser, provider, member):
    email = member()
    provider.claims = {"email": email.upper()}
    status, headers, _ = signing_in(browser, provider)
    assert (status, headers["Location"], headers["Cache-Control"]) == (302, "/api/session", "no-store")
    status, _, told = browser.ask("/api/session")
    assert (status, told["member"]["email"], told["member"]["role"]) == (200, email, "analyst")
    assert told["member"]["joined"] is True
    assert KEPT not in browser.cookies


def test_what_the_browser_keeps_tells_nothing_and_is_kept_from_pages(browser, provider):
    _, headers, _ = browser.begin()
    cookie = headers["Set-Cookie"]
    assert {"HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=600"} <= set(cookie.split("; "))
    asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(headers["Location"]).query))
    kept = browser.cookies[KEPT]
    opened = base64.urlsafe_b64decode(kept + "=" * (-len(kept) % 4))
    assert not [value for value in (asked["state"], asked["nonce"], "first") if value.encode() in opened]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert provider.asked == []


def es256_with_their_key(_, claims):
    return jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), "ES256", {"kid": "first"})


def hs256_with_the_public_key(provider, claims):
    header = {"alg": "HS256", "typ": "JWT", "kid": "first"}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    pem = provider.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    mac = base64.urlsafe_b64encode(hmac.digest(pem, b".".join(parts), "sha256")).rstrip(b"=")
    return b".".join([*parts, mac]).decode()


def unsigned(_, claims):
    return jwt.encode(claims, None, "none", {"kid": "first"})


def another_key(_, claims):
    return jwt.encode(claims, ed25519.Ed25519PrivateKey.generate(), "EdDSA", {"kid": "first"})


@pytest.mark.parametrize("forge", [es256_with_their_key, hs256_with_the_public_key, unsigned, another_key])
def test_a_forged_id_token_signs_nobody_in(browser, provider, member, forge):
    provider.claims = {"email": member()}
    provider.forge = lambda claims: forge(provider, claims)
    assert signing_in(browser, provider)[0] == 401
    assert browser.ask("/api/session")[0] == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "x" * 43},
        {"nonce": None},
        {"aud": "another client"},
        {"aud": [CLIENT, "another client"]},
        {"aud": "statements"},
        {"iss": "https://evil.example"},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"sub": None},
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "true"},
        {"email_verified": 1},
        {"email": None},
        {"email": ["lan@hoc.example.vn"]},
    ],
    ids=str,
)
def test_an_id_token_that_does_not_vouch_for_a_members_mailbox_here_signs_nobody_in(browser, provider, member, claims):
    email = member()
    provider.claims = {"email": email} | claims
    status, _, told = signing_in(browser, provider)
    assert status == 401
    assert email not in json.dumps(told)
    assert browser.ask("/api/session")[0] == 401


def test_nobody_becomes_a_member_this_way(browser, provider, machine):
    before = machine("/api/members")[2]
    provider.claims = {"email": "stranger@hoc.example.vn"}
    assert signing_in(browser, provider)[0] == 401
    assert machine("/api/members")[2] == before


def test_whoever_gets_the_mailbox_of_a_member_does_not_get_the_role_until_invited(browser, provider, member, machine):
    email = member()
    provider.claims = {"email": email, "sub": "first"}
    assert signing_in(browser, provider)[0] == 302
    who = browser.ask("/api/session")[2]["member"]["id"]
    provider.claims["sub"] = "second"
    assert signing_in(Browser(browser.root), provider)[0] == 401
    provider.claims["sub"] = "first"
    assert signing_in(browser, provider)[0] == 302
    assert machine(f"/api/members/{who}/invitation", {})[0] == 201
    provider.claims["sub"] = "second"
    assert signing_in(Browser(browser.root), provider)[0] == 302
    provider.claims["sub"] = "first"
    assert signing_in(Browser(browser.root), provider)[0] == 401


def test_an_answer_that_this_browser_did_not_ask_for_signs_nobody_in(browser, provider, member, host):
    provider.claims = {"email": member()}
    attacker = Browser(host.root)
    theirs = provider.authorize(attacker.begin()[1]["Location"])
    assert browser.come_back(**theirs)[0] == 400
    browser.begin()
    assert browser.come_back(**theirs)[0] == 400
    assert browser.come_back(code=theirs["code"], state="")[0] == 400
    assert provider.asked == []
    assert browser.ask("/api/session")[0] == 401


def test_a_stolen_code_is_of_no_use_in_another_browser(browser, provider, member, host):
    provider.claims = {"email": member()}
    stolen = provider.authorize(browser.begin()[1]["Location"])["code"]
    attacker = Browser(host.root)
    own = provider.authorize(attacker.begin()[1]["Location"])
    assert attacker.come_back(code=stolen, state=own["state"])[0] == 503
    assert attacker.ask("/api/session")[0] == 401


def test_an_answer_counts_once(browser, provider, member):
    provider.claims = {"email": member()}
    kept = browser.begin()
    answer = provider.authorize(kept[1]["Location"])
    cookie = f"{KEPT}={browser.cookies[KEPT]}"
    assert browser.come_back(**answer)[0] == 302
    again = f"/api/session/oidc/callback?{urllib.parse.urlencode(answer)}"
    asked = len(provider.asked)
    assert browser.ask(again, Cookie=cookie)[0] == 400
    assert browser.come_back(**answer)[0] == 400
    assert len(provider.asked) == asked


def test_so_does_one_that_signs_nobody_in_on_every_process(browser, provider, machine):
    answer = provider.authorize(browser.begin()[1]["Location"])
    cookie = f"{KEPT}={browser.cookies[KEPT]}"
    refusal = (
        f"/api/session/oidc/callback?{urllib.parse.urlencode({'state': answer['state'], 'error': 'access_denied'})}"
    )
    before = machine("/api/audit?limit=1")[2]["records"][0]["seq"]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: Browser(browser.root).ask(refusal, Cookie=cookie)[0], range(24)))
    assert sorted(found) == [400] * 23 + [401]
    assert machine("/api/audit?limit=1")[2]["records"][0]["seq"] == before


def test_the_provider_may_say_that_it_was_another_one_or_that_nobody_was_let_in(browser, provider, member):
    provider.claims = {"email": member()}
    assert signing_in(browser, provider, iss="https://evil.example")[0] == 401
    assert signing_in(browser, provider, error="access_denied")[0] == 401
    assert signing_in(browser, provider, iss=provider.issuer, session_state="x", scope="openid")[0] == 302


@pytest.mark.parametrize("kept", ["", "x", "A" * 300, "ế"])
def test_what_the_browser_keeps_cannot_be_made_up(browser, kept):
    value = urllib.parse.quote(kept)
    assert browser.ask("/api/session/oidc/callback?state=x&code=y", Cookie=f"{KEPT}={value}")[0] == 400


def test_a_provider_lets_nobody_into_another_organisation(browser, provider, member, machine):
    provider.claims = {"email": member()}
    owner = {"email": provider.claims["email"], "name": "Chủ"}
    name = f"o{secrets.token_hex(4)}"
    assert machine("/api/organisations", {"id": name, "name": "Trường khác", "owner": owner})[0] == 201
    assert browser.begin(name)[0] == 404
    assert browser.begin("nowhere")[0] == 404
    assert browser.begin(name, provider="x")[0] == 404
    signing_in(browser, provider)
    assert browser.ask("/api/session")[2]["organisation"]["id"] == "first"


def test_where_the_browser_goes_afterwards_is_nobodys_to_choose(browser, provider, member):
    provider.claims = {"email": member()}
    for name in ("next", "redirect_uri", "return_to"):
        assert browser.begin(**{name: "https://evil.example"})[0] == 400
    _, headers, _ = signing_in(browser, provider, next="https://evil.example", redirect_uri="https://evil.example")
    assert headers["Location"] == "/api/session"


def test_the_audit_tells_of_it_by_ids_only(browser, provider, member, machine):
    email = member()
    provider.claims = {"email": email}
    signing_in(browser, provider)
    who = browser.ask("/api/session")[2]["member"]["id"]
    provider.claims = {"email": "stranger@hoc.example.vn"}
    signing_in(browser, provider)
    told = json.dumps(machine("/api/audit?limit=1000")[2])
    (came,) = machine(f"/api/audit?actor=member:{who}")[2]["records"]
    assert (came["action"], came["target"], came["details"]) == ("signin.succeeded", who, {"method": "oidc"})
    assert "hoc.example.vn" not in told
    assert "lan@provider" not in told
