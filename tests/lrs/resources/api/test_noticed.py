"""GET /api/reviews over HTTP."""

import time
import uuid

import pytest

from lrs.followers.records import records_follower

REVIEWS = "/api/reviews"
HOME = "https://hoc.example.vn"


@pytest.fixture
def sender(caller):
    return caller(scopes=("all", "records/read"))


@pytest.fixture
def noticed(shared_store, sender):
    """Post statements; return what was noticed once they were counted."""

    def look(*statements):
        answer = sender.post("/xapi/statements", json=list(statements))
        assert answer.status_code == 200, answer.json
        stored = sender.get("/xapi/statements?limit=1").json["statements"][0]["stored"]
        follower, until = records_follower(shared_store, uuid.uuid4().hex, "Asia/Ho_Chi_Minh"), time.monotonic() + 5
        while (told := sender.get(REVIEWS)).json["through"] < stored:
            assert time.monotonic() < until
            follower.follow()
            time.sleep(0.02)
        return told

    return look


def test_what_counts_nowhere_is_listed_with_the_ids_of_statements_and_nothing_of_them(noticed, a_statement):
    strange = a_statement(verb={"id": f"{HOME}/verbs/xong"})
    told = noticed(strange, a_statement())
    assert told.json["verbs"] == [{"name": f"{HOME}/verbs/xong", "statements": 1, "examples": [strange["id"]]}]
    assert told.json["templates"] == told.json["types"] == told.json["extensions"] == []
    assert told.json["rebuilding"] is False
    assert "hoc.vien" not in told.text


def test_clocks_that_are_ahead_and_unknown_units_are_flagged(noticed, a_statement):
    base = "https://w3id.org/so-hoc/profiles/digital-skills/extensions"
    ahead = a_statement(timestamp="2099-01-01T00:00:00Z")
    nowhere = a_statement(context={"extensions": {f"{base}/admin-unit": {"code": "00000"}}})
    flags = {each["name"]: each["examples"] for each in noticed(ahead, nowhere).json["flags"]}
    assert flags == {"clock-skew": [ahead["id"]], "unknown-unit": [nowhere["id"]]}


def test_templates_are_told_with_the_rules_that_are_broken(noticed, a_statement):
    profile = "https://w3id.org/so-hoc/profiles/digital-skills"
    named = a_statement(
        verb={"id": "http://adlnet.gov/expapi/verbs/attended"},
        object={"id": f"{HOME}/lop", "definition": {"type": f"{profile}/activity-types/community-class"}},
        context={"contextActivities": {"category": [{"id": f"{profile}/v1.0"}]}},
    )
    [template] = noticed(named).json["templates"]
    assert (template["statements"], template["broken"]) == (1, 1)
    assert template["template"].startswith(profile)
    assert template["rules"]
    assert all(rule["path"] and rule["rule"] and rule["examples"] == [named["id"]] for rule in template["rules"])


@pytest.mark.parametrize(("scope", "status"), [("records/read", 200), ("credentials", 200), ("admin", 200)])
def test_who_reads_records_or_looks_after_keys_sees_it(caller, scope, status):
    assert caller(scopes=(scope,)).get(REVIEWS).status_code == status


@pytest.mark.parametrize("scope", ["all", "reports/read", "audit/read", "statements/write"])
def test_nobody_else_does(caller, scope):
    assert caller(scopes=(scope,)).get(REVIEWS).status_code == 403
