"""An identity provider of our own: real keys, real HTTP, and every bad habit that one can have."""

import base64
import contextlib
import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from lrs.embedded import PrivateMongod
from lrs.services.audit import sealed_with
from lrs.store import Store, open_store

PEPPER = "a pepper for tests, of 32 characters or more"
AUDIENCE = "https://hoc.example.vn/xapi"
JWKS = "/keys"
DISCOVERY = "/.well-known/openid-configuration"
JWK_OF = {
    "EdDSA": OKPAlgorithm.to_jwk,
    "ES256": ECAlgorithm.to_jwk,
    "RS256": RSAAlgorithm.to_jwk,
    "PS256": RSAAlgorithm.to_jwk,
}


def private_key(algorithm: str) -> Any:
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, 2048)


class IdentityProvider:
    """``habit`` is how it answers: well, down, drip, redirect, huge, nonsense, stranger."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {}
        self.algorithms: dict[str, str] = {}
        self.published: list[dict[str, Any]] = []
        self.fetches: Counter[str] = Counter()
        self.forms: list[tuple[bytes, str | None, str | None]] = []
        self.habit = "well"
        self.described: dict[str, Any] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"

    def add(self, kid: str, algorithm: str = "EdDSA", *, publish: bool = True, **members: Any) -> dict[str, Any]:
        """Make a key; return it as a JWK."""
        self.keys[kid], self.algorithms[kid] = private_key(algorithm), algorithm
        jwk = JWK_OF[algorithm](self.keys[kid].public_key(), as_dict=True) | {"kid": kid, "use": "sig"} | members
        if publish:
            self.published.append(jwk)
        return jwk

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        usual = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "lan@hoc.example.vn",
            "scope": "openid profile xapi:statements/write xapi:statements/read",
            "iat": now,
            "exp": now + 300,
        }
        return {name: value for name, value in (usual | changes).items() if value is not None}

    def token(self, kid: str = "one", *, headers: dict[str, Any] | None = None, **changes: Any) -> str:
        """Make a token; claims that are None are left out."""
        said = {"kid": kid, "typ": "at+jwt"} | (headers or {})
        return jwt.encode(self.claims(**changes), self.keys[kid], self.algorithms[kid], said)

    def _handler(provider) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - the handler has a self of its own
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.fetches[self.path] += 1
                provider._answer(self)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                provider.forms.append((body, self.headers["Authorization"], self.headers["Content-Type"]))
                provider._answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        habit = self.habit
        if habit == "redirect":
            request.send_response(302)
            request.send_header("Location", f"{self.issuer}/elsewhere{request.path}")
            request.end_headers()
            return
        request.send_response(503 if habit == "down" else 200)
        request.end_headers()
        with contextlib.suppress(OSError):  # who asked has had enough
            self._write(request, habit)

    def _write(self, request: BaseHTTPRequestHandler, habit: str) -> None:
        described = {"issuer": self.issuer, "jwks_uri": self.issuer + JWKS} | self.described
        if habit == "stranger":
            described["issuer"] = self.issuer + "/"
        body = json.dumps(described if request.path == DISCOVERY else {"keys": self.published}).encode()
        if habit == "drip":
            for _ in range(100):
                request.wfile.write(b" ")
                time.sleep(0.1)
        request.wfile.write({"huge": b" " * 300_000, "nonsense": b"<html>"}.get(habit, body))


@pytest.fixture(scope="module")
def module_store(mongod: PrivateMongod) -> Iterator[Store]:
    name = f"test_{uuid.uuid4().hex}"
    with contextlib.closing(open_store(mongod.uri, name, seal=sealed_with(PEPPER))) as opened:
        opened.migrate()
        yield opened
        opened.client.drop_database(name)


@pytest.fixture
def bare_store(module_store: Store) -> Store:
    """One database for a module, with nothing in it that has to do with callers."""
    for name in ("signing_keys", "revocations", "providers", "credentials", "organisations", "audit", "allowances"):
        module_store.database[name].delete_many({})
    return module_store


@contextlib.contextmanager
def providing() -> Iterator[IdentityProvider]:
    provider = IdentityProvider()
    provider.add("one")
    thread = threading.Thread(target=provider.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield provider
    provider.server.shutdown()
    thread.join()
    provider.server.server_close()


@pytest.fixture
def identity_provider() -> Iterator[IdentityProvider]:
    """Run a provider with one key, "one"."""
    with providing() as running:
        yield running


@pytest.fixture(scope="module")
def lasting_provider() -> Iterator[IdentityProvider]:
    """Run one for all tests of a module."""
    with providing() as running:
        yield running


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let seconds pass on both clocks of the services, at once."""
    gone = 0.0

    def wait(seconds: float) -> None:
        nonlocal gone
        gone += seconds

    passed, now = time.monotonic, time.time_ns
    monkeypatch.setattr("lrs.services.clocks.passed", lambda: passed() + gone)
    monkeypatch.setattr("lrs.services.clocks.now", lambda: now() // 1000 + int(gone * 1_000_000))
    return wait


@pytest.fixture
def retyped() -> Callable[..., str]:
    """Write a token anew with other headers or claims, its signature left as it was."""

    def part(text: str, changes: dict[str, Any]) -> str:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))) | changes
        return base64.urlsafe_b64encode(json.dumps(found).encode()).decode().rstrip("=")

    def make(token: str, headers: dict[str, Any] | None = None, **claims: Any) -> str:
        header, payload, signature = token.split(".")
        return f"{part(header, headers or {})}.{part(payload, claims)}.{signature}"

    return make
