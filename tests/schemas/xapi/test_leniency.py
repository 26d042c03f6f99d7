import pytest

from schemas.faults import Refused
from schemas.xapi.base import MOST_FAULTS
from schemas.xapi.leniency import H5P_INTERACTIONS, MISSING_VERSION, Lenient
from schemas.xapi.statements import load_statements

CHOICES = [{"id": "0", "description": {"vi": "Đúng"}}, {"id": "1"}]


def statement(definition, **changes):
    return {
        "actor": {"mbox": "mailto:lan@hoc.example.vn"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
        "object": {"id": "https://hoc.example.vn/h5p/7", "definition": definition},
    } | changes


FORGIVEN = [
    {"choices": CHOICES},
    {"correctResponsesPattern": ["true"]},
    {"correctResponsesPattern": ["0[,]1"], "choices": CHOICES},
    {"interactionType": "compound"},
    {"interactionType": "true-false", "choices": CHOICES},
    {"interactionType": "choice", "choices": [{"description": {"vi": "Đúng"}}]},
    {"interactionType": "matching", "source": CHOICES, "scale": CHOICES},
]


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
@pytest.mark.parametrize("definition", FORGIVEN)
def test_interactions_are_forgiven_to_whom_it_was_granted(definition, version):
    load = Lenient({H5P_INTERACTIONS})
    given = statement(definition)
    assert load_statements(given, version, load=load) == [given]
    assert load.uses == [H5P_INTERACTIONS]
    for granted in (set(), {MISSING_VERSION}):
        with pytest.raises(Refused):
            load_statements(given, version, load=Lenient(granted))


def test_they_are_forgiven_wherever_activities_are():
    activity = {"id": "https://hoc.example.vn/h5p/7", "definition": {"choices": CHOICES}}
    parents = statement({}, context={"contextActivities": {"parent": [activity], "grouping": activity}})
    inner = statement({}, object={"objectType": "SubStatement"} | statement({"choices": CHOICES}))
    load = Lenient({H5P_INTERACTIONS})
    assert load_statements([parents, inner], "2.0.0", load=load) == [parents, inner]
    assert load.uses == [H5P_INTERACTIONS] * 2


def test_a_good_statement_uses_nothing():
    load = Lenient({H5P_INTERACTIONS})
    load_statements(statement({"interactionType": "choice", "choices": CHOICES}), "1.0.3", load=load)
    assert load.uses == []


@pytest.mark.parametrize(
    ("definition", "fault"),
    [
        ({"choices": CHOICES, "colour": 1}, ("object.definition.colour", "unknown")),
        ({"choices": {}}, ("object.definition.choices", "array")),
        ({"choices": [None]}, ("object.definition.choices[0]", "null")),
        ({"choices": [{"id": 1}]}, ("object.definition.choices[0].id", "string")),
        ({"interactionType": 1}, ("object.definition.interactionType", "string")),
        ({"interactionType": None}, ("object.definition.interactionType", "null")),
        ({"choices": [{"id": "1"}, {"id": "1"}]}, ("object.definition.choices", "same-id")),
        ({"type": "no iri", "choices": CHOICES}, ("object.definition.type", "iri")),
    ],
)
def test_everything_else_is_told_and_only_that(definition, fault):
    with pytest.raises(Refused) as refused:
        load_statements(statement(definition), "2.0.0", load=Lenient({H5P_INTERACTIONS}))
    assert [told[:2] for told in refused.value.faults] == [fault]


def test_nothing_is_forgiven_where_not_all_faults_are_told():
    many = [{"description": {}} for _ in range(MOST_FAULTS)]
    with pytest.raises(Refused) as refused:
        load_statements(statement({"choices": many}), "2.0.0", load=Lenient({H5P_INTERACTIONS}))
    assert len(refused.value.faults) == MOST_FAULTS


def test_the_rule_of_one_id_holds_all_the_same():
    same = statement({"choices": CHOICES}, id="6f3f8d3b-9f0c-4f5e-8b2f-1c2d3e4f5a6b")
    with pytest.raises(Refused, match="same id"):
        load_statements([same, same], "2.0.0", load=Lenient({H5P_INTERACTIONS}))
