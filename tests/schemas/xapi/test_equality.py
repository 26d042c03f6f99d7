import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.xapi.equality import same, same_signed

LAN = {"mbox": "mailto:lan@example.vn"}
MINH = {"mbox": "mailto:minh@example.vn"}
HOA = {"account": {"homePage": "https://sso.example.vn", "name": "hoa"}}
QUIZ = {"id": "https://lms.example.vn/quiz"}
COURSE = {"id": "https://lms.example.vn/course"}
NAMED = {"definition": {"name": {"vi": "Bài kiểm tra"}}}
PASSED = {"id": "http://adlnet.gov/expapi/verbs/passed"}
UUID = "6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d11"
REFERENCE = {"objectType": "StatementRef", "id": UUID}


class Text(str):
    """A number written in its own way."""

    __slots__ = ()


def written(value):
    if isinstance(value, Text):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value)


def backwards(value):
    if isinstance(value, dict):
        return {name: backwards(each) for name, each in reversed(value.items())}
    return [backwards(each) for each in value] if isinstance(value, list) else value


def statement(**changes):
    return {"actor": LAN, "verb": PASSED, "object": QUIZ} | changes


def within(**changes):
    part = {"objectType": "SubStatement", "actor": LAN, "verb": PASSED, "object": QUIZ}
    return statement(object=part | changes)


def context(**members):
    return statement(context=members)


def around(**activities):
    return context(contextActivities=activities)


def extension(value):
    return statement(result={"extensions": {"https://ex.vn/x": value}})


def lasting(duration):
    return statement(result={"duration": duration})


def group(*members, **changes):
    return statement(actor={"objectType": "Group", "member": list(members)} | changes)


EQUAL = {
    "what the store sets": (
        statement(),
        statement(
            id=UUID,
            authority=MINH,
            stored="2026-11-23T05:06:07Z",
            timestamp="2026-11-23T05:06:07Z",
            version="1.0.0",
        ),
    ),
    "the verb's display": (statement(), statement(verb=PASSED | {"display": {"vi": "đạt"}})),
    "the object's definition": (statement(), statement(object=QUIZ | NAMED)),
    "a context activity's definition": (around(parent=[QUIZ]), around(parent=[QUIZ | NAMED])),
    "a sub-statement's verb display": (within(), within(verb=PASSED | {"display": {"vi": "đạt"}})),
    "a sub-statement's definition": (within(), within(object=QUIZ | NAMED)),
    "attachments": (statement(), statement(attachments=[{"sha2": "ab"}])),
    "a sub-statement's attachments": (within(), within(attachments=[{"sha2": "ab"}])),
    "the order of members of a group": (group(LAN, MINH, HOA), group(HOA, LAN, MINH)),
    "their order and case at once": (
        group(LAN, MINH),
        group(MINH, {"mbox": "mailto:lan@EXAMPLE.VN"}),
    ),
    "the order of members of a team": (
        context(team={"objectType": "Group", "member": [LAN, MINH]}),
        context(team={"objectType": "Group", "member": [MINH, LAN]}),
    ),
    "a single context activity": (around(parent=QUIZ), around(parent=[QUIZ])),
    "an actor said to be an Agent": (statement(), statement(actor=LAN | {"objectType": "Agent"})),
    "an object said to be an Activity": (
        statement(),
        statement(object=QUIZ | {"objectType": "Activity"}),
    ),
    "a member said to be an Agent": (group(LAN), group(LAN | {"objectType": "Agent"})),
    "the case of a mail domain": (
        statement(),
        statement(actor={"mbox": "mailto:lan@Example.VN"}),
    ),
    "the case of a SHA-1": (
        statement(actor={"mbox_sha1sum": "AB" * 20}),
        statement(actor={"mbox_sha1sum": "ab" * 20}),
    ),
    "the case of a registration": (
        context(registration=UUID),
        context(registration=UUID.upper()),
    ),
    "the case of a reference": (
        statement(object=REFERENCE),
        statement(object=REFERENCE | {"id": UUID.upper()}),
    ),
    "the case of a reference in the context": (
        context(statement=REFERENCE),
        context(statement=REFERENCE | {"id": UUID.upper()}),
    ),
    "the case of a language": (context(language="vi-VN"), context(language="vi-vn")),
    "the zone of a sub-statement's timestamp": (
        within(timestamp="2026-11-23T12:06:07+07:00"),
        within(timestamp="2026-11-23T05:06:07.000Z"),
    ),
    "a duration beyond hundredths": (lasting("PT1M2.347S"), lasting("PT1M2.34S")),
    "a duration cut to a whole second": (lasting("PT2.004S"), lasting("PT2S")),
    "a duration's decimal sign": (lasting("PT2,5S"), lasting("PT2.50S")),
    "a number with idle zeros": (extension(Text("1")), extension(Text("1.00"))),
    "a number with an exponent": (extension(Text("1e2")), extension(Text("100"))),
    "a negative zero": (extension(Text("-0")), extension(Text("0"))),
    "the order of members of an object": (
        statement(),
        dict(reversed(statement().items())),
    ),
    "a context agent's type": (
        context(contextAgents=[{"agent": LAN}]),
        context(contextAgents=[{"objectType": "contextAgent", "agent": LAN}]),
    ),
    "the order of members of a context group": (
        context(contextGroups=[{"group": {"objectType": "Group", "member": [LAN, MINH]}}]),
        context(contextGroups=[{"group": {"objectType": "Group", "member": [MINH, LAN]}}]),
    ),
}
UNEQUAL = {
    "another actor": (statement(), statement(actor=MINH)),
    "another name of the actor": (statement(), statement(actor=LAN | {"name": "Lan"})),
    "an Agent for a Group": (statement(), statement(actor=LAN | {"objectType": "Group"})),
    "the case before the @": (statement(), statement(actor={"mbox": "mailto:Lan@example.vn"})),
    "another verb": (statement(), statement(verb={"id": PASSED["id"].upper()})),
    "another object": (statement(), statement(object=COURSE)),
    "one member more": (group(LAN), group(LAN, MINH)),
    "a member twice": (group(LAN, MINH, MINH), group(LAN, LAN, MINH)),
    "a result": (statement(), statement(result={})),
    "another score": (
        statement(result={"score": {"raw": Text("8.5")}}),
        statement(result={"score": {"raw": Text("8.50000000000000000001")}}),
    ),
    "success": (statement(result={"success": True}), statement(result={"success": False})),
    "a duration in other units": (lasting("PT60S"), lasting("PT1M")),
    "a duration of another hundredth": (lasting("PT1.23S"), lasting("PT1.24S")),
    "a duration of another second": (lasting("PT11.5S"), lasting("PT1.5S")),
    "the order of context activities": (
        around(other=[QUIZ, COURSE]),
        around(other=[COURSE, QUIZ]),
    ),
    "another place of a context activity": (around(other=[QUIZ]), around(parent=[QUIZ])),
    "an instructor": (context(), context(instructor=LAN)),
    "an extension": (extension([1, 2]), extension([2, 1])),
    "true for 1": (extension(True), extension(1)),
    "0 for false": (extension(0), extension(False)),
    "text for a number": (extension("1"), extension(1)),
    "null for nothing": (extension({}), extension({"a": None})),
    "a list for an object": (extension([]), extension({})),
    "what looks like a definition in an extension": (
        extension({"definition": 1}),
        extension({"definition": 2}),
    ),
    "another instant of a sub-statement": (
        within(timestamp="2026-11-23T05:06:07Z"),
        within(timestamp="2026-11-23T05:06:08Z"),
    ),
    "a timestamp of a sub-statement": (within(), within(timestamp="2026-11-23T05:06:08Z")),
    "another verb in a sub-statement": (within(), within(verb={"id": "https://ex.vn/v"})),
    "a platform": (context(platform="Moodle"), context(platform="moodle")),
    "relevant types": (
        context(contextAgents=[{"agent": LAN}]),
        context(contextAgents=[{"agent": LAN, "relevantTypes": ["https://ex.vn/t"]}]),
    ),
}


@pytest.mark.parametrize(("one", "other"), EQUAL.values(), ids=EQUAL.keys())
def test_it_is_the_same_statement_whatever(one, other):
    assert same(written(one).encode(), written(other).encode())
    assert same(written(other).encode(), written(one).encode())


@pytest.mark.parametrize(("one", "other"), UNEQUAL.values(), ids=UNEQUAL.keys())
def test_it_is_another_statement_with(one, other):
    assert not same(written(one).encode(), written(other).encode())
    assert not same(written(other).encode(), written(one).encode())


@pytest.mark.parametrize(("one", "other"), UNEQUAL.values(), ids=UNEQUAL.keys())
def test_a_statement_is_itself_with_its_members_in_another_order(one, other):
    for each in (one, other):
        assert same(written(each).encode(), written(backwards(each)).encode())


SIGNED = {
    "the store's own members": (statement(), True),
    "the same id and instant": (
        statement(id=UUID.upper(), timestamp="2026-11-23T12:06:07+07:00"),
        True,
    ),
    "an instant rounded to a millisecond": (statement(timestamp="2026-11-23T05:06:07.0009Z"), True),
    "no signature yet among the attachments": (statement(attachments=[]), True),
    "another id": (statement(id=UUID.replace("6", "7")), False),
    "another instant": (statement(timestamp="2026-11-23T05:06:08Z"), False),
    "an instant that is none": (statement(timestamp="today"), False),
    "another actor": (statement(actor=MINH), False),
    "an actor that is none": (statement(actor=3, verb=[], object=None, context=""), False),
    "members that are none": (statement(actor=LAN | {"member": {}}, result=[], id=5), False),
    "parts that are none": (
        statement(
            context={"contextActivities": 1, "contextAgents": 2, "contextGroups": [3], "team": 4},
            object={"objectType": []},
            result={"duration": 1},
        ),
        False,
    ),
    "a list": ([statement()], False),
    "null": (None, False),
}


@pytest.mark.parametrize(("payload", "verdict"), SIGNED.values(), ids=SIGNED.keys())
def test_a_signed_payload_is_compared_with(payload, verdict):
    received = statement(id=UUID, timestamp="2026-11-23T05:06:07Z", attachments=[{"sha2": "ab"}])
    assert same_signed(received, payload) is verdict


def test_a_payload_without_id_and_timestamp_signs_the_rest():
    assert same_signed(statement(), statement(id=UUID, timestamp="2026-11-23T05:06:07Z"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["actor", "object", "context", "member", "objectType", "team", "x"]),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_any_payload_gets_a_verdict(payload):
    assert same_signed(statement(), payload) in (True, False)
