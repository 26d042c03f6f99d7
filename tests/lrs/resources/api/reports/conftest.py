"""Schools with an analyst, and a province that reads figures and nothing else; Dong Nai's registries with targets."""

import base64
import csv
import io
import json
import secrets
import uuid

import pytest

from lrs.followers.records import records_follower
from lrs.services import data_sets
from lrs.services.auth import digest
from lrs.services.registries import RegistryService
from lrs.store.credentials import Credential
from lrs.store.organisations import Organisation
from lrs.store.rows import ORG_BYTES
from schemas.registries.registries import Rows
from schemas.registries.targets import Target
from schemas.training.terms import BASE

PEPPER = "a pepper for tests, of 32 characters or more"
ZONE = "Asia/Ho_Chi_Minh"
HOME = "https://hoc.example.vn"
EVER = 2**62
VERBS = {
    "hosted": "http://activitystrea.ms/host",
    "earned": "http://id.tincanapi.com/verb/earned",
    "responded": "http://adlnet.gov/expapi/verbs/responded",
}
TARGETS = [
    Target("192", "26209", 2025, "Kế hoạch thử", "elderly", 300, 80.0),
    Target("192", "26080", 2025, "Kế hoạch thử", "elderly", 100, 80.0),
    Target("192", "25195", 2025, "Kế hoạch thử", "elderly", 80, 80.0),
    Target("192", "26089", 2025, "Kế hoạch thử", "elderly", 50, 80.0),
    Target("192", "75", 2025, "Kế hoạch thử", "official", 100, 80.0),
]


@pytest.fixture(scope="module", autouse=True)
def registries(shared_store):
    known = RegistryService(shared_store, ZONE)
    shared_store.organisations.insert(Organisation("first", secrets.token_bytes(ORG_BYTES), "Máy chủ"))
    list(data_sets.load(shared_store, known, "dong-nai"))
    known.load(shared_store.organisations.find("first").org, "cli", "targets", lambda _: Rows(targets=tuple(TARGETS)))
    return known


def person(name):
    return {"account": {"homePage": HOME, "name": name}}


def group(name, *members):
    return {"objectType": "Group", **person(name)} | ({"member": [person(each) for each in members]} if members else {})


@pytest.fixture(scope="session")
def said():
    """Make a statement in our words; ``at`` is a day or an instant, further names are extensions."""

    def make(verb="attended", who="an", what="community-class", *, on="lop-1", at="2025-08-15", unit="26209", **more):
        own = {"result": {}, "context": {}}
        for name in ("registration", "team", "instructor", "platform", "contextActivities"):
            if name in more:
                own["context"][name] = more.pop(name)
        for name in ("duration", "success", "score"):
            if name in more:
                own["result"][name] = more.pop(name)
        kept = {"assisted", "headcount", "skill"} & more.keys()
        own["result"]["extensions"] = {f"{BASE}/extensions/{name}": more.pop(name) for name in kept}
        extensions = {f"{BASE}/extensions/{name.replace('_', '-')}": value for name, value in more.items()}
        if unit is not None:
            as_of = {"asOf": at[:10]}
            extensions[f"{BASE}/extensions/admin-unit"] = unit if isinstance(unit, dict) else {"code": unit, **as_of}
        own["context"]["extensions"] = extensions
        return {
            "id": str(uuid.uuid4()),
            "actor": who if isinstance(who, dict) else person(who),
            "verb": {"id": VERBS.get(verb, f"http://adlnet.gov/expapi/verbs/{verb}")},
            "object": {
                "id": on if "://" in on else f"{HOME}/{on}",
                "definition": {"type": what if "://" in what else f"{BASE}/activity-types/{what}"},
            },
            "timestamp": at if "T" in at else f"{at}T09:00:00+07:00",
            **own,
        }

    return make


@pytest.fixture(scope="session", name="group")
def _group():
    """Make a Group of people by their names."""
    return group


class School:
    """An organisation. ``get`` asks as its analyst, ``province`` as whoever may read figures only."""

    def __init__(self, app, store):
        self._app, self._store = app, store
        self.org = secrets.token_bytes(ORG_BYTES)
        self.id = f"o{self.org.hex()}"
        store.organisations.insert(Organisation(self.id, self.org, "Trường thử"))
        self.analyst = self._client("all", "records/read", "imports/write", "admin", "audit/read")
        self.reader = self._client("reports/read")

    def _client(self, *scopes):
        key, secret = secrets.token_hex(8), secrets.token_hex(8)
        authority = json.dumps({"account": {"homePage": HOME, "name": key}}).encode()
        hashed = digest(PEPPER.encode(), key, secret)
        self._store.credentials.put(Credential(key, self.org, hashed, frozenset(scopes), authority))
        client = self._app.test_client()
        token = base64.b64encode(f"{key}:{secret}".encode()).decode()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Basic {token}"
        client.environ_base["HTTP_X_EXPERIENCE_API_VERSION"] = "2.0.0"
        return client

    def post(self, *statements):
        """Store statements over xAPI, and count them."""
        for begin in range(0, len(statements), 500):
            answer = self.analyst.post("/xapi/statements", json=statements[begin : begin + 500])
            assert answer.status_code == 200, answer.text
        self.follow()

    def follow(self):
        follower = records_follower(self._store, "worker", ZONE)
        while follower.forward(self.org, EVER):
            pass

    def get(self, report, **query):
        return self._asked(self.analyst, report, query)

    def province(self, report, **query):
        return self._asked(self.reader, report, query)

    @staticmethod
    def _asked(client, report, query):
        answer = client.get(f"/api/reports/{report}", query_string=query)
        assert answer.status_code == 200, answer.text
        return answer.json


@pytest.fixture
def school(shared_app, shared_store):
    return School(shared_app, shared_store)


@pytest.fixture(scope="session")
def people():
    """Make names."""
    return lambda count, mark="p": [f"{mark}{number:04}" for number in range(count)]


@pytest.fixture(scope="session")
def by():
    """Give the figures of a report by what its lines are about."""

    def make(report, *names, figure="learners"):
        found = {}
        for row in report["rows"]:
            key = tuple(_plain(row[name]) for name in names)
            found[key if len(key) > 1 else key[0]] = row[figure]
        return found

    return make


def _plain(value):
    if not isinstance(value, dict):
        return value
    return next(value[name] for name in ("code", "iri", "name", "label") if value.get(name) is not None)


@pytest.fixture(scope="session")
def lines():
    """Read a file as spreadsheets do."""

    def read(answer):
        assert answer.data.startswith(b"\xef\xbb\xbf")
        return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))

    return read
