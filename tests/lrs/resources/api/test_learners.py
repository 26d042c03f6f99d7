"""Who is who over HTTP; of scenario M26 the matching of three files."""

import json
import time
import unicodedata
import uuid

import pytest

from lrs.followers.records import records_follower
from schemas.training.terms import BASE

EVERYTHING = ("all", "admin", "records/read", "imports/write")
NAMES = ["Nguyễn Thử Hòa", "Lê Thử Đạt", "Trần Thử Yến"]


@pytest.fixture
def operator(caller):
    return caller(scopes=EVERYTHING)


@pytest.fixture
def learned(shared_store):
    """Store statements of these accounts and names, and wait until they are counted."""

    def learn(client, *told, unit="26209"):
        rows = [statement(home, name, called, unit) for home, name, called in told]
        answer = client.post("/api/batches", json=rows)
        assert answer.json["stored"] == len(rows), answer.text
        follower = records_follower(shared_store, "test", "Asia/Ho_Chi_Minh")
        until = time.monotonic() + 20
        while any(not shown(client, home, name) for home, name, _ in told):
            assert time.monotonic() < until
            follower.follow()
            time.sleep(0.1)

    return learn


def statement(home, name, called, unit):
    return {
        "id": str(uuid.uuid4()),
        "actor": {"account": {"homePage": home, "name": name}} | ({"name": called} if called else {}),
        "verb": {"id": "http://adlnet.gov/expapi/verbs/attended"},
        "object": {"id": "https://x.vn/1", "definition": {"type": f"{BASE}/activity-types/community-class"}},
        "context": {"extensions": {f"{BASE}/extensions/admin-unit": {"code": unit, "asOf": "2026-08-01"}}},
        "timestamp": "2026-08-15T08:30:00+07:00",
    }


def identity(home, name):
    return f"account:{home} {name}"


def shown(client, home, name):
    answer = client.get("/api/learners", query_string={"identity": identity(home, name)})
    assert answer.status_code == 200, answer.text
    return answer.json["learners"]


def link(client, *links):
    return client.post("/api/learners/links", json={"links": list(links)})


def join(one, other, reason="roster"):
    return {"kind": "join", "identity": one, "other": other, "reason": reason}


A, B, C = ("https://a.vn", "1", ""), ("https://b.vn", "2", ""), ("https://c.vn", "3", "")
IDS = [identity(*each[:2]) for each in (A, B, C)]


def test_people_are_listed_joined_split_and_shown(operator, learned):
    learned(operator, A, B, C)
    first = operator.get("/api/learners?limit=2").json
    assert len(first["learners"]) == 2
    second = operator.get(f"/api/learners?limit=2&cursor={first['next']}").json
    assert second["next"] is None
    numbers = [each["number"] for each in first["learners"] + second["learners"]]
    assert numbers == sorted(numbers)
    [(one,), (two,)] = [[each["number"] for each in shown(operator, *who[:2])] for who in (A, B)]
    linked = link(operator, join(IDS[0], json.dumps({"account": {"homePage": "https://b.vn", "name": "2"}})))
    assert linked.status_code == 200, linked.text
    assert linked.json["changed"] == 1
    kept = min(one, two)
    assert operator.get(f"/api/learners/{kept}").json == {"number": kept, "identities": IDS[:2]}
    assert operator.get(f"/api/learners/{max(one, two)}").status_code == 404
    assert operator.get(f"/api/learners?number={kept}").json["learners"] == [{"number": kept, "identities": IDS[:2]}]
    assert operator.get(f"/api/learners?number={max(one, two)}").json["learners"] == []
    split = link(operator, {"kind": "split", "identity": IDS[1], "reason": "mistake"})
    assert split.json["decisions"][0]["numbers"] == [kept, max(numbers) + 1]
    told = operator.get("/api/learners/links?limit=1").json
    assert [each["kind"] for each in told["decisions"]] == ["join"]
    rest = operator.get(f"/api/learners/links?cursor={told['next']}").json
    assert [(each["kind"], each["reason"]) for each in rest["decisions"]] == [("split", "mistake")]
    assert "a.vn" not in json.dumps(told)


def test_a_file_is_taken_whole_or_not_at_all_and_its_rows_are_named(operator, learned):
    learned(operator, A, B, C)
    bad = (
        "kind,identity,other,account_home,account_name,reason\n"
        f"join,{IDS[0]},{IDS[1]},,,roster\n"
        f"join,{IDS[0]},Nguyễn Thử Hòa,,,roster\n"
        "split,,,https://c.vn,3,because\n"
        f"join,,{IDS[0]},https://nobody.vn,9,roster\n"
        f"join,{IDS[0]},,,,roster\n"
        f"join,{IDS[0]},{IDS[0]},,,roster\n"
    )
    refused = operator.post("/api/learners/links", data=bad.encode(), content_type="text/csv")
    assert refused.status_code == 400
    told = {(each["path"], each["message"].partition(":")[0]) for each in refused.json["errors"]}
    assert told == {
        ("links[1].other", "row 3"),
        ("links[2].reason", "row 4"),
        ("links[4].other", "row 6"),
        ("links[5].other", "row 7"),
    }
    unknown = operator.post(
        "/api/learners/links",
        data=f"kind,identity,other,reason\njoin,{IDS[0]},{IDS[1]},roster\njoin,{IDS[0]},mailto:a@b.vn,roster\n".encode(),
        content_type="text/csv",
    )
    assert [(each["path"], each["rule"]) for each in unknown.json["errors"]] == [("links[1].other", "unknown")]
    assert unknown.json["errors"][0]["message"].startswith("row 3: ")
    assert operator.get("/api/learners/links").json["decisions"] == []
    assert len(operator.get("/api/learners").json["learners"]) == 3


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "links"),
        ({"links": []}, "links"),
        ({"links": [{"kind": "merge", "identity": IDS[0], "reason": "roster"}]}, "links[0].kind"),
        ({"links": [{"kind": "split", "identity": "An", "reason": "roster"}]}, "links[0].identity"),
        ({"links": [{"kind": "split", "identity": IDS[0], "name": "An", "reason": "roster"}]}, "links[0].name"),
        ({"links": [{"kind": "split", "identity": IDS[0], "other": IDS[1], "reason": "roster"}]}, "links[0].other"),
        ({"links": [{"kind": "split", "identity": IDS[0], "reason": "roster"}] * 1001}, "links"),
    ],
)
def test_what_is_no_decision_is_refused(operator, body, path):
    refused = operator.post("/api/learners/links", json=body)
    assert refused.status_code == 400
    assert [each["path"] for each in refused.json["errors"]] == [path]


def test_who_may_not_and_other_organisations(caller, operator, learned):
    learned(operator, A, B)
    assert link(caller(scopes=("records/read",)), join(*IDS[:2])).status_code == 403
    writer = caller(scopes=("imports/write",))
    for path in ("/api/learners", "/api/learners/1", "/api/learners/links", "/api/learners/matches"):
        assert writer.get(path).status_code == 403
    other = caller(scopes=EVERYTHING)
    assert other.get("/api/learners").json["learners"] == []
    assert other.get("/api/learners/1").status_code == 404
    assert link(other, join(*IDS[:2])).status_code == 400
    assert operator.post("/api/learners/links", data="<a/>", content_type="application/xml").status_code == 415
    for number in ("0", "-1", "x", "9" * 19, "\uff11"):
        assert operator.get(f"/api/learners/{number}").status_code == 404


def test_the_same_people_of_three_files_are_proposed_and_not_joined(operator, learned):
    """M26: names in NFC, from a Mac in NFD with the other place of the tone, and without diacritics."""
    other_place = {"Nguyễn Thử Hòa": "Nguyễn Thử Hoà"}
    learned(operator, *[("https://one.vn", f"a{place}", name) for place, name in enumerate(NAMES)])
    decomposed = [unicodedata.normalize("NFD", other_place.get(name, name)) for name in NAMES]
    learned(operator, *[("https://two.vn", f"b{place}", name) for place, name in enumerate(decomposed)])
    learned(operator, ("https://three.vn", "c0", "NGUYEN THU HOA"))
    learned(operator, ("https://far.vn", "d0", NAMES[0]), unit="26080")
    learned(operator, ("https://one.vn", "e0", "Hòa"), ("https://two.vn", "e0", "Hòa"))
    found = operator.get("/api/learners/matches").json
    told = {
        (each["unit"], each["alike"], tuple(sorted(i for learner in each["learners"] for i in learner["identities"])))
        for each in found["proposals"]
    }
    assert told == {
        ("26209", "folded", ("account:https://one.vn a0", "account:https://three.vn c0", "account:https://two.vn b0")),
        ("26209", "spelling", ("account:https://one.vn a1", "account:https://two.vn b1")),
        ("26209", "spelling", ("account:https://one.vn a2", "account:https://two.vn b2")),
    }
    assert (found["statements"], found["next"]) == (10, None)
    assert "Thử" not in json.dumps(found, ensure_ascii=False)
    assert len(operator.get("/api/learners").json["learners"]) == 10
    link(operator, join("account:https://one.vn a1", "account:https://two.vn b1"))
    assert len(operator.get("/api/learners/matches?unit=26209").json["proposals"]) == 2
    assert operator.get("/api/learners/matches?unit=26080").json["proposals"] == []
    page = operator.get("/api/learners/matches?statements=4").json
    assert page["statements"] == 4
    rest = operator.get("/api/learners/matches", query_string={"before": page["next"]}).json
    assert rest["statements"] == 6
