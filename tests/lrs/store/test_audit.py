"""Chains of the audit, and changes that are made together with their entries."""

import contextlib
import threading
import uuid

import pymongo
import pytest

from lrs.errors import Conflict, LRSError
from lrs.services.audit import holds, sealed_with
from lrs.store import open_store
from lrs.store.entries import START, Entry, record_id
from lrs.store.errors import translated
from schemas.api.audit import AuditQuery

ORG, OTHER = b"chained1", b"chained2"
RENAMED = Entry("cli", "organisation.renamed", "first")


@pytest.fixture(scope="module")
def migrated(mongod):
    name = f"test_{uuid.uuid4().hex}"
    with contextlib.closing(
        open_store(mongod.uri, name, seal=sealed_with("a pepper of 32 characters or more"))
    ) as opened:
        opened.migrate()
        yield opened
        opened.client.drop_database(name)


@pytest.fixture
def store(migrated):
    """One database for all, empty each time: to migrate takes longer than most tests here."""
    for name in ("audit", "places"):
        migrated.database[name].delete_many({})
    return migrated


@pytest.fixture
def rows(store):
    return store.database["audit"]


@pytest.fixture
def chain(store):
    """Return the whole chain of an organisation as it is now."""
    return lambda org=ORG: [link.record for link in store.audit.walk(org)]


@pytest.fixture
def sound(store, chain):
    """Tell whether a chain has no gap, is linked and sealed, as its records say themselves."""

    def is_sound(org=ORG):
        records = chain(org)
        assert [record.seq for record in records] == list(range(1, len(records) + 1))
        assert [record.previous for record in records] == [START, *(record.hash for record in records)][: len(records)]
        return all(holds(record, store.audit.seal) for record in records)

    return is_sound


@pytest.fixture
def at_once():
    """Do something in 16 threads at once, some times each; raise what any of them raises."""

    def run(work, times):
        errors = []

        def repeat():
            try:
                for _ in range(times):
                    work()
            except Exception as error:  # noqa: BLE001 - raised below
                errors.append(error)

        threads = [threading.Thread(target=repeat) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]

    return run


def test_each_organisation_has_a_chain_of_its_own(store, chain, sound):
    store.audit.append(ORG, RENAMED, Entry("key", "credential.created", "made", {"scopes": ["all", "define"], "n": 3}))
    store.audit.append(OTHER, RENAMED)
    store.audit.append(ORG, RENAMED)
    assert sound(ORG)
    assert sound(OTHER)
    assert [len(chain(ORG)), len(chain(OTHER))] == [3, 1]
    second = chain(ORG)[1]
    assert (second.actor, second.action, second.target) == ("key", "credential.created", "made")
    assert second.details == {"scopes": ["all", "define"], "n": 3}


def test_a_change_and_its_entry_are_both_there(store, chain, rows):
    places = store.database["places"]
    made = store.administer(
        ORG,
        lambda session: places.insert_one({"_id": "made"}, session=session).inserted_id,
        lambda result: Entry("cli", "thing.made", result),
    )
    assert made == "made"
    assert places.count_documents({}) == rows.count_documents({}) == 1
    assert chain()[0].target == "made"


def test_of_a_change_that_fails_there_is_neither(store, rows):
    def change(session):
        store.database["places"].insert_one({"_id": "half"}, session=session)
        raise Conflict

    with pytest.raises(Conflict):
        store.administer(ORG, change, RENAMED)
    assert store.database["places"].count_documents({}) == rows.count_documents({}) == 0


def test_where_nothing_changed_nothing_is_told(store, rows):
    assert store.administer(ORG, lambda _session: "as it was", lambda _result: None) == "as it was"
    assert rows.count_documents({}) == 0


def test_one_change_can_be_told_in_two_chains(store, chain):
    store.administer(ORG, lambda session: store.audit.append(OTHER, RENAMED, RENAMED, session=session), RENAMED)
    assert [len(chain(ORG)), len(chain(OTHER))] == [1, 2]


def test_without_a_seal_nothing_is_administered(mongod, store, rows):
    with contextlib.closing(open_store(mongod.uri, store.database.name)) as unsealed:
        change = unsealed.database["places"].insert_one
        with pytest.raises(LRSError, match="LRS_PEPPER"):
            unsealed.administer(ORG, lambda session: change({"_id": "made"}, session=session), RENAMED)
    assert store.database["places"].count_documents({}) == rows.count_documents({}) == 0


def test_sixteen_writers_at_once_make_one_chain(store, chain, sound, at_once):
    at_once(lambda: store.audit.append(ORG, RENAMED), 5)
    at_once(lambda: store.audit.append(ORG, *[RENAMED] * 3), 2)
    assert len(chain()) == 16 * 5 + 16 * 2 * 3
    assert sound()


def test_sixteen_changes_at_once_are_all_made_though_the_store_translates_what_stops_them(store, chain, sound, at_once):
    counters = store.database["places"]

    def count(session):
        with translated(), pymongo.timeout(10):
            counters.update_one({"_id": "counter"}, {"$inc": {"n": 1}}, session=session)

    counters.insert_one({"_id": "counter", "n": 0})
    at_once(lambda: store.administer(ORG, count, RENAMED), 3)
    assert counters.find_one()["n"] == len(chain()) == 48
    assert sound()


@pytest.mark.parametrize(
    "value",
    ["lan@hoc.example.vn", "mailto:lan", "MAILTO:lan", "lan%40hoc.example.vn", "Nguyễn", "Lan Anh", "a\nb", "x" * 301],
)
def test_details_take_nothing_that_may_name_a_person(value):
    with pytest.raises(ValueError, match="words"):
        Entry("cli", "member.invited", "id", {"member": value})
    with pytest.raises(ValueError, match="words"):
        Entry("cli", "member.invited", "id", {"members": ["plain", value]})


@pytest.mark.parametrize(
    ("actor", "action", "details"),
    [("", "member.invited", {}), ("cli", "invited", {}), ("cli", "Member.Invited", {}), ("cli", "a.b", {"$set": 1})],
)
def test_an_entry_is_well_formed(actor, action, details):
    with pytest.raises(ValueError, match=r"reads like|small letters"):
        Entry(actor, action, "id", details)


def test_an_actor_or_a_target_that_may_name_a_person_becomes_a_keyed_hash_by_which_it_is_found(store, chain, rows):
    store.audit.append(ORG, Entry("lan@hoc.example.vn", "credential.disabled", "Nguyễn Lan"), RENAMED)
    assert chain()[0].actor.startswith("hashed:")
    assert chain()[0].target.startswith("hashed:")
    assert "lan" not in str(rows.find_one({"seq": 1})).lower()
    assert [link.seq for link in store.audit.find(ORG, AuditQuery(actor="lan@hoc.example.vn"))] == [1]


@pytest.fixture
def varied(store, rows):
    """Six records, alternately of two actors, then of three actions, and a second apart."""
    for n in range(6):
        store.audit.append(ORG, Entry(f"actor{n % 2}", f"thing.done{'abc'[n % 3]}"))
        rows.update_one({"_id": record_id(ORG, n + 1)}, {"$set": {"time": n * 1_000_000}})
    store.audit.append(OTHER, Entry("actor0", "thing.donea"))


@pytest.mark.usefixtures("varied")
@pytest.mark.parametrize(
    ("query", "places"),
    [
        ({}, [6, 5, 4, 3, 2, 1]),
        ({"ascending": True}, [1, 2, 3, 4, 5, 6]),
        ({"limit": 2}, [6, 5]),
        ({"limit": 2, "after": 5}, [4, 3]),
        ({"limit": 2, "after": 5, "ascending": True}, [6]),
        ({"actor": "actor1"}, [6, 4, 2]),
        ({"action": "thing.donea"}, [4, 1]),
        ({"actor": "actor0", "action": "thing.donea"}, [1]),
        ({"since": 2_000_000}, [6, 5, 4, 3]),
        ({"since": 2_000_000, "until": 4_000_000}, [4, 3]),
        ({"actor": "actor2"}, []),
    ],
)
def test_records_are_found_by_what_they_say(store, query, places):
    assert [link.seq for link in store.audit.find(ORG, AuditQuery(**query))] == places


def test_the_last_records_of_all_chains_are_the_heads(store):
    for org, count in ((b"\xff" * 8, 1), (ORG, 3), (OTHER, 2), (bytes(8), 2)):
        store.audit.append(org, *[RENAMED] * count)
    assert [(org, head.seq) for org, head in store.audit.heads()] == [
        (bytes(8), 2),
        (ORG, 3),
        (OTHER, 2),
        (b"\xff" * 8, 1),
    ]


@pytest.mark.parametrize("stray", ["text", 7, b"short", b"\xff" * 17, record_id(ORG, 1) + b"x"])
def test_what_lies_in_no_place_of_a_chain_is_a_stray_and_in_nobodys_way(store, rows, stray):
    store.audit.append(ORG, RENAMED)
    assert store.audit.strays() == 0
    rows.insert_one(rows.find_one() | {"_id": stray})
    assert store.audit.strays() == 1
    store.audit.append(ORG, RENAMED)
    assert [link.seq for link in store.audit.find(ORG, AuditQuery())] == [2, 1]
    assert [org for org, _ in store.audit.heads()] == [ORG]


def test_a_damaged_chain_can_be_continued(store, rows):
    store.audit.append(ORG, RENAMED, RENAMED)
    rows.update_one({"seq": 2}, {"$unset": {"hash": 1}})
    store.audit.append(ORG, RENAMED)
    assert [link.record is None for link in store.audit.walk(ORG)] == [False, True, False]
