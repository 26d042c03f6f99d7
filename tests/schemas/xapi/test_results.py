from decimal import Decimal

import pytest

from schemas.xapi.statements import load_statement

both_versions = pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
LAN = {"mbox": "mailto:lan@ex.vn"}
QUIZ = {"id": "https://lms.ex.vn/quiz"}
PLAIN = {"actor": LAN, "verb": {"id": "http://adlnet.gov/expapi/verbs/passed"}, "object": QUIZ}


def changed(**changes):
    return PLAIN | changes


def scored(**score):
    return changed(result={"score": score})


GOOD = {
    "nothing": changed(result={}),
    "all but a score": changed(result={"success": True, "completion": False, "response": "", "duration": "PT0.125S"}),
    "a score at its bounds": scored(scaled=-1, min=0, raw=0, max=Decimal("1E2")),
    "a score at its other bound": scored(scaled=Decimal("1.000"), raw=10, max=10),
    "a number of any size": scored(raw=10**400),
    "a raw score alone": scored(raw=Decimal("-0.5")),
}


@both_versions
@pytest.mark.parametrize("statement", GOOD.values(), ids=GOOD.keys())
def test_a_good_result_is_taken(version, statement):
    assert load_statement(statement, version) is statement


REFUSED = [
    (scored(scaled=Decimal("1.0000000000000000000000000001")), ("result.score.scaled", "range")),
    (scored(scaled=-2), ("result.score.scaled", "range")),
    (scored(scaled="1"), ("result.score.scaled", "number")),
    (scored(raw=True), ("result.score.raw", "number")),
    (scored(min=1, max=1), ("result.score.min", "range")),
    (scored(min=0, raw=-1), ("result.score.raw", "range")),
    (scored(raw=Decimal("10.01"), max=10), ("result.score.raw", "range")),
    (changed(result={"success": "true"}), ("result.success", "boolean")),
    (changed(result={"completion": 1}), ("result.completion", "boolean")),
    (changed(result={"duration": "P4W1D"}), ("result.duration", "duration")),
    (changed(result={"duration": "PT" + "1" * 99 + "S"}), ("result.duration", "too-long")),
    (changed(result={"response": None}), ("result.response", "null")),
]  # fmt: skip


@both_versions
@pytest.mark.parametrize(("raw", "expected"), REFUSED, ids=[f"{path} {rule}" for _, (path, rule) in REFUSED])
def test_a_bad_result_is_refused(version, raw, expected, faults_of):
    assert expected in faults_of(raw, version)
