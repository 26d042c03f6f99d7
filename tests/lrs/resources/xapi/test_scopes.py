"""What a credential may do on the resources beside statements, by its scopes."""

import base64
import json
from urllib.parse import quote

import pytest

from lrs.services.auth import digest
from lrs.services.scopes import XAPI as SCOPES
from lrs.store.credentials import Credential
from lrs.store.organisations import Organisation

PEPPER = "a pepper for tests, of 32 characters or more"
LAN = quote(json.dumps({"mbox": "mailto:lan@hoc.example.vn"}))
COURSE = "https://hoc.example.vn/courses/an-toan-so"
STATE = f"/xapi/activities/state?activityId={COURSE}&agent={LAN}&stateId=a"
ACTIVITY_PROFILE = f"/xapi/activities/profile?activityId={COURSE}&profileId=a"
AGENT_PROFILE = f"/xapi/agents/profile?agent={LAN}&profileId=a"
AGENT = f"/xapi/agents?agent={LAN}"
ACTIVITY = f"/xapi/activities?activityId={COURSE}"

ALLOWED = {
    ("GET", STATE): {"state", "all/read", "all"},
    ("GET", ACTIVITY_PROFILE): {"profile", "all/read", "all"},
    ("GET", AGENT_PROFILE): {"profile", "all/read", "all"},
    ("GET", AGENT): {"statements/read/mine", "statements/read", "all/read", "all"},
    ("GET", ACTIVITY): {"define", "statements/read", "all/read", "all"},
    **{(method, STATE): {"state", "all"} for method in ("PUT", "POST", "DELETE")},
    **{(method, ACTIVITY_PROFILE): {"profile", "all"} for method in ("PUT", "POST", "DELETE")},
    **{(method, AGENT_PROFILE): {"profile", "all"} for method in ("PUT", "POST", "DELETE")},
}


@pytest.fixture
def speaking_with(app, store):
    """Return a client whose credential has these scopes, in the organisation of that number."""

    def speak(*scopes, organisation=1):
        key = f"{organisation} {' '.join(sorted(scopes))}"
        org = b"%08d" % organisation
        store.organisations.insert(Organisation(f"o{organisation}", org, "Trường thử"))
        authority = json.dumps({"account": {"homePage": "https://hoc.example.vn", "name": key}}).encode()
        proof = digest(PEPPER.encode(), key, "secret")
        store.credentials.put(Credential(key, org, proof, frozenset(scopes), authority))
        client = app.test_client()
        token = base64.b64encode(f"{key}:secret".encode()).decode()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Basic {token}"
        client.environ_base["HTTP_X_EXPERIENCE_API_VERSION"] = "2.0.0"
        return client

    return speak


def test_every_scope_allows_what_it_names_and_no_more(speaking_with):
    for scope in SCOPES:
        client = speaking_with(scope)
        for (method, path), allowing in ALLOWED.items():
            answer = client.open(path, method=method, data=b"{}", content_type="application/json")
            assert (answer.status_code != 403) is (scope in allowing), (scope, method, path)


def test_there_is_no_scope_without_effect():
    assert set().union({"statements/write"}, *ALLOWED.values()) == SCOPES


def test_only_define_lets_statements_describe_activities(speaking_with, a_statement):
    def described(client, name):
        thing = {"id": COURSE, "definition": {"name": {"vi": name}}}
        assert client.post("/xapi/statements", json=a_statement(object=thing)).status_code == 200
        return speaking_with("all/read").get(ACTIVITY).json.get("definition")

    assert described(speaking_with("statements/write"), "một") is None
    assert described(speaking_with("statements/write", "define"), "hai") == {"name": {"vi": "hai"}}
    assert described(speaking_with("statements/write"), "ba") == {"name": {"vi": "hai"}}


def test_nothing_crosses_from_one_organisation_to_another(speaking_with, a_statement):
    ours, theirs = speaking_with("all", organisation=1), speaking_with("all", organisation=2)
    for path in (STATE, ACTIVITY_PROFILE, AGENT_PROFILE):
        assert ours.put(path, data=b"{}", content_type="application/json").status_code == 204
        assert theirs.get(path).status_code == 404
        assert theirs.get(path.rpartition("&")[0]).json == []
        assert theirs.delete(path).status_code == 204
        assert ours.get(path).status_code == 200
    thing = {"id": COURSE, "definition": {"name": {"vi": "một"}}}
    actor = {"mbox": "mailto:lan@hoc.example.vn", "name": "Lan"}
    ours.post("/xapi/statements", json=a_statement(actor=actor, object=thing))
    assert "definition" not in theirs.get(ACTIVITY).json
    assert "name" not in theirs.get(AGENT).json
    assert ours.get(AGENT).json["name"] == ["Lan"]
    theirs.delete(STATE.rpartition("&")[0])
    assert ours.get(STATE).status_code == 200
