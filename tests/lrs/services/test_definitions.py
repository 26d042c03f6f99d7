import json
import time

import pytest

from lrs.services.definitions import LARGEST, Definitions
from lrs.store import open_store

ORG = b"org-0001"
COURSE = "https://hoc.example.vn/courses/an-toan-so"


@pytest.fixture
def definitions(store):
    return Definitions(store.activities)


def said(*several):
    return [{"object": {"id": COURSE, "definition": definition}} for definition in several]


def named(name, language="vi"):
    return {"name": {language: name}}


def known(definitions):
    return json.loads(definitions.of(ORG, [COURSE]).get(COURSE, b"null"))


def test_what_was_said_last_counts_also_when_it_was_said_before(definitions):
    for name in ("một", "hai", "một"):
        definitions.learn(ORG, said(named(name)))
        assert known(definitions) == named(name)
    definitions.learn(ORG, said(named("hai"), named("một"), named("hai")))
    assert known(definitions) == named("hai")


def test_what_changes_nothing_is_asked_once(definitions, store):
    both = said(named("Bài"), named("Quiz", "en"))
    definitions.learn(ORG, both + both)
    store.database["activities"].delete_many({})
    definitions.learn(ORG, both)
    assert known(definitions) is None


def test_another_organisation_is_another_matter(definitions):
    definitions.learn(b"org-0002", said(named("một")))
    definitions.learn(ORG, said(named("một")))
    assert known(definitions) == named("một")


def test_processes_agree_after_a_while(store):
    one, other = (Definitions(store.activities, agreeing=0.2) for _ in range(2))
    one.learn(ORG, said(named("một")))
    other.learn(ORG, said(named("hai")))
    time.sleep(0.25)
    one.learn(ORG, said(named("một")))
    assert known(other) == named("một")


def test_a_definition_grows_up_to_a_limit_and_then_stays(definitions):
    half = "x" * (LARGEST * 2 // 3)
    first = {"extensions": {"https://hoc.example.vn/a": half}}
    definitions.learn(ORG, said(first, {"extensions": {"https://hoc.example.vn/b": half}}))
    assert known(definitions) == first
    definitions.learn(ORG, said(named("Bài")))
    assert known(definitions) == first | named("Bài")


def test_what_is_too_large_from_the_start_is_not_kept(definitions):
    definitions.learn(ORG, said({"extensions": {"https://hoc.example.vn/a": "x" * LARGEST}}))
    assert known(definitions) is None


def test_while_the_database_is_away_nothing_is_learned_and_nothing_raised(definitions, store, database, caplog):
    away = open_store("mongodb://127.0.0.1:1/?directConnection=true", database, deadline=0.4)
    definitions._activities = away.activities
    definitions.learn(ORG, said(named("một")))
    assert "not learned" in caplog.text
    definitions._activities = store.activities
    definitions.learn(ORG, said(named("một")))
    assert known(definitions) == named("một")
    away.close()
