"""The profile keeps the rules of xAPI Profiles 1.0."""

import json
import re

import pytest

from schemas.training.profile import identifiers, load, write
from schemas.training.terms import BASE, VERSION
from schemas.training.vocabulary import Vocabulary

PROFILE = json.loads(load())
CONCEPTS, TEMPLATES, PATTERNS = PROFILE["concepts"], PROFILE["templates"], PROFILE["patterns"]
PARTS = [*CONCEPTS, *TEMPLATES, *PATTERNS]
TYPES = {concept["id"] for concept in CONCEPTS if concept["type"] == "ActivityType"}
FORMS = ("alternates", "optional", "oneOrMore", "sequence", "zeroOrMore")
IDS = {part["id"]: part for part in PARTS}
RELATED = ("contextGroupingActivityType", "contextParentActivityType", "contextOtherActivityType")

of_each = pytest.mark.parametrize


def named(part):
    return part["id"].rpartition("/")[2]


def members(pattern):
    """Return what a pattern is made of."""
    (form,) = [form for form in FORMS if form in pattern]
    return pattern[form] if isinstance(pattern[form], list) else [pattern[form]]


def test_what_is_kept_is_what_the_sources_make():
    assert load() == write()


def test_it_says_what_it_is():
    assert PROFILE["id"] == BASE
    assert PROFILE["@context"] == "https://w3id.org/xapi/profiles/context"
    assert (PROFILE["type"], PROFILE["conformsTo"]) == ("Profile", "https://w3id.org/xapi/profiles#1.0")
    assert PROFILE["author"] == {"type": "Organization", "name": "Sổ Học"}
    assert [version["id"] for version in PROFILE["versions"]] == [VERSION]
    assert VERSION != BASE


def test_no_id_is_given_twice_and_all_are_in_its_namespace():
    ids = [PROFILE["id"], *(version["id"] for version in PROFILE["versions"]), *(part["id"] for part in PARTS)]
    assert len(set(ids)) == len(ids)
    assert all(each.startswith(BASE) for each in ids)
    assert identifiers() == set(ids)


def test_nothing_in_it_is_empty_or_null():
    def empty(value):
        if isinstance(value, dict | list) and value:
            return any(map(empty, value.values() if isinstance(value, dict) else value))
        return value in (None, "", {}, [])

    assert not empty(PROFILE)


@of_each("part", [PROFILE, *CONCEPTS, *TEMPLATES, *(each for each in PATTERNS if each["primary"])], ids=named)
def test_everything_has_a_name_and_a_definition_in_both_languages(part):
    for words in (part["prefLabel"], part["definition"]):
        assert set(words) == {"vi", "en"}
        assert all(text.strip() == text != "" for text in words.values())
        assert words["vi"] != words["en"]


@of_each("part", PARTS, ids=named)
def test_every_part_belongs_to_the_version(part):
    assert part["inScheme"] == VERSION


def test_no_verb_is_defined_again():
    assert {concept["type"] for concept in CONCEPTS} == {"ActivityType", "ContextExtension", "ResultExtension"}


def test_broader_types_are_those_of_others():
    for concept in CONCEPTS:
        assert not TYPES & set(concept.get("broadMatch", ()))


@of_each("concept", [each for each in CONCEPTS if each["type"].endswith("Extension")], ids=named)
def test_extensions_have_a_schema_in_themselves(concept):
    schema = json.loads(concept["inlineSchema"])
    assert schema.pop("$schema") == "http://json-schema.org/draft-07/schema#"
    assert "type" in schema or "enum" in schema


def test_what_it_defines_is_what_facts_are_read_from():
    vocabulary = Vocabulary()
    assert {iri for iri in vocabulary.types if iri.startswith(BASE)} == TYPES
    extensions = {concept["id"] for concept in CONCEPTS} - TYPES
    assert extensions == {iri for iri in vocabulary.extensions if iri.startswith(BASE)}


@of_each("template", TEMPLATES, ids=named)
def test_templates_use_what_is_known(template):
    vocabulary = Vocabulary()
    assert vocabulary.verbs[template["verb"]] is not None
    types = [template.get("objectActivityType"), *(each for name in RELATED for each in template.get(name, ()))]
    assert all(each is None or (each in TYPES) == each.startswith(BASE) for each in types)
    assert all(each is None or each in vocabulary.types for each in types)
    assert "objectStatementRefTemplate" not in template
    assert set(template.get("contextStatementRefTemplate", ())) <= {each["id"] for each in TEMPLATES}


def test_no_two_templates_are_picked_by_the_same():
    picked = [(each["verb"], each.get("objectActivityType")) for each in TEMPLATES]
    assert len(set(picked)) == len(picked) == 26


@of_each("template", TEMPLATES, ids=named)
def test_rules_look_somewhere_and_ask_for_something(template):
    extensions = {concept["id"]: concept["type"] for concept in CONCEPTS if concept["type"].endswith("Extension")}
    for rule in template["rules"]:
        assert rule["location"].startswith("$.")
        assert "?" not in rule["location"]
        assert rule["presence"] in {"included", "excluded", "recommended"}
        assert rule["presence"] != "excluded" or rule.keys() == {"location", "presence"}
        for part, iri in re.findall(rf"(context|result)\.extensions\['({re.escape(BASE)}[^']+)'\]", rule["location"]):
            assert extensions[iri] == f"{part.title()}Extension"


@of_each("pattern", PATTERNS, ids=named)
def test_patterns_are_made_of_what_there_is_and_never_of_themselves(pattern):
    def within(id_):
        part = IDS[id_]
        inside = members(part) if part["type"] == "Pattern" else []
        return {id_}.union(*map(within, inside))

    assert len([form for form in FORMS if form in pattern]) == 1
    assert pattern["id"] not in set().union(*map(within, members(pattern)))
    if "alternates" in pattern or "sequence" in pattern:
        assert len(members(pattern)) >= 2


def test_nothing_optional_is_directly_among_alternates():
    for pattern in PATTERNS:
        for id_ in pattern.get("alternates", ()):
            assert not {"optional", "zeroOrMore"} & IDS[id_].keys()


def test_every_template_is_in_a_primary_pattern():
    reached, ahead = set(), [each["id"] for each in PATTERNS if each["primary"]]
    while ahead:
        id_ = ahead.pop()
        reached.add(id_)
        if IDS[id_]["type"] == "Pattern":
            ahead += members(IDS[id_])
    assert reached == {each["id"] for each in [*TEMPLATES, *PATTERNS]}
