import pytest

from schemas.xapi.statements import load_statement

both_versions = pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
LAN = {"mbox": "mailto:lan@ex.vn"}
QUIZ = {"id": "https://lms.ex.vn/quiz"}
PLAIN = {"actor": LAN, "verb": {"id": "http://adlnet.gov/expapi/verbs/passed"}, "object": QUIZ}


def defined(**definition):
    return PLAIN | {"object": QUIZ | {"definition": definition}}


def other(**definition):
    return defined(interactionType="other", **definition)


GOOD = {
    "nothing": defined(),
    "empty maps": defined(name={}, extensions={}),
    "texts": defined(name={"vi": "Bài"}, description={"vi": ""}, type="a:b", moreInfo="a:" + "b" * 5000),
    "a choice": defined(interactionType="choice", choices=[{"id": "a"}, {"id": "A"}], correctResponsesPattern=[]),
    "a sequencing": defined(interactionType="sequencing", choices=[]),
    "a likert": defined(interactionType="likert", scale=[{"id": "1", "description": {"vi": "Có"}}]),
    "a matching": defined(interactionType="matching", source=[{"id": "1"}], target=[{"id": "1"}]),
    "a performance": defined(interactionType="performance", steps=[]),
}


@both_versions
@pytest.mark.parametrize("statement", GOOD.values(), ids=GOOD.keys())
def test_a_good_definition_is_taken(version, statement):
    assert load_statement(statement, version) is statement


REFUSED = [
    (defined(type="assessment"), ("object.definition.type", "iri")),
    (defined(moreInfo=""), ("object.definition.moreInfo", "iri")),
    (defined(extensions={"x": 1}), ("object.definition.extensions.x", "iri")),
    (defined(interactionType="Choice"), ("object.definition.interactionType", "choice")),
    (defined(correctResponsesPattern=["a"]), ("object.definition.correctResponsesPattern", "interaction")),
    (defined(choices=[]), ("object.definition.choices", "interaction")),
    (defined(interactionType="likert", choices=[]), ("object.definition.choices", "interaction")),
    (defined(interactionType="numeric", steps=[]), ("object.definition.steps", "interaction")),
    (defined(interactionType="choice", choices=[{"id": "a"}] * 2), ("object.definition.choices", "same-id")),
    (defined(interactionType="choice", choices=[{}]), ("object.definition.choices[0].id", "required")),
    (other(correctResponsesPattern="a"), ("object.definition.correctResponsesPattern", "array")),
    (other(correctResponsesPattern=[1]), ("object.definition.correctResponsesPattern[0]", "string")),
]  # fmt: skip


@both_versions
@pytest.mark.parametrize(("raw", "expected"), REFUSED, ids=[f"{path} {rule}" for _, (path, rule) in REFUSED])
def test_a_bad_definition_is_refused(version, raw, expected, faults_of):
    assert expected in faults_of(raw, version)
