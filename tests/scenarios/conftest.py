"""Sites: real processes of `lrs serve` and `lrs worker` on a database of their own; callers speak nothing but HTTP.

All of it stands in one file: what tests share are fixtures, and there is nothing that they could import.
"""

import base64
import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient

from lrs.embedded import free_port
from lrs.leash import leashed
from lrs.services import data_sets
from lrs.services.audit import sealed_with
from lrs.services.auth import digest
from lrs.services.registries import RegistryService
from lrs.services.setup import first_credential
from lrs.store import open_store
from lrs.store.credentials import Credential
from lrs.store.organisations import Organisation
from schemas.registries.registries import Rows
from schemas.registries.targets import Target
from schemas.training.terms import BASE, VERSION

LRS = str(Path(sys.executable).with_name("lrs"))
HOME = "https://to.example.vn"
PEPPER = "a pepper for tests, of 32 characters or more"
SECONDS = 60
"""How long anything may take before a test gives up on it."""
TARGETS = (
    Target("192", "26209", 2025, "Kế hoạch thử", "elderly", 300, 80.0),
    Target("192", "26080", 2025, "Kế hoạch thử", "elderly", 100, 80.0),
    Target("192", "25195", 2025, "Kế hoạch thử", "elderly", 80, 80.0),
)


class Answer(NamedTuple):
    """What a server says."""

    status: int
    headers: object
    body: bytes


class Caller:
    """Speaks with one key, each time on a connection of its own: any process of the server may answer.

    What others than the first organisation have ``heard`` is kept, to be searched for what they must not hear.
    """

    def __init__(self, port, key, secret, organisation="first"):
        token = base64.b64encode(f"{key}:{secret}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}", "X-Experience-API-Version": "2.0.0"}
        self._port, self.key_id, self.id = port, key, organisation
        self.heard = ""

    def ask(self, method, path, body=None, **headers):
        """Return what is answered, whatever it is."""
        if isinstance(body, list | dict):
            body = json.dumps(body, ensure_ascii=False).encode()
            headers = {"Content-Type": "application/json"} | headers
        with contextlib.closing(HTTPConnection("127.0.0.1", self._port, timeout=SECONDS)) as connection:
            connection.request(method, path, body, self._headers | headers)
            answer = connection.getresponse()
            told = Answer(answer.status, answer.headers, answer.read())
        if self.id != "first":
            self.heard += told.body.decode(errors="replace")
        return told

    def do(self, method, path, body=None, **headers):
        """Return what is answered to what was let in, as JSON if there is anything."""
        status, _, answer = self.ask(method, path, body, **headers)
        assert status in {200, 201, 202, 204}, answer
        return json.loads(answer) if answer else None

    def get(self, path, **query):
        """Return what is answered, as JSON."""
        return json.loads(self.text(path, **query))

    def text(self, path, **query):
        """Return what is answered."""
        status, _, body = self.ask("GET", f"{path}?{urlencode(query)}" if query else path)
        assert status == 200, body
        return body.decode()

    def post(self, path, body):
        """Return what is answered to what was let in, as JSON."""
        return self.do("POST", path, body)

    def audited(self, action):
        """Return what its organisation has in its audit of such an action, in the order of time."""
        return self.get("/api/audit", action=action, ascending="true")["records"]

    def key(self, *scopes, **intake):
        """Make a key over HTTP, and its caller."""
        return self._made({"scopes": scopes, "intake": intake})

    def bound(self, bound, *scopes):
        """Make a key that is bound, and its caller."""
        return self._made({"scopes": scopes, "bound": bound})

    def _made(self, wanted):
        made = self.post("/api/credentials", wanted)
        return Caller(self._port, made["key"], made["secret"], self.id)


class Site:
    """A server and a worker; ``own`` may do everything in the first organisation."""

    def __init__(self, uri, logs, settings):
        self.uri, self.database_name, self.port = uri, f"test_{uuid.uuid4().hex}", free_port()
        self._logs, self._processes = logs, {}
        self._settings = {
            "LRS_MONGODB_URI": uri,
            "LRS_DATABASE": self.database_name,
            "LRS_PEPPER": PEPPER,
            "LRS_PROCESSES": "2",
            "LRS_LOG_LEVEL": "warning",
            "PORT": str(self.port),
            "PATH": os.environ["PATH"],
        } | settings
        self._client = MongoClient(uri)
        self.database = self._client[self.database_name]
        with self.opened() as store:
            store.migrate()
            first_credential(store, PEPPER, "key-of-tests", "secret-of-tests")
        self.own = Caller(self.port, "key-of-tests", "secret-of-tests")

    def opened(self):
        """Open the store behind the site's back."""
        return contextlib.closing(open_store(self.uri, self.database_name, seal=sealed_with(PEPPER)))

    def organisation(self, name, *scopes):
        """Make an organisation with a key, and its caller."""
        key, secret, org = secrets.token_hex(8), secrets.token_hex(8), secrets.token_bytes(8)
        authority = json.dumps({"account": {"homePage": "https://lrs.example.vn", "name": name}}).encode()
        hashed = digest(PEPPER.encode(), key, secret)
        with self.opened() as store:
            store.organisations.insert(Organisation(name, org, f"Tổ chức {name}"))
            store.credentials.put(Credential(key, org, hashed, frozenset(scopes), authority))
        return Caller(self.port, key, secret, name)

    def start(self, command):
        """Run `lrs serve` or `lrs worker`; the server is ready then."""
        with contextlib.ExitStack() as stack:
            log = stack.enter_context((self._logs / f"{command}.log").open("ab")) if self._logs else None
            self._processes[command] = subprocess.Popen(
                leashed([LRS, command]), env=self._settings, stdout=log, stderr=log, start_new_session=True
            )
        if command == "serve":
            self.until(self._is_ready)

    def stop(self, command):
        process = self._processes.pop(command)
        process.terminate()
        process.wait(SECONDS)

    def kill(self, command):
        """Kill -9 all processes of a command."""
        process = self._processes.pop(command)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    @contextlib.contextmanager
    def working(self):
        """Run a worker for a while, at the end of which it still lives."""
        self.start("worker")
        try:
            yield
            assert self._processes["worker"].poll() is None
        finally:
            self.stop("worker")

    def close(self):
        for command in list(self._processes):
            self.stop(command)
        self._client.drop_database(self.database_name)
        self._client.close()

    def dump(self):
        """Return every document of the database as bytes, by collection; names and chunks of files are among them."""
        with MongoClient(self.uri, document_class=RawBSONDocument) as client:
            every = client[self.database_name]
            return {name: b"".join(each.raw for each in every[name].find()) for name in every.list_collection_names()}

    def admin(self, *words):
        """Run `lrs admin`; return how it ended."""
        settings = self._settings | {"LANG": "C"}
        return subprocess.run([LRS, "admin", *words], env=settings, capture_output=True, text=True, check=False)

    def logs(self):
        """Return what all processes have logged, where that is kept."""
        return "".join(each.read_text() for each in sorted(self._logs.glob("*.log"))) if self._logs else ""

    def _is_ready(self):
        try:
            return self.own.ask("GET", "/health/ready").status == 200
        except (OSError, HTTPException):
            return False

    def until(self, reached, seconds=SECONDS):
        """Wait until something holds, while all processes live; return it."""
        end = time.monotonic() + seconds
        while not (found := reached()):
            for command, process in self._processes.items():
                assert process.poll() is None, f"lrs {command} ended: {self.logs()[-2000:]}"
            assert time.monotonic() < end, f"it took longer than {seconds} seconds"
            time.sleep(0.2)
        return found

    def counted(self, caller=None):
        """Wait until everything that is stored by now is in the records of a caller's organisation."""
        now, asking = datetime.now(UTC), caller or self.own
        self.until(lambda: datetime.fromisoformat(asking.get("/api/progress")["through"]) >= now)

    @staticmethod
    def agree(proposer, accepter, terms):
        """Make an agreement that one proposes and another accepts; return its id."""
        status, headers, body = proposer.ask("POST", "/api/agreements", terms)
        assert status == 201, body
        made = json.loads(body)["id"]
        agreed = accepter.do("POST", f"/api/agreements/{made}/accept", **{"If-Match": headers["ETag"]})
        assert agreed["state"] == "active"
        return made


@pytest.fixture(scope="session")
def sites(mongod):
    """Run sites; ``prepare`` one before its processes start, ``logs`` is a folder for what these say."""

    @contextlib.contextmanager
    def run(prepare=None, *, worker=True, logs=None, **settings):
        with contextlib.closing(Site(mongod.uri, logs, settings)) as site:
            if prepare is not None:
                prepare(site)
            for command in ("serve", "worker")[: 2 if worker else 1]:
                site.start(command)
            yield site

    return run


@pytest.fixture(scope="session")
def site(sites, tmp_path_factory):
    """The site of all tests that need none of their own: with the registries of Dong Nai, and few targets.

    ``province`` reads the figures of the first organisation. From one address 600 requests a minute are taken; whoever
    asks may name another as a proxy would.
    """

    def prepare(made):
        with made.opened() as store:
            known = RegistryService(store, "Asia/Ho_Chi_Minh")
            list(data_sets.load(store, known, "dong-nai"))
            first = store.organisations.find("first").org
            known.load(first, "cli", "targets", lambda _: Rows(targets=TARGETS))

    settings = {"LRS_PROXIES": "1", "LRS_ADDRESS_REQUESTS_PER_MINUTE": "600", "LRS_LOG_LEVEL": "info"}
    with sites(prepare, logs=tmp_path_factory.mktemp("logs"), **settings) as made:
        made.province = made.own.key("reports/read")
        yield made


class School:
    """An organisation of a test's own: ``own`` may do everything in it, ``province`` reads its figures."""

    def __init__(self, site):
        self.site = site
        name = f"truong-{secrets.token_hex(4)}"
        self.own = site.organisation(name, "all", "admin", "credentials", "records/read", "imports/write", "audit/read")
        self.province = self.own.key("reports/read")

    def post(self, *statements):
        """Store statements, and wait until they are counted."""
        for begin in range(0, len(statements), 500):
            self.own.post("/xapi/statements", list(statements[begin : begin + 500]))
        self.site.counted(self.own)

    def report(self, name, **query):
        """Return a report as the organisation sees it."""
        return self.own.get(f"/api/reports/{name}", **query)

    def shown(self, name, **query):
        """Return a report as the province sees it."""
        return self.province.get(f"/api/reports/{name}", **query)


@pytest.fixture
def school(site):
    return School(site)


@pytest.fixture(scope="session")
def said():
    """Make a statement in our words; ``at`` is a day or an instant, further names are extensions."""
    results = {"assisted", "headcount", "skill"}

    def make(who, what="community-class", verb="attended", *, on="lop", at="2025-08-15", unit="26209", **more):
        place = {"admin-unit": {"code": unit, "asOf": at[:10]}} if unit else {}
        told = {name.replace("_", "-"): more.pop(name) for name in [*more] if name not in {"result", "context"}}
        context = {
            "contextActivities": {"category": [{"id": VERSION}]},
            "extensions": {f"{BASE}/extensions/{name}": told[name] for name in told.keys() - results},
        }
        context["extensions"] |= {f"{BASE}/extensions/{name}": value for name, value in place.items()}
        result = {"extensions": {f"{BASE}/extensions/{name}": told[name] for name in told.keys() & results}}
        return {
            "id": str(uuid.uuid4()),
            "actor": who if isinstance(who, dict) else {"account": {"homePage": HOME, "name": who}},
            "verb": {"id": verb if "://" in verb else f"http://adlnet.gov/expapi/verbs/{verb}"},
            "object": {
                "id": on if "://" in on else f"{HOME}/{on}",
                "definition": {"type": f"{BASE}/activity-types/{what}"},
            },
            "timestamp": at if "T" in at else f"{at}T09:00:00+07:00",
            "context": context | more.get("context", {}),
            "result": result | more.get("result", {}),
        }

    return make


@pytest.fixture(scope="session")
def by():
    """Give the figures of a report by what its lines are about."""

    def make(report, *names, figure="learners"):
        keys = [tuple(_plain(row[name]) for name in names) for row in report["rows"]]
        return {key if len(key) > 1 else key[0]: row[figure] for key, row in zip(keys, report["rows"], strict=True)}

    return make


def _plain(value):
    if not isinstance(value, dict):
        return value
    return next(value[name] for name in ("code", "iri", "name", "label") if value.get(name) is not None)
