"""What is noticed in statements: counts are a function of the set, whatever was voided when."""

import json
import random
import uuid
from zoneinfo import ZoneInfo

import pytest

from lrs.followers.feed import Follower
from lrs.services.folding import Folding
from lrs.services.setup import first_credential
from lrs.store.reviews import EXAMPLES
from lrs.store.rows import Row, document_id
from schemas.training.terms import BASE, VERSION
from schemas.training.vocabulary import Vocabulary

ADL = "http://adlnet.gov/expapi/verbs"
HOME = "https://hoc.example.vn"


@pytest.fixture
def org(store):
    first_credential(store, "a pepper of thirty-two characters!", "key", "secret")
    return store.organisations.orgs()[0]


@pytest.fixture
def folding(store):
    known = {"26209": "26209@2025-07-01"}
    return Folding(
        store,
        lambda code, _: known.get(code, ""),
        Vocabulary(),
        ZoneInfo("Asia/Ho_Chi_Minh"),
        lambda skill: skill.code == "1.1",
    )


@pytest.fixture
def follow(store, org, folding):
    def run(batch=500):
        follower = Follower(store, "records", "worker", folding.count, prepare=folding.read, batch=batch)
        while follower.forward(org, 10**9):
            pass

    return run


@pytest.fixture
def put(store, org):
    stamps = iter(range(1, 10**6))

    def insert(*statements):
        for each in statements:
            refers = each["object"]["id"] if each["object"].get("objectType") == "StatementRef" else None
            row = Row(
                document_id(org, each["id"]),
                org,
                next(stamps),
                json.dumps(each).encode(),
                [b"k"],
                refers=refers and document_id(org, refers),
                voiding=refers is not None,
            )
            store.statements.insert([row])

    return insert


def statement(verb=f"{ADL}/attended", type_=f"{BASE}/activity-types/community-class", **extensions):
    told = {
        "id": str(uuid.uuid4()),
        "actor": {"account": {"homePage": HOME, "name": "an"}},
        "verb": {"id": verb},
        "object": {"id": f"{HOME}/lop", "definition": {"type": type_}},
        "timestamp": "2025-08-01T00:00:00Z",
    }
    named = {f"{BASE}/extensions/{name.replace('_', '-')}": value for name, value in extensions.items()}
    return told | {"context": {"extensions": named}} if named else told


def naming_the_profile():
    told = statement()
    told["context"] = {"contextActivities": {"category": [{"id": VERSION}]}}
    return told


def voiding(target):
    return {
        "id": str(uuid.uuid4()),
        "actor": {"account": {"homePage": HOME, "name": "operator"}},
        "verb": {"id": f"{ADL}/voided"},
        "object": {"objectType": "StatementRef", "id": target["id"]},
    }


def seen(store, org):
    """What was noticed and how often, without the examples."""
    rows = store.database["reviews"].find({"org": org})
    return {(row["kind"], row["name"], row.get("path"), row.get("rule")): row["statements"] for row in rows}


def counted(store, org, kind):
    return {each.note.name: each.statements for each in store.reviews.most(org, kind, 100)}


def test_good_statements_are_not_worth_a_note(store, org, put, follow):
    put(statement(admin_unit={"code": "26209"}), statement())
    follow()
    assert seen(store, org) == {}


def test_verbs_and_types_that_nobody_knows_are_counted(store, org, put, follow):
    foreign = statement(verb=f"{HOME}/verbs/xong"), statement(verb=f"{HOME}/verbs/xong"), statement(type_=f"{HOME}/lop")
    put(*foreign)
    follow()
    assert counted(store, org, "verb") == {f"{HOME}/verbs/xong": 2}
    assert counted(store, org, "type") == {f"{HOME}/lop": 1}
    [each] = store.reviews.most(org, "verb", 10)
    assert each.examples == [uuid.UUID(told["id"]).bytes for told in foreign[:2]]


def test_units_and_skills_that_no_registry_has_are_flagged(store, org, put, follow):
    skill = {"framework": "DigComp", "version": "2.2"}
    put(
        statement(admin_unit={"code": "99999"}),
        statement(skill=skill | {"code": "9.9"}),
        statement(skill=skill | {"code": "1.1"}),
        statement(target_group=["everybody"]),
    )
    follow()
    assert counted(store, org, "flag") == {"unknown-unit": 1, "unknown-skill": 1, "unknown-group": 1}


def test_statements_that_name_the_profile_are_held_against_their_template(store, org, put, follow):
    put(naming_the_profile(), naming_the_profile(), statement())
    follow()
    [template] = store.reviews.most(org, "template", 10)
    assert template.statements == 2
    assert template.note.name.startswith(BASE)
    assert counted(store, org, "broken") == {template.note.name: 2}
    rules = store.reviews.most(org, "rule", 100)
    assert rules
    assert all(each.note.name == template.note.name and each.note.path and each.note.rule for each in rules)


def test_examples_are_the_last_ones(store, org, put, follow):
    told = [statement(verb=f"{HOME}/xong") for _ in range(EXAMPLES + 5)]
    put(*told)
    follow(batch=4)
    [each] = store.reviews.most(org, "verb", 10)
    assert each.examples == [uuid.UUID(one["id"]).bytes for one in told[5:]]


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_what_is_voided_is_taken_back_once(store, org, put, follow, batch):
    early, late, twice, kept = (statement(verb=f"{HOME}/xong") for _ in range(4))
    put(voiding(late), early, twice, kept)
    follow(batch)
    put(voiding(early), late, voiding(twice), voiding(twice))
    follow(batch)
    assert counted(store, org, "verb") == {f"{HOME}/xong": 1}
    [each] = store.reviews.most(org, "verb", 10)
    assert each.examples == [uuid.UUID(kept["id"]).bytes]
    put(voiding(kept))
    follow(batch)
    assert seen(store, org) == {}


def test_what_was_voided_while_the_worker_slept_is_taken_back_as_if_it_had_not(store, org, put, follow):
    told = [statement(verb=f"{HOME}/xong") for _ in range(6)]
    put(*told, voiding(told[0]), voiding(told[5]))
    follow(batch=3)
    assert counted(store, org, "verb") == {f"{HOME}/xong": 4}


@pytest.mark.parametrize("seed", range(2))
def test_counts_are_the_same_in_whatever_batches(store, org, put, follow, seed):
    rnd = random.Random(seed)
    makers = [
        lambda: statement(verb=f"{HOME}/{rnd.randrange(3)}"),
        lambda: statement(type_=f"{HOME}/{rnd.randrange(3)}"),
        lambda: statement(admin_unit={"code": rnd.choice(["26209", "99999"])}),
        naming_the_profile,
    ]
    told = [rnd.choice(makers)() for _ in range(150)]
    told += [voiding(each) for each in rnd.sample(told, 30)]
    rnd.shuffle(told)
    for begin in range(0, len(told), 40):
        put(*told[begin : begin + 40])
        follow(batch=rnd.choice([3, 7, 50]))
    grown = seen(store, org)
    for name in ("records", "cells", "reviews"):
        store.database[name].delete_many({})
    store.database["places"].update_many({}, {"$set": {"place": 0}})
    follow(batch=1000)
    assert seen(store, org) == grown
    gone = {each["object"]["id"] for each in told if each["object"].get("objectType") == "StatementRef"}
    left = [each for each in told if each["id"] not in gone and each["verb"]["id"].startswith(HOME)]
    assert sum(counted(store, org, "verb").values()) == len(left)
