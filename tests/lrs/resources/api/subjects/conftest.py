"""Requests about people of a new organisation each time."""

import json
import time
import uuid

import pytest

from lrs.followers.records import records_follower

PATH = "/api/subjects/requests"
HOME = "https://hoc.example.vn"
ATTENDED = "http://adlnet.gov/expapi/verbs/attended"
SCOPES = ("all", "subjects", "records/read", "imports/write", "admin", "audit/read", "reports/read")


class Office:
    """Whoever answers requests in an organisation."""

    def __init__(self, client, store):
        self.client = client
        self._store = store

    def post(self, path, body=None, status=200):
        answer = self.client.post(path, json=body) if body is not None else self.client.post(path)
        assert answer.status_code == status, answer.text
        return answer.json

    def get(self, path, **query):
        answer = self.client.get(path, query_string=query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def ask(self, kind, learner, **more):
        """Record a request; return it."""
        return self.post(PATH, {"type": kind, "learner": learner, **more}, 201)

    def do(self, request, step, body=None, status=200):
        return self.post(f"{PATH}/{request['id']}/{step}", body, status)

    def send(self, *statements):
        answer = self.client.post("/xapi/statements", json=list(statements))
        assert answer.status_code == 200, answer.text
        return answer.json

    def statement(self, who, **changes):
        """Make a statement about an account."""
        usual = {
            "id": str(uuid.uuid4()),
            "actor": account(who),
            "verb": {"id": ATTENDED},
            "object": {"id": f"{HOME}/lop/an-toan-so"},
            "timestamp": "2026-08-03T08:00:00+07:00",
        }
        return usual | changes

    def fold(self):
        """Count everything that was stored."""
        follower, until = records_follower(self._store, "subjects", "Asia/Ho_Chi_Minh"), time.monotonic() + 20
        last = self.client.get("/xapi/statements?limit=1").json["statements"]
        while last and self.get("/api/progress")["through"] < last[0]["stored"]:
            assert time.monotonic() < until
            follower.follow()
            time.sleep(0.02)

    def audited(self, action):
        return self.get("/api/audit", action=action, ascending="true")["records"]


def account(name):
    return {"account": {"homePage": HOME, "name": name}}


@pytest.fixture
def office(caller, shared_store):
    return Office(caller(scopes=SCOPES), shared_store)


@pytest.fixture
def agent():
    """Return the account of a name."""
    return account


@pytest.fixture
def as_text():
    """Return an Agent as JSON text."""
    return json.dumps
