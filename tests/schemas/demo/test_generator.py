"""The demonstration data: valid, the same for one seed, mostly as our profile has it, and nowhere a person's name."""

import json
import re
from collections import Counter

import pytest

from schemas.demo.aims import targets
from schemas.demo.days import ZONE
from schemas.demo.events import EMULATION, LITERACY, RESOLUTION, Event, Voiding
from schemas.demo.generator import CHAPTER, Demo
from schemas.training.facts import facts_of
from schemas.training.templates import Templates
from schemas.training.vocabulary import Vocabulary, unmapped
from schemas.xapi.parsing import parse_json
from schemas.xapi.statements import load_statements

SAMPLE = range(0, 600, 75)


@pytest.fixture(scope="module")
def demo():
    return Demo(1, 20_000, 300_000)


@pytest.fixture(scope="module")
def events(demo):
    return [event for chapter in SAMPLE for event in demo.events(chapter)]


@pytest.fixture(scope="module")
def statements(demo):
    """Statements as they are read from their text."""
    return [each for chapter in SAMPLE for each in parse_json(json.dumps(demo.chapter(chapter)).encode())]


def test_all_are_valid_and_have_ids_of_their_own(statements):
    assert len(load_statements(statements, "2.0.0")) == len(statements) == len(SAMPLE) * CHAPTER


def test_nine_in_ten_name_the_profile_and_follow_its_templates(statements):
    templates = Templates()
    reviews = [templates.follows(each) for each in statements]
    followed = [review for review in reviews if review and review.template and not review.faults]
    assert len(followed) >= 0.9 * len(statements)
    assert all(review is None or review in followed for review in reviews)


def test_some_come_from_tools_with_words_of_their_own(statements):
    vocabulary = Vocabulary()
    assert any("moodle" in each["object"].get("id", "") for each in statements)
    assert {kind for each in statements for kind, _ in unmapped(each, vocabulary)} == {"verb", "type"}


def test_facts_are_what_happened(events, statements):
    vocabulary = Vocabulary()
    for event, statement in zip(events, statements, strict=True):
        facts = facts_of(statement, vocabulary)
        if isinstance(event, Voiding) or not event.verb:
            assert facts is None
            continue
        assert (facts.verb, facts.timestamp) == (event.verb, round(event.at.timestamp() * 1_000_000))
        assert facts.flags == ()
        if event.form == "profile":
            assert (facts.unit.code, facts.programmes) == (event.unit.code, tuple(sorted(event.programmes)))


def test_the_same_seed_makes_the_same_and_another_one_makes_others():
    first, again, other = (Demo(seed, 500, 600).chapter(1) for seed in (1, 1, 2))
    assert first == again
    assert not {each["id"] for each in first} & {each["id"] for each in other}


def test_a_larger_set_begins_with_a_smaller_one():
    small, large = Demo(1, 500, 300), Demo(1, 500, 1300)
    assert small.chapter(0) == large.chapter(0)[:300]
    assert [large.size(each) for each in large.chapters] == [500, 500, 300]
    assert large.last_id(2) == large.chapter(2)[-1]["id"]


def test_it_lies_in_all_units_of_today_and_in_those_before_them(demo, events):
    assert len(demo.places.places) == 95
    days = [each.at.date() for each in events]
    assert (min(days).isoformat()[:7], max(days).isoformat()[:7]) == ("2025-05", "2026-10")
    told = [each for each in events if isinstance(each, Event)]
    assert all(each.unit.begins <= each.at.date() < each.unit.ends for each in told)
    assert {each.unit.valid_from and each.unit.valid_from.isoformat() for each in told} == {
        None,
        "2025-07-01",
        "2026-04-30",
    }


def test_the_summer_of_2025_is_its_peak(events):
    months = Counter(f"{each.at.astimezone(ZONE):%Y-%m}" for each in events)
    assert sorted(month for month, _ in months.most_common(2)) == ["2025-07", "2025-08"]
    assert months["2025-07"] + months["2025-08"] > 0.4 * len(events)


def test_remote_units_are_so_small_that_their_figures_are_hidden(demo):
    sizes = {place.is_remote: [] for place in demo.places.places}
    for place in demo.places.places:
        sizes[place.is_remote].append(place.end - place.first)
    assert 0 < max(sizes[True]) < 10 < min(sizes[False])


def test_everybody_appears_at_last(demo):
    assert len(demo.chapters) * 40 >= 20_000
    first = {each.person.number for each in demo.events(0) if isinstance(each, Event) and each.person}
    assert {person.number for person in demo.places.turns[:40]} <= first
    assert sorted(demo.places.turns) == demo.places.people


def test_three_programmes_and_every_kind_of_training_are_there(events):
    told = [each for each in events if isinstance(each, Event)]
    assert {each for event in told for each in event.programmes} == {LITERACY, RESOLUTION, EMULATION}
    assert {each.type for each in told} >= {
        "support-session", "community-class", "conference-session", "course", "skill", "skill-confirmation",
        "digital-public-service-task", "e-identity-task", "cashless-payment-task", "e-commerce-task",
        "digital-platform-task", "internship", "lab-visit", "outreach-event", "emulation-title", "follow-up-survey",
    }  # fmt: skip
    assert any(isinstance(each, Voiding) for each in events)
    assert any(each.headcount for each in told)


def test_nobody_has_a_name_a_number_of_papers_or_a_mailbox(statements):
    for statement in statements:
        assert "name" not in statement["actor"].keys() - {"objectType", "account"}
        text = json.dumps(
            statement | {"id": "", "context": {**statement.get("context", {}), "registration": ""}}, default=str
        )
        assert not re.search(r"mailto:|(?<![0-9a-f-])[0-9]{9,12}(?![0-9a-f-])", text)


def test_targets_are_of_units_that_have_people(demo):
    found = list(targets(demo.places))
    assert len({(each.programme, each.unit, each.group, each.year) for each in found}) == len(found)
    assert {each.unit for each in found} == {place.unit.code for place in demo.places.places}
