"""The compiled decoder against marshmallow: neither knows better."""

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.faults import Refused
from schemas.xapi.base import StrictSchema
from schemas.xapi.compiled import Decoder
from schemas.xapi.containers import Nested
from schemas.xapi.fields import Text
from schemas.xapi.statements import Statement103, Statement200, load_statement

SCHEMAS = {"1.0.3": Statement103(), "2.0.0": Statement200()}
DECODERS = {version: Decoder(Nested(type(schema))) for version, schema in SCHEMAS.items()}

both_versions = pytest.mark.parametrize("version", SCHEMAS)
many = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def loaded(statement, version, *, fast):
    """Return the statement, or the faults of its refusal."""
    try:
        return load_statement(statement, version, fast=fast)
    except Refused as refused:
        return refused.faults


@both_versions
def test_a_statement_that_uses_the_whole_model_is_known_to_be_valid(version, rich_statement):
    assert DECODERS[version].accepts(rich_statement(version))


@pytest.mark.parametrize("place", ["key", "text"])
def test_half_a_surrogate_pair_is_not_known_to_be_valid(place, rich_statement):
    statement = rich_statement("2.0.0")
    statement["verb"]["display"] = {"vi": "\ud800"} if place == "text" else {"\ud800": "a"}
    statement["\ud800"] = 1
    assert not DECODERS["2.0.0"].accepts(statement)


@both_versions
@many
@given(data=st.data())
def test_good_statements_are_good_for_both_and_unchanged(version, good_statements, data):
    statement = data.draw(good_statements(version))
    before = copy.deepcopy(statement)
    assert SCHEMAS[version].load(statement) == statement
    assert loaded(statement, version, fast=True) is statement
    assert loaded(statement, version, fast=False) is statement
    assert statement == before


@both_versions
@many
@given(data=st.data())
def test_the_decoder_accepts_what_marshmallow_accepts_and_nothing_else(version, good_statements, spoiled, data):
    statement = spoiled(data.draw, data.draw(good_statements(version)))
    assert DECODERS[version].accepts(statement) == (not SCHEMAS[version].validate(statement))
    assert loaded(statement, version, fast=True) == loaded(statement, version, fast=False)


@both_versions
@many
@given(data=st.data())
def test_the_same_for_one_statement_that_uses_the_whole_model(version, rich_statement, spoiled, data):
    statement = spoiled(data.draw, rich_statement(version))
    assert DECODERS[version].accepts(statement) == (not SCHEMAS[version].validate(statement))


@pytest.mark.parametrize("value", [None, 1, "a", [], [{}], {}, {"actor": {}}])
def test_what_is_no_statement_is_never_accepted(value):
    assert not DECODERS["2.0.0"].accepts(value)


def test_a_text_that_judges_further_must_say_what_is_certain():
    class Palindrome(Text):
        def complaints(self, value):
            return super().complaints(value) or ([] if value == value[::-1] else [self.refusal])

    class Word(StrictSchema):
        word = Palindrome()

    with pytest.raises(TypeError, match="certain"):
        Decoder(Nested(Word))
