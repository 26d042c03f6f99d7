"""What a credential's intake does over HTTP: scenarios M7, M8, M9 (what is refused), M13 (mailboxes) and M18."""

import base64
import hashlib
import io
import json
import logging
import re
import time
import unicodedata
import uuid
from urllib.parse import quote

import pytest

from lrs.followers.records import records_follower
from schemas.api.vocabulary import told_path
from schemas.training.terms import BASE, PSEUDONYMS, VERSION

ADL = "http://adlnet.gov/expapi/verbs"
EXT = "https://cong-cu.example.vn/extensions"
MAILBOX = "mailto:nguoi.thu.0001@hoc.example.vn"
NUMBER = "999203001234"
RANGE = [f"99920300{each:04}" for each in range(10_000)]
EVERYTHING = ("all", "admin", "credentials", "records/read", "reports/read", "imports/write")


@pytest.fixture
def operator(caller):
    """Speak as who administers a new organisation."""
    return caller(scopes=EVERYTHING)


@pytest.fixture
def tool(operator, shared_app):
    """Make a client of the operator's organisation, with an intake."""

    def make(*scopes, **intake):
        wanted = {"scopes": list(scopes or ("all",)), "intake": intake}
        made = operator.post("/api/credentials", json=wanted)
        assert made.status_code == 201, made.text
        assert made.json["intake"] == intake
        client = shared_app.test_client()
        token = base64.b64encode(f"{made.json['key']}:{made.json['secret']}".encode()).decode()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Basic {token}"
        client.environ_base["HTTP_X_EXPERIENCE_API_VERSION"] = "2.0.0"
        client.key = made.json["key"]
        return client

    return make


@pytest.fixture
def counted(shared_store):
    """Wait until everything that is stored is counted."""

    def wait():
        follower = records_follower(shared_store, "test", "Asia/Ho_Chi_Minh")
        until = time.monotonic() + 20
        quiet = 0
        while quiet < 3:
            assert time.monotonic() < until
            quiet = 0 if follower.follow() else quiet + 1
            time.sleep(0.2)

    return wait


def org_of(store, client):
    token = client.environ_base["HTTP_AUTHORIZATION"].removeprefix("Basic ")
    return store.credentials.find(base64.b64decode(token).decode().partition(":")[0]).org


def task(kind, who="nt-0001", **changes):
    actor = who if isinstance(who, dict) else {"account": {"homePage": "https://to.example.vn", "name": who}}
    return {
        "id": str(uuid.uuid4()),
        "actor": actor,
        "verb": {"id": f"{ADL}/completed"},
        "object": {"id": f"https://dvc.example.vn/{kind}", "definition": {"type": f"{BASE}/activity-types/{kind}"}},
        "timestamp": "2026-08-15T08:30:00+07:00",
        "context": {
            "contextActivities": {"category": [{"id": VERSION}]},
            "extensions": {f"{BASE}/extensions/admin-unit": {"code": "26209", "asOf": "2026-08-01"}},
        },
    } | changes


SERVICE, IDENTITY, MONEY = "digital-public-service-task", "e-identity-task", "cashless-payment-task"


FORBIDDEN = {
    SERVICE: [
        ("result.response", f"{NUMBER}, H19.12-250701-0001", {"response": f"{NUMBER}, H19.12-250701-0001"}),
        ("result.response", "H19.12-250701-0002", {"response": "Hồ sơ H19.12-250701-0002"}),
        (f'result.extensions["{EXT}/giay-to"]', NUMBER, {"extensions": {f"{EXT}/giay-to": NUMBER}}),
        (
            f'result.extensions["{EXT}/x"].so[0]',
            "999 203 001",
            {"extensions": {f"{EXT}/x": {"so": ["999 203 001 235"]}}},
        ),
        (f'result.extensions["{EXT}/ma-ho-so"]', "BN-77-X", {"extensions": {f"{EXT}/ma-ho-so": "BN-77-X"}}),
    ],
    IDENTITY: [
        (f'result.extensions["{EXT}/account"]', "vneid.nguoithu", {"extensions": {f"{EXT}/account": "vneid.nguoithu"}}),
        ("result.response", "nguoithu|01012003|Nam", {"response": "nguoithu|01012003|Nam"}),
    ],
    MONEY: [
        (f'result.extensions["{EXT}/so-tien"]', "175000", {"extensions": {f"{EXT}/so-tien": 175000}}),
        (f'result.extensions["{EXT}/ghi"]', "9704123456789012", {"extensions": {f"{EXT}/ghi": "9704123456789012"}}),
    ],
}
"""By task: the path of the fault, what must be told nowhere, and the result that holds it."""
CASES = [(kind, *case) for kind, cases in FORBIDDEN.items() for case in cases]


@pytest.mark.parametrize(("kind", "path", "value", "result"), CASES)
def test_forbidden_contents_are_refused_by_path_and_told_nowhere(
    caller, shared_store, caplog, kind, path, value, result
):
    """M7, M8, M9: a batch is refused whole; nothing of the value is answered, logged or kept."""
    client = caller(scopes=EVERYTHING)
    with caplog.at_level(logging.DEBUG):
        refused = client.post("/xapi/statements", json=[task(kind), task(kind, result=result)])
    assert refused.status_code == 400
    assert [each["path"] for each in refused.json["errors"]] == [told_path(f"[1].{path}")]
    assert client.get("/xapi/statements").json["statements"] == []
    single = client.post("/xapi/statements", json=task(kind, result=result))
    assert [each["path"] for each in single.json["errors"]] == [told_path(path)]
    assert (
        client.put(
            f"/xapi/statements?statementId={uuid.uuid4()}", json=task(kind, result=result) | {"id": None}
        ).status_code
        == 400
    )
    for told in (refused.text, single.text, caplog.text, dump(shared_store, org_of(shared_store, client))):
        assert value not in told


def test_row_by_row_what_is_honest_is_stored(operator, counted, shared_store):
    """M7: of 60 tasks 55 are stored, and 5 are refused by their paths."""
    bad = [task(SERVICE, f"nt-{place}", result=result) for place, (_, _, result) in enumerate(FORBIDDEN[SERVICE])]
    assisted = [{"result": {"extensions": {f"{BASE}/extensions/assisted": word}}} for word in ("guided", "none")]
    rows = [*[task(SERVICE, f"nt-{place}", **assisted[place % 2]) for place in range(55)], *bad]
    answer = operator.post("/api/batches", json=rows)
    assert (answer.json["stored"], answer.json["refused"]) == (55, 5)
    told = [row["errors"][0]["path"] for row in answer.json["rows"] if row["outcome"] == "refused"]
    assert told == [told_path(path) for path, _, _ in FORBIDDEN[SERVICE]]
    for _, value, _ in FORBIDDEN[SERVICE]:
        assert value not in answer.text
    counted()
    cells = shared_store.cells.of(org_of(shared_store, operator), "task")
    assert {cell.dims["assisted"]: len(tally.learners) for cell, tally in cells} == {"guided": 28, "none": 27}
    diagnosed = operator.get("/api/diagnostics")
    assert "personal-number" in diagnosed.text
    assert NUMBER not in diagnosed.text


def test_other_statements_are_judged_only_where_that_is_asked_for(operator, tool):
    plain = {
        "actor": {"mbox": MAILBOX},
        "verb": {"id": f"{ADL}/answered"},
        "object": {"id": "https://x.vn/1"},
        "result": {"response": "0912 345 678"},
    }
    assert operator.post("/xapi/statements", json=plain).status_code == 200
    assert tool(contents="profile").post("/xapi/statements", json=plain).status_code == 200
    refused = tool(contents="refuse").post("/xapi/statements", json=plain)
    assert [(each["path"], each["rule"]) for each in refused.json["errors"]] == [("result.response", "phone")]
    allowed = tool(contents="allow").post("/xapi/statements", json=task(SERVICE, result={"response": "101203001234"}))
    assert allowed.status_code == 200


def test_a_policy_is_changed_and_audited_by_its_words(operator, tool, shared_store):
    client = tool(identities="pseudonymise")
    changed = operator.patch(f"/api/credentials/{client.key}", json={"intake": {"contents": "refuse"}})
    assert changed.json["intake"] == {"contents": "refuse"}
    assert operator.patch(f"/api/credentials/{client.key}", json={"intake": {"contents": "no"}}).status_code == 400
    entries = [each.record for each in shared_store.audit.walk(org_of(shared_store, operator))]
    assert entries[-1].details["intake"] == ["contents=refuse"]


def moodle(**changes):
    return {
        "id": str(uuid.uuid4()),
        "actor": {"objectType": "Agent", "name": "Người Thử 0001", "mbox": MAILBOX},
        "verb": {"id": f"{ADL}/completed"},
        "object": {"id": "https://lms.example.vn/course/view.php?id=5"},
        "context": {"instructor": {"name": "Người Thử 0002", "mbox": "mailto:nguoi.thu.0002@hoc.example.vn"}},
        "result": {"score": {"raw": 9.50}},
    } | changes  # fmt: skip


def test_mailboxes_of_a_source_are_stored_as_accounts(tool, shared_store):
    """M13: the same person stays the same, is found by the mailbox, and the database has neither it nor its hash."""
    client = tool(identities="pseudonymise")
    sent = moodle()
    text = json.dumps(sent).replace('"raw": 9.5', '"raw": 9.50')
    assert client.post("/xapi/statements", data=text, content_type="application/json").status_code == 200
    assert client.post("/xapi/statements", data=text, content_type="application/json").status_code == 200
    assert client.post("/xapi/statements", json=sent | {"verb": {"id": f"{ADL}/failed"}}).status_code == 409
    got = client.get(f"/xapi/statements?statementId={sent['id']}")
    actor = got.json["actor"]
    assert actor.keys() == {"objectType", "account"}
    assert actor["account"]["homePage"] == PSEUDONYMS
    assert got.json["context"]["instructor"].keys() == {"account"}
    assert b'"raw":9.50' in got.data or b'"raw": 9.50' in got.data
    agent = quote(json.dumps({"mbox": MAILBOX}))
    assert [each["id"] for each in client.get(f"/xapi/statements?agent={agent}").json["statements"]] == [sent["id"]]
    digest = quote(json.dumps({"mbox_sha1sum": hashlib.sha1(MAILBOX.encode(), usedforsecurity=False).hexdigest()}))
    assert len(client.get(f"/xapi/statements?agent={digest}").json["statements"]) == 1
    assert client.get(f"/xapi/agents?agent={agent}").json == {"objectType": "Person", "account": [actor["account"]]}
    kept = dump(shared_store, org_of(shared_store, client))
    for trace in ("nguoi.thu", "Người Thử", hashlib.sha1(MAILBOX.encode(), usedforsecurity=False).hexdigest()):
        assert trace not in kept


def test_states_and_profiles_of_a_mailbox_are_found_again_by_it(tool, operator, shared_store):
    client = tool(identities="pseudonymise")
    agent = quote(json.dumps({"mbox": MAILBOX}))
    state = f"/xapi/activities/state?activityId=x:y&stateId=s&agent={agent}"
    profile = f"/xapi/agents/profile?profileId=p&agent={agent}"
    for path in (state, profile):
        assert client.put(path, data=b"1", headers={"If-None-Match": "*"}).status_code == 204
        assert client.get(path).data == b"1"
        assert operator.get(path).status_code == 404
    assert client.get(f"/xapi/agents/profile?agent={agent}").json == ["p"]
    assert client.delete(state).status_code == 204
    assert client.get(state).status_code == 404
    assert "nguoi.thu" not in dump(shared_store, org_of(shared_store, client))


def test_a_launch_by_mailbox_writes_as_its_learner_and_keeps_their_state(tool, shared_app):
    client = tool("all", identities="pseudonymise")
    launched = client.post("/api/launches", json={"agent": {"mbox": MAILBOX}, "activity": "https://x.vn/1"})
    assert launched.status_code in {200, 201}, launched.text
    content = shared_app.test_client()
    content.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {launched.json['token']}"
    content.environ_base["HTTP_X_EXPERIENCE_API_VERSION"] = "2.0.0"
    registration = launched.json["registration"]
    bound = {"object": {"id": "https://x.vn/1"}, "context": {"registration": registration}}
    own = moodle(**bound)
    stored = content.post("/xapi/statements", json=own)
    assert stored.status_code == 200, stored.text
    other = moodle(actor={"mbox": "mailto:other@x.vn"}, **bound)
    assert content.post("/xapi/statements", json=other).status_code == 403
    agent = quote(json.dumps({"mbox": MAILBOX}))
    state = f"/xapi/activities/state?activityId=https://x.vn/1&stateId=s&registration={registration}&agent={agent}"
    assert content.put(state, data=b"1").status_code == 204
    assert content.get(state).data == b"1"


def dump(store, org=None):
    """Return everything in the database, or what belongs to one organisation, as text."""
    out = io.StringIO()
    for name in store.database.list_collection_names():
        for row in store.database[name].find():
            if org is None or org in repr(row).encode("latin-1", "replace") or _of(row, org):
                out.write(_plain(row) + "\n")
    return out.getvalue()


def _of(row, org):
    return row.get("org") == org or (isinstance(row["_id"], bytes) and row["_id"].startswith(org))


def _plain(value):
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace") + " " + value.hex()
    if isinstance(value, dict):
        return " ".join(f"{name} {_plain(each)}" for name, each in value.items())
    return " ".join(map(_plain, value)) if isinstance(value, list) else str(value)


def account(home, name, called):
    return {"account": {"homePage": home, "name": name}, "name": called}


def test_the_same_person_from_three_sources_is_counted_once_and_the_number_is_nowhere(
    tool, operator, counted, shared_store
):
    """M18: an account of the university, a row with a number, a tablet with another spelling; then a decision."""
    university = account("https://sso.lhu.example.vn", "nt0001", "Nguyễn Thử Hòa")
    row = account("https://bang-ke.example.vn", NUMBER, "NGUYEN THU HOA")
    tablet = account("https://may-tinh-bang.example.vn", "t7-12", unicodedata.normalize("NFD", "Nguyễn Thử Hoà"))
    sheet = tool(identities="pseudonymise", contents="refuse")
    for client, who in ((tool(), university), (sheet, row), (tool(), tablet)):
        answer = client.post("/api/batches", json=[task("community-class", who)])
        assert answer.json["stored"] == 1, answer.text
    mailed = task("community-class", account("https://bang-ke.example.vn", f"{NUMBER[:3]} {NUMBER[3:]}", "x"))
    assert sheet.post("/xapi/statements", json=mailed).status_code == 200
    counted()
    org = org_of(shared_store, operator)

    def people():
        return set().union(*[set(tally.learners) for _, tally in shared_store.cells.of(org, "coverage")])

    assert len(people()) == 3
    listed = operator.get("/api/learners").json["learners"]
    assert len(listed) == 3
    file = (
        "kind;account_home;account_name;other;reason\r\n"
        f"join;https://sso.lhu.example.vn;nt0001;account:https://bang-ke.example.vn {NUMBER};identity-document\r\n"
        "join;https://sso.lhu.example.vn;nt0001;account:https://may-tinh-bang.example.vn t7-12;roster\r\n"
    )
    linked = operator.post("/api/learners/links", data=("\ufeff" + file).encode(), content_type="text/csv")
    assert linked.status_code == 200, linked.text
    assert (linked.json["changed"], linked.json["settled"]) == (2, True)
    assert len(people()) == 1
    [learner] = operator.get("/api/learners").json["learners"]
    assert len(learner["identities"]) == 3
    assert people() == {learner["number"]}
    by_number = operator.get("/api/learners", query_string={"identity": f"account:https://bang-ke.example.vn {NUMBER}"})
    assert by_number.json["learners"] == [learner]
    assert_no_number(shared_store)


def assert_no_number(store):
    """Look for every number of the fixtures' range, and for its hashes, in everything that is stored."""
    kept = dump(store)
    assert not any(digits in RANGE for digits in re.findall(r"(?<!\d)999\d{9}(?!\d)", kept))
    hashes = {
        hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()
        for name in ("sha1", "sha256")
        for number in RANGE
        for text in (number, f"mailto:{number}", f"account:https://bang-ke.example.vn {number}")
    }
    for length in (40, 64):
        long_ones = re.findall(rf"[0-9a-f]{{{length},}}", kept)
        assert long_ones
        found = {each[at : at + length] for each in long_ones for at in range(len(each) - length + 1)}
        assert not found & hashes


def test_the_search_for_numbers_finds_what_is_there(shared_store, caller):
    client = caller()
    leaking = task("community-class", account("https://x.vn", "a", "b"))
    digest = hashlib.sha256(RANGE[77].encode()).hexdigest()
    leaking["context"]["extensions"][f"{EXT}/so"] = digest
    assert client.post("/xapi/statements", json=leaking).status_code == 200
    try:
        with pytest.raises(AssertionError):
            assert_no_number(shared_store)
    finally:
        shared_store.database["statements"].delete_many({"org": org_of(shared_store, client)})
