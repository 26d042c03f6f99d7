"""Organisations that statements name, and those that told them."""

import pytest

from schemas.training.facts import facts_of
from schemas.training.organisations import account_of, all_keys, named, told_by
from schemas.training.terms import BASE
from schemas.xapi.keys import organisation_key

ORGANISATION = f"{BASE}/extensions/organisation"
AUTHORITY = {"mbox": "mailto:lrs@example.vn"}


def test_facts_and_keys_mean_the_same_organisation(told, vocabulary):
    both = told("progressed", "internship", said={"organisation": " VNU-Lab "}, done={"organisation": "khác"})
    assert facts_of(both, vocabulary).organisation == "VNU-Lab"
    assert organisation_key("VNU-Lab") in all_keys(both, AUTHORITY)
    assert organisation_key("khác") not in all_keys(both, AUTHORITY)
    assert [code for _, code in named(both)] == ["khác", "VNU-Lab"]
    assert [path for path, _ in named(both)][1] == f'context.extensions["{ORGANISATION}"]'


@pytest.mark.parametrize("value", [7, "", None, ["a"]])
def test_what_is_no_code_is_nobody(value, told, vocabulary):
    statement = told("progressed", "internship", said={"organisation": value})
    assert [code for _, code in named(statement)] == [None]
    assert facts_of(statement, vocabulary).organisation is None


@pytest.mark.parametrize("code", ["H1", "Công ty A/B", "100%"])
def test_an_account_tells_whose_it_is(code, told, vocabulary):
    authority = account_of(code, "key")
    assert told_by(authority) == code
    statement = told("progressed", "internship", said={"organisation": code}, authority=authority)
    facts = facts_of(statement, vocabulary)
    assert (facts.by_organisation, facts.two_sided) == (True, True)
    assert not facts_of(statement | {"authority": AUTHORITY}, vocabulary).by_organisation
    assert not facts_of(statement | {"authority": account_of("other", "key")}, vocabulary).by_organisation


@pytest.mark.parametrize("authority", [None, AUTHORITY, {"account": {"homePage": "https://a.vn", "name": "x"}}])
def test_other_authorities_are_of_no_organisation(authority):
    assert told_by(authority) is None


ANSWERS = [
    ({"outcome": ["new-job", "skill-use"]}, {}, ("new-job", "skill-use")),
    ({"outcome": "Việc làm mới"}, {}, ("new-job",)),
    ({"outcome": []}, {}, ()),
    ({"outcome": [{"a": 1}, 7, "thứ khác"]}, {}, ()),
    ({}, {"response": "skill-use[,]new-job"}, ("new-job", "skill-use")),
    ({}, {"response": "tôi có việc rồi"}, ()),
]


@pytest.mark.parametrize(("done", "result", "outcomes"), ANSWERS)
def test_answers_to_a_follow_up_mean_what_the_vocabulary_says(done, result, outcomes, told, vocabulary):
    answered = told("responded", "follow-up-survey", done=done, result=result)
    assert facts_of(answered, vocabulary).outcomes == outcomes
    assert facts_of(told("completed", "follow-up-survey", done=done, result=result), vocabulary).outcomes == ()
