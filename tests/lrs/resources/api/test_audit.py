"""GET /api/audit: the audit of the caller's own organisation, for those with the scope."""

import base64

import pytest

from lrs.store.entries import Entry

AUDIT = "/api/audit"


@pytest.fixture
def auditor(caller):
    return caller(scopes=("audit/read",))


@pytest.fixture
def org_of(shared_store):
    """Return the organisation that a client's key belongs to."""

    def find(client):
        token = client.environ_base["HTTP_AUTHORIZATION"].removeprefix("Basic ")
        return shared_store.credentials.find(base64.b64decode(token).decode().partition(":")[0]).org

    return find


@pytest.fixture
def five(shared_store, auditor, org_of):
    """Five entries of the auditor's organisation; return it."""
    org = org_of(auditor)
    for n in range(5):
        shared_store.audit.append(org, Entry(f"member:{n % 2}", "credential.created", f"key{n}", {"scopes": ["all"]}))
    return org


def places(answer):
    assert answer.status_code == 200, answer.json
    return [record["seq"] for record in answer.json["records"]]


@pytest.mark.usefixtures("five")
def test_auditors_read_what_was_done_latest_first(auditor):
    answer = auditor.get(AUDIT)
    assert places(answer) == [5, 4, 3, 2, 1]
    assert answer.json["more"] is None
    record = answer.json["records"][0]
    assert len(bytes.fromhex(record.pop("hash"))) == 32
    assert record.pop("time").startswith("20")
    assert record == {
        "seq": 5,
        "holds": True,
        "actor": "member:0",
        "action": "credential.created",
        "target": "key4",
        "details": {"scopes": ["all"]},
    }


@pytest.mark.usefixtures("five")
def test_pages_follow_each_other(auditor):
    first = auditor.get(f"{AUDIT}?limit=2")
    assert places(first) == [5, 4]
    second = auditor.get(f"{AUDIT}?limit=2&after={first.json['more']}")
    assert places(second) == [3, 2]
    last = auditor.get(f"{AUDIT}?limit=2&after={second.json['more']}")
    assert places(last) == [1]
    assert last.json["more"] is None
    assert places(auditor.get(f"{AUDIT}?limit=2&after=1&ascending=true")) == [2, 3]


@pytest.mark.usefixtures("five")
def test_filters_say_what_is_wanted(auditor):
    assert places(auditor.get(f"{AUDIT}?actor=member:1")) == [4, 2]
    assert places(auditor.get(f"{AUDIT}?action=keys.rotated")) == []
    instant = auditor.get(AUDIT).json["records"][2]["time"]
    assert places(auditor.get(f"{AUDIT}?since={instant}")) == [5, 4, 3]
    assert places(auditor.get(f"{AUDIT}?until={instant}")) == [2, 1]


def told(answer):
    assert answer.status_code == 400, answer.text
    return [(each["path"], each["rule"]) for each in answer.json["errors"]]


def test_a_parameter_that_is_given_twice_is_refused_in_the_words_of_xapi(auditor, caller):
    answer = auditor.get(f"{AUDIT}?limit=1&limit=5")
    assert told(answer) == [("limit", "repeated")]
    assert answer.json["errors"] == caller().get("/xapi/statements?limit=1&limit=5").json["errors"]
    assert told(auditor.get(f"{AUDIT}?limit=1&actor=x&limit=1&limit=1&actor=x")) == [
        ("limit", "repeated"),
        ("actor", "repeated"),
    ]


def test_what_else_is_wrong_with_a_query_is_told_with_what_is_repeated(auditor):
    faults = told(auditor.get(f"{AUDIT}?limit=1&limit=1&after=x&xyz=1&xyz=2"))
    assert sorted(faults) == [("*", "parameter"), ("after", "parameter"), ("limit", "repeated")]


@pytest.mark.parametrize(
    "text", ["1_0", "%D9%A1", "%EF%BC%91", "%201", "1%20", "%2B1", "1.0", "--1", "", "0x1", "1%0A"]
)
def test_a_whole_number_is_written_plainly(auditor, text):
    answer = auditor.get(f"{AUDIT}?limit={text}")
    assert told(answer) == [("limit", "parameter")]
    assert answer.json["errors"] == auditor.get(f"{AUDIT}?limit=x").json["errors"]


def test_nobody_reads_the_audit_of_another_organisation(caller, five, auditor, org_of):
    other = caller(scopes=("audit/read",))
    assert org_of(other) != five
    assert places(other.get(AUDIT)) == []
    assert places(other.get(f"{AUDIT}?after=9")) == []
    assert len(places(auditor.get(AUDIT))) == 5


@pytest.mark.parametrize("scope", ["all", "admin", "credentials", "records/read", "statements/write"])
def test_no_other_scope_is_enough(caller, scope):
    assert caller(scopes=(scope,)).get(AUDIT).status_code == 403


def test_what_was_tampered_with_is_marked_and_not_shown(shared_store, auditor, five):
    rows = shared_store.database["audit"]
    rows.update_one({"org": five, "seq": 2}, {"$set": {"actor": "somebody"}})
    rows.update_one({"org": five, "seq": 3}, {"$unset": {"details": 1}})
    records = auditor.get(AUDIT).json["records"]
    assert [record["holds"] for record in records] == [True, True, False, False, True]
    assert records[2] == {"seq": 3, "holds": False}
    assert records[3] == {"seq": 2, "holds": False}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "after=-1",
        "after=x",
        "after=9223372036854775808",
        "since=yesterday",
        "until=2026-01-01",
        "actor=",
        "ascending=2",
        "who=me",
    ],
)
def test_what_cannot_be_understood_is_refused(auditor, query):
    answer = auditor.get(f"{AUDIT}?{query}")
    assert answer.status_code == 400
    assert answer.json["errors"]
