"""Records and cells are a function of the set of statements, whatever the order and the batches."""

import json
import os
import random
import uuid
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from lrs.followers.feed import Follower
from lrs.services.auth import principal_of
from lrs.services.folding import Folding
from lrs.services.learners import LearnerService, Wanted
from lrs.services.setup import first_credential
from lrs.store.rows import Row, document_id
from schemas.training.terms import BASE
from schemas.training.vocabulary import Vocabulary
from schemas.xapi.keys import statement_keys

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
VOCABULARY = Vocabulary()
ADL = "http://adlnet.gov/expapi/verbs"
PEPPER = "a pepper for tests, of 32 characters or more"
HOME = "https://hoc.example.vn"
GENERATED = int(os.environ.get("SOHOC_GENERATED", "1000"))
"""Statements of the property; the whole measure is 50000."""


@pytest.fixture
def org(store):
    first_credential(store, PEPPER, "key", "secret")
    return store.organisations.orgs()[0]


@pytest.fixture
def principal(store, org):
    return principal_of(store.credentials.find("key"), store.organisations.of(org))


@pytest.fixture
def folding(store):
    return Folding(store, lambda code, _: f"{code}@2025-07-01", VOCABULARY, ZONE)


@pytest.fixture
def follow(store, folding):
    """Fold everything that is stored, in batches of a size; tell how much was read."""

    def run(org, batch=500):
        follower = Follower(store, "records", "worker", folding.fold, batch=batch)
        read = 0
        while count := follower.forward(org, 10**9):
            read += count
        return read

    return run


@pytest.fixture
def put(store, org):
    """Store statements, each with the next stamp; tell their ids."""
    stamps = iter(range(1, 10**6))

    def insert(*statements):
        rows = []
        for statement in statements:
            refers = statement["object"]["id"] if statement["object"].get("objectType") == "StatementRef" else None
            rows.append(
                Row(
                    document_id(org, statement["id"]),
                    org,
                    next(stamps),
                    json.dumps(statement).encode(),
                    statement_keys(statement, person("authority")),
                    refers=refers and document_id(org, refers),
                    voiding=statement["verb"]["id"].endswith("voided"),
                )
            )
        for begin in range(0, len(rows), 50):
            store.statements.insert(rows[begin : begin + 50])

    return insert


def person(name):
    return {"account": {"homePage": HOME, "name": name}}


def statement(verb="attended", who="an", activity="lop-1", *, unit="26209", month=8, **context):
    return {
        "id": str(uuid.uuid4()),
        "actor": person(who),
        "verb": {"id": f"{ADL}/{verb}"},
        "object": {"id": f"{HOME}/{activity}", "definition": {"type": f"{BASE}/activity-types/community-class"}},
        "context": {"extensions": {f"{BASE}/extensions/admin-unit": {"code": unit, "asOf": "2025-08-01"}} | context},
        "timestamp": datetime(2025, month, 15, tzinfo=UTC).isoformat(),
    }


def voiding(target):
    return {
        "id": str(uuid.uuid4()),
        "actor": person("operator"),
        "verb": {"id": f"{ADL}/voided"},
        "object": {"objectType": "StatementRef", "id": target["id"]},
    }


def derived(store, org):
    """Everything that was derived, as it lies there."""
    return {
        name: sorted(store.database[name].find({"org": org}), key=lambda row: row["_id"])
        for name in ("records", "cells")
    }


def coverage(store, org):
    return {
        (cell.month, cell.dims["unit"], cell.dims["verb"]): (len(tally.learners), tally.statements)
        for cell, tally in store.cells.of(org, "coverage")
    }


def test_who_comes_twice_is_one_person_with_one_record(store, org, put, follow):
    put(statement(), statement(), statement(who="binh"))
    follow(org)
    assert coverage(store, org) == {("2025-08", "26209@2025-07-01", "attended"): (2, 3)}
    assert store.database["records"].count_documents({}) == 2


def test_months_are_cut_where_people_live(store, org, put, follow):
    late = statement() | {"timestamp": "2025-08-31T17:30:00Z"}
    put(late)
    follow(org)
    assert {cell.month for cell, _ in store.cells.of(org, "coverage")} == {"2025-09"}


@pytest.mark.parametrize(
    ("timestamp", "month"),
    [
        ("9999-12-31T23:59:59Z", "9999-12"),
        ("9999-12-31T20:00:00-14:00", "9999-12"),
        ("0001-01-01T00:00:00+14:00", "0001-01"),
        ("0001-01-01T00:00:00Z", "0001-01"),
    ],
)
def test_the_ends_of_time_are_months_too(store, org, put, follow, timestamp, month):
    each = statement() | {"timestamp": timestamp}
    del each["context"]["extensions"][f"{BASE}/extensions/admin-unit"]["asOf"]
    put(each, statement())
    follow(org)
    assert {cell.month for cell, _ in store.cells.of(org, "coverage")} == {month, "2025-08"}
    odd = store.database["records"].find_one({"org": org})
    assert odd["flags"] == ["odd-timestamp"]
    assert store.aside.count(org) == 0


def test_a_voided_statement_counts_nowhere_whichever_came_first(store, org, put, follow):
    early, late, kept = statement(who="binh"), statement(who="binh"), statement()
    put(early, voiding(late), kept)
    follow(org)
    put(late, voiding(early))
    follow(org)
    assert coverage(store, org) == {("2025-08", "26209@2025-07-01", "attended"): (1, 1)}
    assert store.database["records"].count_documents({}) == 1


def test_who_did_the_same_elsewhere_too_stays_in_the_cell(store, org, put, follow):
    one, other = statement(activity="lop-1"), statement(activity="lop-2")
    put(one, other)
    follow(org)
    put(voiding(one))
    follow(org)
    assert coverage(store, org) == {("2025-08", "26209@2025-07-01", "attended"): (1, 1)}


def test_members_of_a_group_are_counted_as_people_and_the_group_is_not(store, org, put, follow):
    group = {
        "objectType": "Group",
        "account": {"homePage": HOME, "name": "to-5"},
        "member": [person("an"), person("binh")],
    }
    put(statement() | {"actor": group})
    follow(org)
    assert coverage(store, org)["2025-08", "26209@2025-07-01", "attended"] == (2, 1)
    assert store.database["records"].count_documents({"group": True}) == 1


def test_a_batch_that_was_counted_is_not_counted_again(store, org, put, folding):
    put(statement(), statement(who="binh"))
    batch = store.statements.after(org, 0, through=10**9, most=10)
    folding.fold(org, batch, lambda _: None)
    once = derived(store, org)
    folding.fold(org, batch, lambda _: None)
    assert derived(store, org) == once


def test_what_another_worker_has_taken_over_is_not_counted_by_two(store, org, put, folding):
    put(statement())
    slow = Follower(store, "records", "slow", folding.fold)
    quick = Follower(store, "records", "quick", folding.fold)
    real = folding.fold

    def overtaken(org, batch, move):
        store.database["places"].update_many({}, [{"$set": {"until": "$$NOW"}}])
        quick._effect = real
        quick.forward(org, 10**9)
        real(org, batch, move)

    slow._effect = overtaken
    with pytest.raises(Exception, match="taken over"):
        slow.forward(org, 10**9)
    assert coverage(store, org) == {("2025-08", "26209@2025-07-01", "attended"): (1, 1)}


def generated(rnd):
    """Make statements of few people in few places, some voided, and the voidings, in any order."""
    told = []
    for _ in range(GENERATED):
        verb = rnd.choice(["registered", "attended", "completed", "passed", "failed"])
        each = statement(
            verb,
            f"p{rnd.randrange(GENERATED // 10)}",
            f"lop-{rnd.randrange(20)}",
            unit=rnd.choice(["26209", "26080", "25195"]),
            month=rnd.randrange(7, 10),
            **{f"{BASE}/extensions/target-group": [rnd.choice(["elderly", "citizen"])]},
        )
        if verb in ("passed", "failed"):
            each["result"] = {"score": {"scaled": rnd.choice([0.2, 0.5, 0.9])}, "duration": "PT20M"}
        if rnd.random() < 0.3:
            each["context"]["team"] = {"objectType": "Group", **person(f"to-{rnd.randrange(5)}")}
        told.append(each)
    told += [voiding(each) for each in rnd.sample(told, GENERATED // 20)]
    rnd.shuffle(told)
    return told


def joined(rnd):
    """Make decisions about people that are sure to be known."""
    people = [f"account:{HOME} p-known-{n}" for n in range(8)]
    one, other = rnd.sample(people, 2)
    return Wanted("join", one, "roster", other) if rnd.random() < 0.7 else Wanted("split", one, "mistake")


def test_a_rebuild_gives_the_same_bytes_as_what_arrived_bit_by_bit(store, org, put, follow, folding, principal):
    """Whatever is voided, read twice, or decided about people meanwhile."""
    rnd = random.Random(5)
    told = generated(rnd)
    known = [statement(who=f"p-known-{n % 8}", activity=f"lop-{n}") for n in range(len(told) // 10)]
    told = known[:8] + rnd.sample(told + known[8:], len(told) + len(known) - 8)
    people, place, again = LearnerService(store, folding, PEPPER), 0, 0
    for begin in range(0, len(told), 250):
        put(*told[begin : begin + 250])
        follow(org, batch=rnd.choice([7, 50, 300]))
        if rnd.random() < 0.3:
            store.database["places"].update_one({"_id": f"records:{org.hex()}"}, {"$set": {"place": place}})
            again += follow(org)
        if rnd.random() < 0.3:
            people.link(principal, [joined(rnd)])
        place = begin
    grown = derived(store, org)
    for name in grown:
        store.database[name].delete_many({"org": org})
    assert store.places.reset(f"records:{org.hex()}", "worker")
    assert follow(org, batch=1000) >= len(told)
    assert again
    assert grown["records"]
    assert derived(store, org) == grown


def test_a_record_that_is_told_more_than_it_can_hold_says_so_and_stops_nothing(store, org, put, follow, monkeypatch):
    monkeypatch.setattr("lrs.services.counting.MOST_EVIDENCE", 3)
    monkeypatch.setattr("schemas.training.records.MOST_EVIDENCE", 3)
    put(*(statement() for _ in range(5)), statement(who="binh"))
    follow(org)
    assert coverage(store, org) == {("2025-08", "26209@2025-07-01", "attended"): (2, 4)}
    flags = [row.get("flags") for row in store.database["records"].find().sort("statements", -1)]
    assert flags == [["too-much-evidence"], None]


def test_long_names_of_programmes_do_not_outgrow_a_record(store, org, put, follow):
    names = [f"{n:02}" + "\u1ec7" * 190 for n in range(32)]
    many = [statement(**{f"{BASE}/extensions/programme": names}) for _ in range(1200)]
    put(*many)
    follow(org)
    [row] = store.database["records"].find()
    assert (row["statements"], row["flags"]) == (1200, ["too-much-evidence"])
    assert len(row["evidence"]) < 400_000
    assert store.aside.count(org) == 0
    assert {cell.dims["programmes"] for cell, _ in store.cells.of(org, "coverage")} == {tuple(names)}
