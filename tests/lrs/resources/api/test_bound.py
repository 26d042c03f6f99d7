"""Credentials that are bound to an organisation or a team: what they write, read, and never see."""

import base64
import json
import time
import uuid

import pytest

from lrs.followers.records import records_follower
from schemas.training.terms import BASE, ORGANISATIONS

ADL = "http://adlnet.gov/expapi/verbs"
HOME = "https://hoc.example.vn"
CODE = f"{BASE}/extensions/organisation"
PATH = f'context.extensions["{CODE}"]'
STATEMENTS, RECORDS, CREDENTIALS = "/xapi/statements", "/api/records", "/api/credentials"
READS = ["statements/write", "statements/read", "records/read"]


def person(account, **more):
    return {"account": {"homePage": HOME, "name": account}} | more


TEAM = {"objectType": "Group", **person("to-5")}


def said(who="an", verb="progressed", host=None, *, type_="internship", on="thuc-tap", registration=None, **more):
    context = {"extensions": {} if host is None else {CODE: host}}
    if registration is not None:
        context["registration"] = registration
    return {
        "id": str(uuid.uuid4()),
        "actor": who if isinstance(who, dict) else person(who),
        "verb": {"id": f"{ADL}/{verb}"},
        "object": {"id": f"{HOME}/{on}", "definition": {"type": f"{BASE}/activity-types/{type_}"}},
        "context": context,
        "timestamp": "2026-03-02T08:00:00+07:00",
    } | more


def voiding(target, host=None):
    return said(verb="voided", host=host) | {"object": {"objectType": "StatementRef", "id": target["id"]}}


@pytest.fixture
def own(caller):
    return caller(scopes=("all", "admin", "audit/read", "records/read", "imports/write"))


@pytest.fixture
def bind(own, shared_app):
    """Make a credential of the own organisation that is bound, and its client."""

    def make(bound, scopes=READS, **more):
        answer = own.post(CREDENTIALS, json={"scopes": scopes, "bound": bound} | more)
        assert answer.status_code == 201, answer.json
        client = shared_app.test_client()
        token = base64.b64encode(f"{answer.json['key']}:{answer.json['secret']}".encode()).decode()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Basic {token}"
        client.environ_base["HTTP_X_EXPERIENCE_API_VERSION"] = "2.0.0"
        client.key = answer.json["key"]
        return client

    return make


@pytest.fixture
def fold(own, shared_store):
    """Fold what was posted, as the worker does: once it is safe."""
    follower = records_follower(shared_store, uuid.uuid4().hex, "Asia/Ho_Chi_Minh")

    def run():
        newest = own.get(f"{STATEMENTS}?limit=1").json["statements"][0]["stored"]
        until = time.monotonic() + 5
        while (told := own.get("/api/progress").json)["lag"] or told["through"] < newest:
            assert time.monotonic() < until
            follower.follow()
            time.sleep(0.02)

    return run


def send(client, *statements, status=200):
    answer = client.post(STATEMENTS, json=list(statements))
    assert answer.status_code == status, answer.json
    return answer.json if status == 200 else {fault["path"] for fault in answer.json["errors"]}


def ids(client, query="limit=0"):
    answer = client.get(f"{STATEMENTS}?{query}")
    assert answer.status_code == 200, answer.json
    return {each["id"] for each in answer.json["statements"]}


def test_it_writes_only_what_carries_its_organisation(own, bind):
    host = bind({"organisation": "H1"})
    good, none, other = said(host="H1", type_="lab-visit"), said(type_="lab-visit"), said(host="H2", type_="lab-visit")
    assert send(host, good, none, status=403) == {f"[1].{PATH}"}
    assert send(host, other, status=403) == {f"[0].{PATH}"}
    assert send(host, good | {"result": {"extensions": {CODE: "H2"}}}, status=403) == {
        f'[0].result.extensions["{CODE}"]'
    }
    assert ids(own) == set()
    assert send(host, good) == [good["id"]]
    rows = host.post("/api/batches", json=[said("binh", host="H1", type_="lab-visit"), other]).json
    assert (rows["stored"], rows["refused"], rows["rows"][1]["errors"][0]["path"]) == (1, 1, PATH)
    [stored] = own.get(f"{STATEMENTS}?limit=1&ascending=true").json["statements"]
    assert stored["authority"]["account"] == {"homePage": f"{ORGANISATIONS}H1", "name": host.key}


def test_it_reads_only_what_carries_its_organisation(own, bind):
    host, mine = (
        bind({"organisation": "H1"}),
        bind({"organisation": "H1"}, ["statements/write", "statements/read/mine"]),
    )
    theirs, reference = said(host="H1"), voiding(said())
    others = said(person("binh", name="Bình"), host="H2")
    send(own, theirs, others, said("chi"), reference)
    written = said("dung", host="H1", type_="lab-visit")
    send(mine, written)
    assert ids(host) == {theirs["id"], written["id"]}
    assert ids(mine) == {written["id"]}
    assert host.get(f"{STATEMENTS}?statementId={others['id']}").status_code == 404
    assert {each["id"] for each in host.get("/api/statements/query").json["statements"]} == ids(host)
    asked = {"agent": json.dumps(person("binh"))}
    assert "name" not in host.get("/xapi/agents", query_string=asked).json
    assert own.get("/xapi/agents", query_string=asked).json["name"] == ["Bình"]
    assert send(host, others, status=403)  # not even whether it is there
    assert own.post(STATEMENTS, json=[others | {"id": written["id"]}]).status_code == 409


def test_what_knows_no_bounds_is_not_for_it(bind):
    host = bind({"organisation": "H1"})
    for path in ("/api/reports/coverage", "/api/learners", "/api/exports/kpi?period=2026-03", "/api/learners/links"):
        assert host.get(path).status_code == 403, path
    for path in ("/api/progress", "/api/reviews", "/api/units/assignments", "/api/credentials", "/api/audit"):
        assert host.get(path).status_code == 403, path
    assert host.get("/xapi/activities", query_string={"activityId": f"{HOME}/thuc-tap"}).status_code == 403
    state = {"activityId": HOME, "agent": json.dumps(person("an")), "stateId": "s"}
    assert host.get("/xapi/activities/state", query_string=state).status_code == 403
    launch = {"agent": person("an"), "activity": f"{HOME}/thuc-tap"}
    assert host.post("/api/launches", json=launch).status_code == 403


def test_its_tokens_are_bound_too(bind, shared_app):
    host = bind({"organisation": "H1"})
    issued = host.post("/oauth/token", data={"grant_type": "client_credentials"})
    assert issued.status_code == 200, issued.json
    client = shared_app.test_client()
    headers = {"Authorization": f"Bearer {issued.json['access_token']}", "X-Experience-API-Version": "2.0.0"}
    assert client.post(STATEMENTS, json=[said(host="H2")], headers=headers).status_code == 403
    assert client.get("/api/reports/coverage", headers=headers).status_code == 403
    assert client.get(RECORDS, headers=headers).json["records"] == []


def test_a_host_tells_only_of_those_who_were_sent_to_it(own, bind):
    host, registration = bind({"organisation": "H1"}), str(uuid.uuid4())
    send(own, said("an", "registered", "H1", registration=registration), said("binh", "registered", "H2"))
    send(host, said("an", host="H1", registration=registration.upper()))
    for statement in (
        said("binh", host="H1"),  # of another host
        said("an", host="H1"),  # in another registration
        said("chi", host="H1"),  # of none
        said("an", host="H1", on="khac", registration=registration),
        said({"objectType": "Group", "member": [person("an")]}, host="H1", registration=registration),
        said("binh", host="H1", type_="course"),  # called something else
        said({"objectType": "Group", "member": [person("binh")]}, host="H1", type_="course"),
    ):
        assert send(host, statement, status=403) == {"[0].actor"}, statement
    other = bind({"organisation": "H1"})
    assert send(other, said("an", "completed", "H1", registration=registration))


def test_the_audit_tells_once_a_minute_who_asks_about_people_of_others(own, bind, monkeypatch):
    monkeypatch.setattr("lrs.services.firsts.clocks.now", lambda: 1_800_000_000_000_000)
    one, other = bind({"organisation": "H1"}), bind({"organisation": "H1"})
    send(own, said("binh", "registered", "H2"))
    for host in (one, one, other):
        send(host, said("binh", host="H1"), status=403)
    send(one, said("chi", host="H2"), status=403)  # not about itself: nothing is learned by that
    records = own.get("/api/audit?action=credential.out_of_bounds&ascending=true").json["records"]
    assert [(each["actor"], each["target"], each["details"]) for each in records] == [
        (each.key, each.key, {}) for each in (one, other)
    ]


def test_it_takes_back_nothing_but_its_own(own, bind):
    host, colleague = bind({"organisation": "H1"}), bind({"organisation": "H1"})
    registered, written = said("an", "registered", "H1"), said("an", host="H1")
    send(own, registered)
    send(host, written)
    assert send(host, voiding(registered, "H1"), status=403) == {"[0].object"}
    assert send(colleague, voiding(written, "H1"), status=403) == {"[0].object"}
    assert send(host, voiding(said(), "H1"), status=403) == {"[0].object"}
    back = voiding(written, "H1")
    assert send(host, back) == send(host, back) == [back["id"]]
    assert written["id"] not in ids(own)


def test_it_sees_records_that_rest_on_nothing_else(own, bind, fold):
    host = bind({"organisation": "H1"})
    send(
        own,
        said("an", "registered", "H1"),
        said("binh", "registered", "H2"),
        said("chi", "attended", "H1", type_="course"),
        said("chi", "completed", type_="course"),
        said("dung", "attended", type_="course"),
    )
    send(host, said("an", host="H1"))
    fold()
    [seen] = host.get(RECORDS).json["records"]
    assert (seen["identities"], seen["state"], seen["organisation"]) == ([person("an")], "in-progress", "H1")
    for query in (
        f"learner={seen['learner'] + 1}",
        "organisation=H2",
        f"learner=account:{HOME}%20binh",
        "whose=groups",
    ):
        assert host.get(f"{RECORDS}?{query}").json["records"] == [], query
    assert len(host.get(f"{RECORDS}?learner=account:{HOME}%20an").json["records"]) == 1
    lines = host.get(f"{RECORDS}?format=ndjson").data.splitlines()
    assert [json.loads(each)["id"] for each in lines] == [seen["id"]]
    known = {code: own.get(f"{RECORDS}?organisation={code}").json["records"] for code in ("H1", "H2", "H3")}
    assert [len(each) for each in known.values()] == [2, 1, 0]


def test_it_learns_no_other_name_of_whom_it_knows(own, bind, fold):
    host = bind({"organisation": "H1"})
    send(own, said("an", "registered", "H1"), said("an-hoc", "attended", type_="course", on="lop"))
    fold()
    joined = {"kind": "join", "identity": f"account:{HOME} an", "other": f"account:{HOME} an-hoc", "reason": "roster"}
    assert own.post("/api/learners/links", json={"links": [joined]}).status_code == 200
    fold()
    [seen] = host.get(RECORDS).json["records"]
    assert seen["identities"] == [person("an")]
    assert host.get(f"{RECORDS}?learner=account:{HOME}%20an-hoc").json["records"] == []
    [whole] = own.get(f"{RECORDS}?organisation=H1").json["records"]
    assert len(whole["identities"]) == 2
    # The other name is of somebody who was sent to it, too.
    assert send(host, said("an-hoc", host="H1"))


def test_with_a_consent_it_is_told_of_those_who_gave_it(own, bind, fold):
    employer = bind({"organisation": "C1", "consent": "employer"}, ["statements/write", "records/read"])
    child = said("dung", "completed", "C1", type_="course")
    child["context"]["extensions"][f"{BASE}/extensions/age-band"] = "<16"
    send(employer, *[said(who, "completed", "C1", type_="course") for who in ("an", "binh", "chi")], child)
    fold()
    assert employer.get(RECORDS).json["records"] == []
    assert employer.get(STATEMENTS).status_code == 403
    wording = {"id": "noi-lam-viec", "version": "1", "language": "vi"}
    assert own.put("/api/consents/wordings", json={"wordings": [wording | {"text": "Tôi đồng ý."}]}).status_code == 200
    rows = [
        {
            "identity": f"account:{HOME} {who}",
            "purpose": "employer",
            "answer": answer,
            "wording": wording,
            "given_by": "self",
            "how": "paper",
            "given": "2026-03-01",
        }
        for who, answer in (("an", "yes"), ("chi", "yes"), ("binh", "no"), ("dung", "yes"))
    ]
    assert own.post("/api/consents", json={"consents": rows}).status_code == 200
    first = employer.get(f"{RECORDS}?limit=1").json
    rest = employer.get(f"{RECORDS}?limit=3&cursor={first['next']}").json
    seen = [each["identities"][0]["account"]["name"] for page in (first, rest) for each in page["records"]]
    assert (len(first["records"]), sorted(seen)) == (1, ["an", "chi"])
    assert employer.get(f"{RECORDS}?format=csv").data.count(b"\r\n") == 3


def test_a_team_sees_what_it_did_and_nothing_of_others(own, bind, fold):
    leader = bind({"team": TEAM | {"name": "Tổ 5", "member": [person("an")]}})
    other = {"objectType": "Group", **person("to-6")}
    earned = said(TEAM | {"member": [person("an")]}, "completed", type_="emulation-title", on="giay-khen")
    taught = said("binh", "attended", type_="support-session", on="ho-tro")
    taught["context"]["team"] = TEAM
    about = said("chi", verb="progressed") | {"object": TEAM}
    send(own, earned, taught, about, said(other, "completed", type_="emulation-title", on="giay-khen"))
    fold()
    assert ids(leader) == {earned["id"]}
    [record] = leader.get(RECORDS).json["records"]
    assert (record["is_group"], record["activity"], record["identities"]) == (
        True,
        f"{HOME}/giay-khen",
        [person("to-5")],
    )
    assert leader.get(f"{RECORDS}?learner=account:{HOME}%20an").json["records"] == []
    helped = said("dung", "attended", type_="support-session", on="ho-tro", id=str(uuid.uuid4()))
    assert send(leader, helped, status=403) == {"[0].actor"}
    helped["context"]["team"] = TEAM
    assert send(leader, helped, said(TEAM, type_="community-class"))


REFUSED = [
    ({"bound": {}}, "bound"),
    ({"bound": {"consent": "employer"}}, "bound"),
    ({"bound": {"organisation": ""}}, "bound.organisation"),
    ({"bound": {"organisation": " a"}}, "bound.organisation"),
    ({"bound": {"organisation": "H1", "consent": "Ông chủ"}}, "bound.consent"),
    ({"bound": {"team": {"objectType": "Group", "member": [person("an")]}}}, "bound.team"),
    ({"bound": {"organisation": "H1"}, "scopes": ["all"]}, "scopes"),
    ({"bound": {"organisation": "H1"}, "scopes": ["reports/read"]}, "scopes"),
    ({"bound": {"organisation": "H1", "consent": "employer"}, "scopes": ["statements/read"]}, "scopes"),
    ({"bound": {"organisation": "H1"}, "authority": person("x")}, "authority"),
    ({"authority": {"account": {"homePage": f"{ORGANISATIONS}H1", "name": "x"}}}, "authority"),
    ({"bound": {"organisation": "H1"}, "relay": True}, "relay"),
]


@pytest.mark.parametrize(("wanted", "path"), REFUSED, ids=str)
def test_what_cannot_be_bound_so_is_refused(own, wanted, path):
    answer = own.post(CREDENTIALS, json=wanted)
    assert answer.status_code == 400, answer.json
    assert path in {fault["path"] for fault in answer.json["errors"]}, answer.json


def test_what_it_is_bound_to_can_be_changed(own):
    plain = own.post(CREDENTIALS, json={"scopes": ["statements/write"]}).json
    assert plain["bound"] == {}
    path = f"{CREDENTIALS}/{plain['key']}"
    bound = own.patch(path, json={"bound": {"organisation": "Xưởng 1"}}).json
    assert (bound["bound"], bound["authority"]["account"]["homePage"]) == (
        {"organisation": "Xưởng 1"},
        f"{ORGANISATIONS}X%C6%B0%E1%BB%9Fng%201",
    )
    assert own.patch(path, json={"scopes": ["all"]}).status_code == 400
    freed = own.patch(path, json={"bound": None, "scopes": ["all"]}).json
    assert (freed["bound"], freed["authority"]) == ({}, plain["authority"])
    told = {json.dumps(each["details"]) for each in own.get("/api/audit").json["records"]}
    assert any('"bound": ["organisation"]' in each for each in told)
    assert "Xưởng" not in str(told)


FOR_EVERYBODY = {
    "/api/diagnostics",
    "/api/frameworks",
    "/api/holidays",
    "/api/organisation",
    "/api/platforms",
    "/api/programmes",
    "/api/targets",
    "/api/unit-links",
    "/api/units",
}
ITS_OWN = {"/api/records", "/api/statements/query"}
ASKED = {"/api/exports/kpi": {"period": "2026-03"}}


def test_of_all_that_is_described_nothing_else_is_for_it(bind):
    host = bind({"organisation": "H1"})
    paths = host.get("/api/openapi.json").json["paths"]
    answers = {
        path: host.get(path.removeprefix("/lrs"), query_string=ASKED.get(path)).status_code
        for path, methods in paths.items()
        if path.startswith("/api/") and "get" in methods and "{" not in path and methods["get"].get("security") != []
    }
    assert {path for path, status in answers.items() if status == 200} <= FOR_EVERYBODY | ITS_OWN
    assert {answers[path] for path in ITS_OWN} == {200}
    # Sessions are for people only.
    assert {status for status in answers.values() if status != 200} <= {403, 404}
    assert len(answers) > 30
