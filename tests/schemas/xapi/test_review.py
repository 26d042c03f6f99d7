import pytest

from schemas.xapi.review import review

GOOD = {
    "actor": {"mbox": "mailto:lan@hoc.example.vn"},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
    "object": {"id": "https://hoc.example.vn/courses/an-toan-so"},
}
NEW = GOOD | {"context": {"contextAgents": [{"objectType": "contextAgent", "agent": GOOD["actor"]}]}}
SAME = GOOD | {"id": "6f3f8d3b-9f0c-4f5e-8b2f-1c2d3e4f5a6b"}


def places(value, version="2.0.0", most=1000):
    return [(fault.path, fault.rule) for fault in review(value, version, most=most).faults]


def test_every_fault_of_every_statement_is_told():
    found = places([GOOD, GOOD | {"verb": {}}, 7, GOOD | {"actor": {"mbox": "x", "age": 1}}])
    assert found == [
        ("[1].verb.id", "required"),
        ("[2]", "object"),
        ("[3].actor.mbox", "mailto"),
        ("[3].actor.age", "unknown"),
    ]


@pytest.mark.parametrize(("version", "expected"), [("1.0.3", [("context.contextAgents", "unknown")]), ("2.0.0", [])])
def test_the_version_decides(version, expected):
    assert places(NEW, version) == expected


def test_an_id_that_comes_twice_is_a_fault():
    assert places([SAME, GOOD, SAME | {"id": SAME["id"].upper()}]) == [("[2].id", "same-id")]


@pytest.mark.parametrize("value", [None, "x", 1, True])
def test_what_is_neither_object_nor_array_is_a_fault(value):
    assert places(value)[0][0] == ""


def test_faults_beyond_the_most_are_not_told_but_owned_up_to():
    cut = review([7] * 20, "2.0.0", most=10)
    assert (len(cut.faults), cut.complete) == (10, False)
    assert review([7] * 10, "2.0.0", most=10).complete
