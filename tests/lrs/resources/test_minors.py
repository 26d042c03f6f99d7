"""Children's statements over HTTP, as their sender's policy has it: scenario M19, but for what is shared."""

import base64
import time
import uuid

import pytest

from lrs.followers.records import records_follower
from lrs.services.pseudonyms import intake_of
from schemas.training.terms import BASE, PSEUDONYMS, SENDERS

EVERYTHING = ("all", "admin", "records/read", "reports/read", "imports/write")
HOME = "https://th-thanh-son.example.vn"
BAND = f"{BASE}/extensions/age-band"
PATH = f'context.extensions["{BAND}"]'
WORDING = {"id": "hoc-sinh", "version": "1", "language": "vi"}


@pytest.fixture
def school(caller):
    """Speak as who administers a school that has a wording for pupils."""
    client = caller(scopes=EVERYTHING)
    text = "Chúng tôi đồng ý cho con học và được ghi nhận kết quả."
    assert client.put("/api/consents/wordings", json={"wordings": [WORDING | {"text": text}]}).status_code == 200
    return client


@pytest.fixture
def tool(school, shared_app):
    """Make a client of the school with a policy on minors."""

    def make(minors, **intake):
        wanted = {"scopes": ["all"], "intake": intake | {"minors": minors}}
        made = school.post("/api/credentials", json=wanted)
        assert made.status_code == 201, made.text
        client = shared_app.test_client()
        token = base64.b64encode(f"{made.json['key']}:{made.json['secret']}".encode()).decode()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Basic {token}"
        client.environ_base["HTTP_X_EXPERIENCE_API_VERSION"] = "2.0.0"
        return client

    return make


def attended(name, band="<16", **changes):
    actor = {"mbox": name} if name.startswith("mailto:") else {"account": {"homePage": HOME, "name": name}}
    return {
        "id": str(uuid.uuid4()),
        "actor": actor,
        "verb": {"id": "http://adlnet.gov/expapi/verbs/attended"},
        "object": {"id": f"{HOME}/lop-ai", "definition": {"type": f"{BASE}/activity-types/community-class"}},
        "context": {"extensions": {BAND: band, f"{BASE}/extensions/admin-unit": {"code": "26209"}}},
        "timestamp": "2025-11-15T09:47:12+07:00",
    } | changes


def consent(school, name, given_by="both", *, purpose="training", under_7=False):
    who = name if name.startswith("mailto:") else f"account:{HOME} {name}"
    said = {"identity": who, "purpose": purpose, "answer": "yes", "wording": WORDING, "given_by": given_by}
    said |= {"how": "paper", "given": "2025-10-14", "under_7": under_7}
    told = school.post("/api/consents", json={"consents": [said]})
    assert told.json["consents"] == 1, told.text
    return told.json["rows"][0]["id"]


def stored(client, statement):
    return client.get("/xapi/statements", query_string={"statementId": statement["id"]})


def send(client, statement):
    """Return the statuses of one statement by POST and PUT, and what became of the row of a batch."""
    posted = client.post("/xapi/statements", json=statement)
    put = client.put("/xapi/statements", json=statement, query_string={"statementId": statement["id"]})
    [row] = client.post("/api/batches", json=[statement]).json["rows"]
    return posted, put, row


def test_without_consent_children_are_refused_by_the_path_of_the_age_band(school, tool):
    strict = tool("refuse")
    posted, put, row = send(strict, attended("hs-1"))
    for refused in (posted, put):
        assert refused.status_code == 400
        assert [(each["path"], each["rule"]) for each in refused.json["errors"]] == [(PATH, "consent")]
        assert "hs-1" not in refused.text
    assert (row["outcome"], row["errors"][0]["path"], row["errors"][0]["rule"]) == ("refused", PATH, "consent")
    batch = strict.post("/xapi/statements", json=[attended("gv", "40-59"), attended("hs-1"), attended("hs-2")])
    assert [each["path"] for each in batch.json["errors"]] == [f"[1].{PATH}", f"[2].{PATH}"]
    rows = strict.post("/api/batches", json=[attended("gv", "40-59"), attended("hs-1"), {"actor": 1}]).json["rows"]
    assert [each["outcome"] for each in rows] == ["stored", "refused", "refused"]
    assert len(school.get("/xapi/statements").json["statements"]) == 1


@pytest.mark.parametrize(
    ("given", "enough"),
    [
        ({"given_by": "both"}, True),
        ({"given_by": "representative", "under_7": True}, True),
        ({"given_by": "representative"}, False),
        ({"given_by": "self"}, False),
        ({"given_by": "self", "under_7": True}, False),
        ({"given_by": "both", "purpose": "share-with-province"}, False),
    ],
)
def test_a_child_needs_the_representatives_consent_and_from_seven_the_own(school, tool, given, enough):
    consent(school, "hs-1", **given)
    posted, put, row = send(tool("refuse"), attended("hs-1"))
    assert (posted.status_code, put.status_code) == ((200, 204) if enough else (400, 400))
    assert row["outcome"] == ("duplicate" if enough else "refused")


def test_what_is_told_with_consent_is_stored_as_it_was_sent_and_no_more_after_a_withdrawal(school, tool):
    given = consent(school, "hs-1")
    for policy in ("refuse", "headcount"):
        statement = attended("hs-1")
        assert tool(policy).post("/xapi/statements", json=statement).status_code == 200
        assert stored(school, statement).json["actor"] == statement["actor"]
    assert school.post(f"/api/consents/{given}/withdraw").status_code == 200
    assert tool("refuse").post("/xapi/statements", json=attended("hs-1")).status_code == 400


def test_a_whole_group_must_have_consented(school, tool):
    pupils = [attended(name)["actor"] for name in ("hs-1", "hs-2")]
    together = attended("hs-1", actor={"objectType": "Group", "member": pupils})
    consent(school, "hs-1")
    assert tool("refuse").post("/xapi/statements", json=together).status_code == 400
    counted = tool("headcount").post("/xapi/statements", json=together)
    assert (counted.status_code, counted.json["errors"][0]["rule"]) == (400, "consent")
    consent(school, "hs-2")
    assert tool("refuse").post("/xapi/statements", json=together).status_code == 200


def test_joined_identities_consent_as_one(school, tool, shared_store):
    keeping, strict = tool("keep"), tool("refuse")
    for name in ("hs-1", "moodle-1"):
        assert keeping.post("/xapi/statements", json=attended(name)).status_code == 200
    consent(school, "hs-1")
    assert strict.post("/xapi/statements", json=attended("moodle-1")).status_code == 400
    identities = [f"account:{HOME} {name}" for name in ("hs-1", "moodle-1")]
    count(shared_store, lambda: len(school.get("/api/learners").json["learners"]) == 2)
    link = {"kind": "join", "identity": identities[0], "other": identities[1], "reason": "roster"}
    assert school.post("/api/learners/links", json={"links": [link]}).status_code == 200
    assert strict.post("/xapi/statements", json=attended("moodle-1")).status_code == 200


def count(store, reached):
    follower = records_follower(store, "test", "Asia/Ho_Chi_Minh")
    until = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < until
        follower.follow()
        time.sleep(0.1)


def test_consent_of_a_mailbox_is_found_where_mailboxes_are_replaced(school, tool):
    mailbox = "mailto:hs.0001@th.example.vn"
    consent(school, mailbox)
    statement = attended(mailbox)
    assert tool("refuse", identities="pseudonymise").post("/xapi/statements", json=statement).status_code == 200
    assert stored(school, statement).json["actor"]["account"]["homePage"] == PSEUDONYMS


def test_without_consent_children_are_a_head_count_of_the_school(school, tool, shared_store):
    counting = tool("headcount")
    statements = [attended(f"dem-{number}", result={"response": "Em Thử"}) for number in range(12)]
    consent(school, "dem-0")
    assert counting.post("/xapi/statements", json=statements[:6]).status_code == 200
    rows = counting.post("/api/batches", json=statements).json["rows"]
    assert [each["outcome"] for each in rows] == ["duplicate"] * 6 + ["stored"] * 6
    slug = school.get("/api/organisation").json["id"]
    for statement in statements[1:]:
        told = stored(school, statement)
        assert told.json["actor"]["account"] == {"homePage": SENDERS, "name": slug}
        assert "dem-" not in told.text
        assert "Em Thử" not in told.text
    count(shared_store, lambda: school.get("/api/progress").json["lag"] == 0 and records(school))
    assert len(records(school)) == 1
    reach = school.get("/api/reports/reach", query_string={"by": "unit"}).json
    assert (reach["totals"]["heads"], reach["totals"]["learners"]) == (11, 1)
    everything = [
        row
        for name in shared_store.database.list_collection_names()
        if name != "consents"
        for row in shared_store.database[name].find()
    ]
    assert not any(f"dem-{number}" in str(everything) for number in range(1, 12))


def records(school):
    return school.get("/api/records").json["records"]


def test_what_was_a_head_count_stays_one_until_it_is_taken_back(school, tool):
    counting, statement = tool("headcount"), attended("hs-1")
    assert counting.post("/xapi/statements", json=statement).status_code == 200
    consent(school, "hs-1")
    assert counting.post("/xapi/statements", json=statement).status_code == 409
    void = attended(
        "hs-2",
        verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
        object={"objectType": "StatementRef", "id": statement["id"]},
    )
    assert counting.post("/xapi/statements", json=void).status_code == 200
    assert stored(school, statement).status_code == 404
    assert "hs-2" not in stored(school, void).text
    assert counting.post("/xapi/statements", json=statement | {"id": str(uuid.uuid4())}).status_code == 200


def test_what_cannot_be_counted_without_the_person_is_refused(school, tool):
    answered = attended("hs-1", verb={"id": "http://adlnet.gov/expapi/verbs/answered"})
    refused = tool("headcount").post("/xapi/statements", json=answered)
    assert (refused.status_code, refused.json["errors"][0]["rule"]) == (400, "consent")
    assert "head-count" in refused.json["errors"][0]["message"]
    assert school.get("/xapi/statements").json["statements"] == []


def test_without_the_policy_nothing_is_asked(school, tool):
    for client in (school, tool("keep")):
        assert client.post("/xapi/statements", json=attended("hs-1")).status_code == 200
    for policy in ({}, {"minors": "keep"}, {"contents": "refuse"}):
        assert intake_of("pepper", b"an org..", policy).minors is None


def test_a_policy_is_one_of_three(school):
    assert school.post("/api/credentials", json={"intake": {"minors": "forget"}}).status_code == 400
