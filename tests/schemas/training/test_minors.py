"""What statements tell of children, and what is left of one for a head-count."""

import json

import pytest

from schemas.training.facts import facts_of
from schemas.training.minors import children_of, headcount
from schemas.training.terms import BASE, SENDERS
from schemas.training.vocabulary import Vocabulary
from schemas.xapi.statements import load_statement

BAND = f"{BASE}/extensions/age-band"
PLACE = f"{BASE}/extensions/admin-unit"
PUPIL = {"account": {"homePage": "https://th.example.vn", "name": "hs-0001"}, "name": "Em Thử"}
OTHER = {"mbox": "mailto:hs.0002@th.example.vn"}
TEACHER = {"account": {"homePage": "https://th.example.vn", "name": "gv-0001"}}
WHO = "account:https://th.example.vn hs-0001"


def statement(band="<16", **changes):
    usual = {
        "id": "6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d11",
        "actor": PUPIL,
        "verb": {"id": "http://adlnet.gov/expapi/verbs/attended"},
        "object": {
            "id": "https://th.example.vn/lop",
            "definition": {"type": f"{BASE}/activity-types/community-class", "name": {"vi": "Lớp của em Thử"}},
        },
        "context": {"extensions": {BAND: band}},
        "timestamp": "2025-08-15T09:47:12+07:00",
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def test_who_is_told_to_be_a_child_is_found_by_the_age_band():
    [child] = children_of(statement(), "[3]")
    assert child == (f'[3].context.extensions["{BAND}"]', (WHO,))


@pytest.mark.parametrize("band", ["16-24", "unknown", "15", None, 15, ["<16"], {"band": "<16"}])
def test_any_other_band_tells_of_no_child(band):
    assert children_of(statement(band)) == []


@pytest.mark.parametrize(
    ("changes", "persons"),
    [
        ({"actor": {"objectType": "Group", "member": [PUPIL, OTHER]}}, (WHO, "mailto:hs.0002@th.example.vn")),
        ({"actor": {"objectType": "Group"} | PUPIL | {"member": [PUPIL]}}, (WHO,)),
        ({"actor": TEACHER, "object": {"objectType": "Agent"} | PUPIL}, (WHO,)),
        ({"actor": TEACHER, "object": {"objectType": "Group", "member": [PUPIL]}}, (WHO,)),
        ({"object": {"objectType": "Group"} | TEACHER}, (WHO,)),
        ({"context": None, "result": {"extensions": {BAND: "<16"}}}, (WHO,)),
    ],
)
def test_it_is_about_its_object_where_that_is_people_and_about_its_actor_otherwise(changes, persons):
    [child] = children_of(statement(**changes))
    assert child.persons == persons


@pytest.mark.parametrize("actor", [{"objectType": "Group"} | TEACHER, {"objectType": "Group", "member": []} | TEACHER])
def test_a_group_that_names_nobody_is_no_child(actor):
    assert children_of(statement(actor=actor)) == []


def test_a_statement_inside_of_another_tells_of_children_too():
    inner = {name: value for name, value in statement().items() if name != "id"} | {"objectType": "SubStatement"}
    [child] = children_of(statement("60-69", actor=TEACHER, object=inner))
    assert child == (f'object.context.extensions["{BAND}"]', (WHO,))


def test_a_head_count_is_of_one_child_in_one_place_at_one_hour_and_of_nobody():
    told = {BAND: "<16", PLACE: {"code": "26209", "asOf": "2025-08-01", "hamlet": "Ấp 5"}}
    told |= {f"{BASE}/extensions/programme": ["192"], f"{BASE}/extensions/target-group": ["pupil", "disabled"]}
    given = statement(
        context={"extensions": told, "registration": "6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d12", "instructor": TEACHER},
        result={"response": "Em tên là Thử", "duration": "PT45M"},
        version="2.0.0",
    )
    left, text = headcount(given, "th-thanh-son")
    assert json.loads(text) == left
    assert left == {
        "id": given["id"],
        "version": "2.0.0",
        "actor": {"objectType": "Group", "account": {"homePage": SENDERS, "name": "th-thanh-son"}},
        "verb": {"id": "http://activitystrea.ms/host"},
        "object": {"id": "https://th.example.vn/lop", "definition": {"type": f"{BASE}/activity-types/community-class"}},
        "result": {"extensions": {f"{BASE}/extensions/headcount": {"total": 1, "byAgeBand": {"<16": 1}}}},
        "context": {
            "extensions": {PLACE: {"code": "26209", "asOf": "2025-08-01"}, f"{BASE}/extensions/programme": ["192"]}
        },
        "timestamp": "2025-08-15T02:00:00.000000Z",
    }
    assert load_statement(left, "2.0.0")
    facts = facts_of(left, Vocabulary())
    assert (facts.kind, facts.headcount.total, dict(facts.headcount.bands)) == ("reach", 1, {"<16": 1})
    assert (facts.unit.code, facts.programmes) == ("26209", ("192",))
    assert children_of(left) == []


def test_what_says_little_gives_a_head_count_that_says_no_more():
    left, _ = headcount(statement(object={"id": "https://th.example.vn/lop"}, timestamp=None, id=None), "o")
    assert left.keys() == {"actor", "verb", "object", "result"}
    assert left["object"] == {"id": "https://th.example.vn/lop"}


@pytest.mark.parametrize(
    "changes",
    [
        {"verb": {"id": "http://adlnet.gov/expapi/verbs/answered"}},
        {"actor": {"objectType": "Group", "member": [PUPIL]}},
        {"verb": {"id": "http://id.tincanapi.com/verb/mentored"}, "object": {"objectType": "Agent"} | PUPIL},
        {"attachments": [{"usageType": "https://x.vn/a"}]},
    ],
)
def test_some_statements_cannot_be_counted_without_the_person(changes):
    assert headcount(statement(**changes), "o") is None


def test_who_takes_something_back_is_replaced_only():
    voided = {"objectType": "StatementRef", "id": "6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d99"}
    left, _ = headcount(statement(verb={"id": "http://adlnet.gov/expapi/verbs/voided"}, object=voided), "o")
    assert left.keys() == {"id", "actor", "verb", "object"}
    assert left["object"] == voided
    assert left["actor"]["account"]["name"] == "o"
