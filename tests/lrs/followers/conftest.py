"""Two organisations on two servers of ours: one whose worker sends or takes, and another one."""

import base64
import contextlib
import json
import secrets
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from lrs.app import close, create_app
from lrs.config import Config
from lrs.embedded import PrivateMongod
from lrs.followers.abroad import Abroad
from lrs.followers.records import records_follower
from lrs.services.agreements import PURPOSE
from lrs.services.audit import sealed_with
from lrs.services.auth import digest
from lrs.services.seals import Seals
from lrs.store import Store, open_store
from lrs.store.agreements import Agreement, Key
from lrs.store.credentials import Credential
from lrs.store.organisations import Organisation
from schemas.sharing.agreements import Filter

PEPPER = "a pepper for tests, of 32 characters or more"
EVERYTHING = ("all", "admin", "share", "audit/read", "credentials")


@dataclass
class Side:
    """An organisation on a server of its own; speaks to it as its administrator."""

    app: Flask
    store: Store
    config: Config
    url: str
    org: bytes = b""
    name: str = ""
    key: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: Any = None, status: int | None = None, **query: str) -> Any:
        answer = self.app.test_client().open(path, method=method, json=body, headers=self.headers, query_string=query)
        assert answer.status_code == status if status else answer.status_code < 300, answer.text
        return answer.json if answer.data else None

    def post(self, *statements: dict[str, Any]) -> list[str]:
        return self.ask("POST", "/xapi/statements", list(statements))

    def statements(self, **query: str) -> list[dict[str, Any]]:
        return self.ask("GET", "/xapi/statements", limit="500", ascending="true", **query)["statements"]

    def audited(self, prefix: str) -> list[tuple[str, dict[str, Any]]]:
        rows = self.store.database["audit"].find({"org": self.org, "action": {"$regex": f"^{prefix}"}}).sort("seq", 1)
        return [(row["action"], row["details"]) for row in rows]


@contextlib.contextmanager
def _served(mongod: PrivateMongod) -> Iterator[Side]:
    database = f"test_{uuid.uuid4().hex}"
    with contextlib.closing(open_store(mongod.uri, database, seal=sealed_with(PEPPER))) as store:
        store.migrate()
        config = Config(mongodb_uri=mongod.uri, database=database, pepper=PEPPER, partner_hosts="127.0.0.1")
        app = create_app(config)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Side(app, store, config, f"http://127.0.0.1:{server.server_port}/xapi")
        server.shutdown()
        thread.join()
        server.server_close()
        close(app)
        store.client.drop_database(database)


@pytest.fixture(scope="module")
def servers(mongod: PrivateMongod) -> Iterator[tuple[Side, Side]]:
    """Run two servers, each on a database of its own."""
    with _served(mongod) as one, _served(mongod) as other:
        yield one, other


def _organised(side: Side, name: str) -> Side:
    """Return an organisation that is new on a server; what others there were sending or taking is forgotten."""
    for each in ("forwards", "pulls", "webhooks"):
        side.store.database[each].delete_many({})
    org, key = secrets.token_bytes(8), secrets.token_hex(8)
    made = f"{name}-{org.hex()[:6]}"
    side.store.organisations.insert(Organisation(made, org, f"Tổ chức {name}"))
    side.store.credentials.put(_credential(org, key, EVERYTHING))
    side.store.credentials.put(_credential(org, f"relay-{key}", ("statements/write",), relay=True))
    token = base64.b64encode(f"{key}:secret".encode()).decode()
    headers = {"Authorization": f"Basic {token}", "X-Experience-API-Version": "2.0.0"}
    return replace(side, org=org, name=made, key=key, headers=headers)


def _credential(org: bytes, key: str, scopes: tuple[str, ...], **more: Any) -> Credential:
    authority = json.dumps({"objectType": "Agent", "account": {"homePage": "https://here.example.vn", "name": key}})
    proof = digest(PEPPER.encode(), key, "secret")
    return Credential(key, org, proof, frozenset(scopes), authority.encode(), **more)


@pytest.fixture
def giver(servers: tuple[Side, Side]) -> Side:
    return _organised(servers[0], "vnuhcm")


@pytest.fixture
def taker(servers: tuple[Side, Side]) -> Side:
    """Another server; its organisation has a key beside that relays."""
    return _organised(servers[1], "lhu")


@pytest.fixture
def agree(giver):
    """Let the giver have an agreement with somebody outside, in force."""

    def make(**changes: Any) -> Agreement:
        identifier, seals = secrets.token_hex(8), Seals(PEPPER, PURPOSE)
        keys = tuple(Key(each, seals.seal(secrets.token_bytes(32), identifier)) for each in (1, 2))
        usual: dict[str, Any] = {
            "id": identifier,
            "giver": giver.org,
            "giver_id": giver.name,
            "taker": None,
            "taker_id": None,
            "partner": {"name": "Đại học Lạc Hồng", "document": "12/TT-2026"},
            "purpose": {"code": "joint-course", "vi": "Lớp học chung", "en": "Joint course"},
            "basis": "contract",
            "level": "named",
            "filter": Filter(),
            "fields": ("activity", "type", "state", "score", "first", "registration"),
            "statements": True,
            "k": 10,
            "starts": date(2020, 1, 1),
            "state": "active",
            "proposed_by": giver.name,
            "accepted_by": giver.name,
            "created": 1,
            "changed": 1,
            "keys": keys,
        }
        made = Agreement(**(usual | changes))
        assert giver.store.agreements.insert(made)
        return made

    return make


@pytest.fixture
def worker():
    """Run what workers do abroad, on a side, until something holds."""

    @contextlib.contextmanager
    def run(side: Side) -> Any:
        stop = threading.Event()
        running = Abroad(side.config, stop)
        name = secrets.token_hex(8)
        records = records_follower(side.store, name, side.config.timezone)

        def count() -> None:
            while not stop.wait(0.05):
                records.follow()

        counting = threading.Thread(target=count)
        running.start()
        counting.start()
        try:
            yield
        finally:
            stop.set()
            running.join()
            counting.join()
            for place in side.store.places.all("records:"):
                side.store.places.release(place, name)

    return run


@pytest.fixture
def stranger():
    """A server of nobody we know: answers as ``said`` says, and remembers what it ``heard``."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            self.server.heard.append((self.path, dict(self.headers), body))
            status, headers, said = self.server.said(self.path, body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        def do_GET(self):
            self.do_POST()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.heard, server.said = [], lambda *_: (200, {}, b"[]")
        server.url = f"http://127.0.0.1:{server.server_port}/xapi"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
