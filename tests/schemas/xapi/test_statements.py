"""The data model as a table: a good statement, one change, the fault that it makes."""

import contextlib
import copy
import time
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.faults import Refused
from schemas.xapi.base import MOST_FAULTS
from schemas.xapi.statements import Statement103, Statement200, load_statement, load_statements

BOTH = ("1.0.3", "2.0.0")
LAN = {"mbox": "mailto:lan@ex.vn"}
APP = {"account": {"homePage": "https://sso.ex.vn/token", "name": "app"}}
TEAM = {"objectType": "Group", "member": [LAN, APP]}
QUIZ = {"id": "https://lms.ex.vn/quiz"}
ID = "6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d11"
REFERENCE = {"objectType": "StatementRef", "id": ID}
PLAIN = {"actor": LAN, "verb": {"id": "http://adlnet.gov/expapi/verbs/passed"}, "object": QUIZ}
VOIDED = {"id": "http://adlnet.gov/expapi/verbs/voided"}
INNER = {"objectType": "SubStatement"} | PLAIN


def changed(**changes):
    return PLAIN | changes


def defined(**definition):
    return changed(object=QUIZ | {"definition": definition})


def within(**context):
    return changed(context=context)


def without(statement, *names):
    return {name: value for name, value in statement.items() if name not in names}


GOOD = {
    "the least": PLAIN,
    "with an id of either case": changed(id=ID.upper()),
    "of an agent": changed(object={"objectType": "Agent"} | LAN),
    "of a group": changed(object=TEAM),
    "of a statement": changed(object=REFERENCE),
    "of a sub-statement": changed(object=INNER | {"object": REFERENCE, "timestamp": "2026-11-20T08:30:00Z"}),
    "voiding": changed(verb=VOIDED, object=REFERENCE),
    "a sub-statement that would void": changed(object=INNER | {"verb": VOIDED}),
    "empty parts": changed(result={}, context={}, attachments=[]),
    "vouched for by an agent": changed(authority=LAN),
    "vouched for by two": changed(authority=TEAM),
}


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize("statement", GOOD.values(), ids=GOOD.keys())
@pytest.mark.parametrize("fast", [True, False])
def test_a_good_statement_is_given_back_as_it_is(version, statement, fast):
    before = copy.deepcopy(statement)
    assert load_statement(statement, version, fast=fast) is statement
    assert statement == before


REFUSED = [
    ([], ("", "object")),
    ("statement", ("", "object")),
    (None, ("", "null")),
    (without(PLAIN, "actor"), ("actor", "required")),
    (without(PLAIN, "verb"), ("verb", "required")),
    (without(PLAIN, "object"), ("object", "required")),
    (changed(actor=None), ("actor", "null")),
    (changed(Actor=LAN), ("Actor", "unknown")),
    (changed(id="1"), ("id", "uuid")),
    (changed(id=1), ("id", "string")),
    (changed(verb=VOIDED), ("object.objectType", "voiding")),
    (changed(verb=VOIDED, object={"objectType": "Agent"} | LAN), ("object.objectType", "voiding")),
    (changed(object={"objectType": "activity"} | QUIZ), ("object.objectType", "object-type")),
    (changed(object=LAN), ("object.id", "required")),
    (changed(object={"objectType": "StatementRef"}), ("object.id", "required")),
    (changed(object={"objectType": "StatementRef", "id": "1"}), ("object.id", "uuid")),
    (changed(object=INNER | {"object": INNER}), ("object.object.objectType", "object-type")),
    (changed(object=without(INNER, "actor")), ("object.actor", "required")),
    *[
        (changed(object=INNER | {name: value}), (f"object.{name}", "unknown"))
        for name, value in {"id": ID, "stored": "2026-11-20T08:30:00Z", "version": "1.0", "authority": LAN}.items()
    ],
    (changed(object=INNER | {"timestamp": "2026-02-30T00:00:00Z"}), ("object.timestamp", "timestamp")),
    (changed(timestamp="2008-09-15T15:53:00.601-00:00"), ("timestamp", "timestamp")),
    (changed(stored="yesterday"), ("stored", "timestamp")),
    (changed(version="1.1.0"), ("version", "version")),
    (changed(authority=TEAM | {"member": [LAN]}), ("authority", "authority")),
    (changed(authority=TEAM | {"member": [LAN] * 3}), ("authority", "authority")),
    (changed(authority=TEAM | LAN), ("authority", "authority")),
    (changed(authority={"objectType": "Group"} | LAN), ("authority", "authority")),
    (changed(authority={}), ("authority", "one-identifier")),
]  # fmt: skip


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize(("raw", "expected"), REFUSED, ids=[f"{path} {rule}" for _, (path, rule) in REFUSED])
def test_a_bad_statement_is_refused_with_the_place_and_the_rule(version, raw, expected, faults_of):
    assert expected in faults_of(raw, version)


@pytest.mark.parametrize(
    ("statement", "good_in"),
    [
        (changed(version="1.0"), BOTH),
        (changed(version="1.0.9"), BOTH),
        (changed(version="2.0.0"), ("2.0.0",)),
        (changed(version="0.9.9"), ()),
        (changed(timestamp="2026-11-20T08:30:00"), ("1.0.3",)),
        (changed(timestamp="20261120T083000Z"), ("1.0.3",)),
        (changed(object=INNER | {"timestamp": "2026-11-20T08:30:00"}), ("1.0.3",)),
    ],
)
@pytest.mark.parametrize("version", BOTH)
def test_labels_and_timestamps_are_those_of_the_request_s_version(statement, good_in, version, faults_of):
    if version in good_in:
        assert load_statement(statement, version) is statement
    else:
        assert len(faults_of(statement, version)) == 1


def test_every_fault_is_told_at_once(faults_of):
    bad = {
        "actor": {"mbox": "lan", "openid": 1},
        "verb": {},
        "object": QUIZ | {"definition": {"scale": [], "name": {"": ""}}},
        "context": {"contextActivities": {"parent": [{}, {}]}},
        "extra": 1,
    }
    assert sorted(faults_of(bad)) == [
        ("actor", "one-identifier"),
        ("actor.mbox", "mailto"),
        ("actor.openid", "string"),
        ("context.contextActivities.parent[0].id", "required"),
        ("context.contextActivities.parent[1].id", "required"),
        ("extra", "unknown"),
        ('object.definition.name[""]', "language"),
        ("object.definition.scale", "interaction"),
        ("verb.id", "required"),
    ]


def test_a_fault_is_told_below_the_path_given(faults_of):
    assert faults_of(changed(id=1), path="[3]") == [("[3].id", "string")]


def test_a_refusal_does_not_repeat_what_was_sent():
    with pytest.raises(Refused) as refused:
        load_statement(changed(id="secret", actor={"mbox": "secret", "k" * 10_000: 1}), "2.0.0")
    assert "secret" not in str(refused.value)
    assert len(str(refused.value)) < 1000


CROWDS = {
    "unknown properties": changed(**{f"k{number}": 1 for number in range(100_000)}),
    "members": changed(actor={"objectType": "Group", "member": [{}] * 100_000}),
    "extension keys": changed(result={"extensions": {f"k{number}": 1 for number in range(100_000)}}),
    "languages": changed(verb={"id": "a:b", "display": {f"k{number}_": "" for number in range(100_000)}}),
    "attachments": changed(attachments=[None] * 100_000),
    "components": defined(interactionType="choice", choices=[{"id": 1}] * 100_000),
    "activities": within(contextActivities={"parent": ["a"] * 100_000}),
}


@pytest.mark.parametrize("name", CROWDS)
def test_a_hundred_thousand_faults_take_no_longer_than_fifty(name, faults_of):
    before = time.process_time()
    assert len(faults_of(CROWDS[name])) == MOST_FAULTS
    assert time.process_time() - before < 0.5


def test_large_good_statements_never_wait_for_marshmallow():
    members = [
        {"objectType": "Agent", "account": {"homePage": "https://sso.ex.vn", "name": f"sv{n}"}} for n in range(5000)
    ]
    slow_tags = {f"vi-x-{number}": "a" for number in range(5000)}
    statement = changed(
        actor={"objectType": "Group", "member": members},
        verb={"id": "a:b", "display": slow_tags},
        timestamp="1899-01-01T00:00:00-05:00",
    )
    before = time.process_time()
    assert load_statement(statement, "2.0.0") is statement
    assert time.process_time() - before < 0.2


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*Statement200().fields, "objectType", "mbox", "definition", "display"]), inner
        )
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("version", BOTH)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(raw=JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(Statement103().fields, JSON)))
def test_any_value_is_a_statement_or_refused(version, raw):
    with contextlib.suppress(Refused):
        assert load_statement(raw, version) is raw
    with contextlib.suppress(Refused):
        assert load_statements(raw, version) == (raw if isinstance(raw, list) else [raw])


def several(raw, version="2.0.0"):
    with pytest.raises(Refused) as refused:
        load_statements(raw, version)
    return [(fault.path, fault.rule) for fault in refused.value.faults]


def test_one_statement_or_an_array_of_them_make_a_list():
    assert load_statements(PLAIN, "2.0.0") == [PLAIN]
    assert load_statements([PLAIN, changed(id=ID)], "1.0.3") == [PLAIN, changed(id=ID)]
    assert load_statements([], "2.0.0") == []


def test_the_first_bad_statement_of_an_array_is_told_with_all_its_faults():
    assert several([PLAIN, changed(id=1, verb={}), changed(id=2)]) == [
        ("[1].id", "string"),
        ("[1].verb.id", "required"),
    ] or (
        several([PLAIN, changed(id=1, verb={}), changed(id=2)]) == [("[1].verb.id", "required"), ("[1].id", "string")]
    )
    assert several([PLAIN, None]) == [("[1]", "null")]
    assert several([[PLAIN]]) == [("[0]", "object")]


def test_no_two_statements_of_an_array_share_an_id_in_whatever_letter_case():
    assert several([changed(id=ID), PLAIN, changed(id=ID.upper())]) == [("[2].id", "same-id")]


@pytest.mark.parametrize("raw", [None, "a", 1, True, Decimal(1)])
def test_what_is_neither_is_refused(raw):
    assert several(raw) == [("", "object")]
