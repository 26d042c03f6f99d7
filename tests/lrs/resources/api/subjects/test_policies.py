"""What an organisation decides about the data of people."""

import pytest

PATH = "/api/policies"
USUAL = {
    "acknowledge": {"days": 2, "count": "working"},
    "access": {"days": 10, "count": "calendar"},
    "correct": {"days": 10, "count": "calendar"},
    "restrict": {"days": 15, "count": "calendar"},
    "unrestrict": {"days": 15, "count": "calendar"},
    "erase": {"days": 20, "count": "calendar"},
    "withdraw": {"days": 15, "count": "calendar"},
    "object": {"days": 15, "count": "calendar"},
    "extension": {"days": 15, "count": "calendar"},
}


@pytest.fixture
def admin(caller):
    return caller(scopes=("admin", "audit/read"))


def put(client, body, tag):
    return client.put(PATH, json=body, headers={} if tag is None else {"If-Match": tag})


def test_without_any_decision_the_deadlines_are_those_of_the_law_and_all_is_kept(admin):
    answer = admin.get(PATH)
    assert (answer.headers["ETag"], answer.json["version"]) == ('"0"', 0)
    assert answer.json["policies"]["deadlines"] == USUAL
    assert set(answer.json["policies"]["retention"].values()) == {None}


def test_what_is_decided_holds_whole_and_is_audited_without_names_and_texts(admin):
    facts = {"officer": {"name": "Trần Thị Mận", "contact": "man@hoc.example.vn"}, "purposes": {"vi": "Dạy\nhọc"}}
    body = {"deadlines": {"erase": {"days": 12, "count": "working"}}, "retention": {"statements": 60}, "facts": facts}
    answer = put(admin, body, '"0"')
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"'), answer.text
    found = admin.get(PATH).json["policies"]
    assert found["deadlines"] == USUAL | {"erase": {"days": 12, "count": "working"}}
    assert found["retention"] == {"statements": 60, "documents": None, "attachments": None, "refusals": None}
    assert (found["facts"]["officer"], found["facts"]["purposes"]) == (facts["officer"], facts["purposes"])
    assert put(admin, {}, 'W/"1"').json["policies"]["deadlines"] == USUAL
    last, first = admin.get("/api/audit?action=policies.changed").json["records"]
    assert first["details"] == {
        "version": 1,
        "fields": ["deadlines.erase", "facts.officer", "facts.purposes", "retention.statements"],
        "now": ["deadlines.erase=12-working", "retention.statements=60"],
    }
    assert last["details"]["now"] == ["deadlines.erase=20-calendar", "retention.statements=ever"]


def test_the_same_again_changes_nothing(admin):
    assert put(admin, {"retention": {"refusals": 3}}, '"0"').json["version"] == 1
    assert put(admin, {"retention": {"refusals": 3}}, '"1"').json["version"] == 1
    assert len(admin.get("/api/audit?action=policies.changed").json["records"]) == 1


@pytest.mark.parametrize(("tag", "status"), [(None, 400), ('"0"', 412), ("nonsense", 412), ("*", 412)])
def test_who_has_not_seen_the_latest_changes_nothing(admin, tag, status):
    put(admin, {"retention": {"refusals": 3}}, '"0"')
    answer = put(admin, {"retention": {"refusals": 9}}, tag)
    assert (answer.status_code, answer.json["errors"][0]["path"]) == (status, "If-Match")
    assert admin.get(PATH).json["policies"]["retention"]["refusals"] == 3


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"deadlines": {"erase": {"days": -1}}}, "deadlines.erase.days"),
        ({"deadlines": {"erase": {"days": 3, "count": "moons"}}}, "deadlines.erase.count"),
        ({"retention": {"statements": 0}}, "retention.statements"),
        ({"retention": {"audit": 3}}, "retention.*"),
        ({"facts": {"purposes": {"fr": "x"}}}, "facts.purposes.*.key"),
        ({"facts": {"officer": {"name": "a\nb"}}}, "facts.officer.name"),
    ],
)
def test_what_makes_no_sense_is_refused_by_path(admin, body, path):
    answer = put(admin, body, '"0"')
    assert answer.status_code == 400
    assert [each["path"] for each in answer.json["errors"]] == [path]


@pytest.mark.parametrize("scope", ["records/read", "audit/read", "credentials"])
def test_others_neither_read_nor_write_them(caller, scope):
    client = caller(scopes=(scope,))
    assert client.get(PATH).status_code == 403
    assert put(client, {}, '"0"').status_code == 403
