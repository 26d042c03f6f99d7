import pytest

from schemas.xapi.statements import load_statement

both_versions = pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
LAN = {"mbox": "mailto:lan@ex.vn"}
QUIZ = {"id": "https://lms.ex.vn/quiz"}
PLAIN = {"actor": LAN, "verb": {"id": "http://adlnet.gov/expapi/verbs/passed"}, "object": QUIZ}


def changed(**changes):
    return PLAIN | changes


GOOD = {
    "an id": PLAIN,
    "an empty display": changed(verb={"id": "a:b", "display": {}}),
    "a display in several languages": changed(verb={"id": "a:b", "display": {"vi": "đạt", "en-US": ""}}),
}


@both_versions
@pytest.mark.parametrize("statement", GOOD.values(), ids=GOOD.keys())
def test_a_good_verb_is_taken(version, statement):
    assert load_statement(statement, version) is statement


REFUSED = [
    (changed(verb={"id": "passed"}), ("verb.id", "iri")),
    (changed(verb={"display": {}}), ("verb.id", "required")),
    (changed(verb={"id": "a:b", "display": {"en_US": "a"}}), ("verb.display.en_US", "language")),
    (changed(verb={"id": "a:b", "display": {"vi": 1}}), ("verb.display.vi", "string")),
    (changed(verb={"id": "a:b", "display": {"vi": None}}), ("verb.display.vi", "null")),
    (changed(verb={"id": "a:b", "display": "a"}), ("verb.display", "object")),
    (changed(verb={"id": "a:" + "b" * 2047}), ("verb.id", "too-long")),
]  # fmt: skip


@both_versions
@pytest.mark.parametrize(("raw", "expected"), REFUSED, ids=[f"{path} {rule}" for _, (path, rule) in REFUSED])
def test_a_bad_verb_is_refused(version, raw, expected, faults_of):
    assert expected in faults_of(raw, version)
