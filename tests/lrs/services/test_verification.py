"""Whatever is done to a chain in the database is found."""

import contextlib
import uuid

import bson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lrs.services.audit import sealed_with
from lrs.services.verification import MOST_TOLD, Verifier
from lrs.store import open_store
from lrs.store.entries import START, Entry, linked, record_id

ORG, OTHER = b"verified", b"anybody1"
LENGTH = 6
ENTRIES = [Entry(f"key{n}", "credential.changed", f"target{n}", {"scopes": ["all"], "count": n}) for n in range(LENGTH)]
WRONG = sealed_with("another pepper of 32 characters!")
WRONG_VALUES = {
    "org": [OTHER, b"", "verified"],
    "seq": [0, 3.0, 99, -1, "3", None],
    "time": [0, 1.5, "now", None],
    "actor": ["key9", "", b"key0", None],
    "action": ["credential.created", "", None],
    "target": ["target9", "", None],
    "details": [{}, {"scopes": ["all"]}, {"scopes": [], "count": 1}, {"scopes": ["all"], "count": True}, [], None],
    "previous": [START[:-1], bytes(31) + b"\1", "", None],
    "hash": [bytes(32), b"", "x", None],
}


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
def written(store, rows):
    """Return the documents of a chain, which is in the database."""
    store.audit.append(ORG, *ENTRIES)
    return list(rows.find().sort("_id", 1))


@pytest.fixture
def put(rows):
    """Have these documents in the database, and no others."""

    def replace(documents):
        rows.delete_many({})
        if documents:
            rows.insert_many(documents)

    return replace


@pytest.fixture
def head(store, written):
    """Return the last record as it was kept elsewhere."""
    return store.audit.at(ORG, [len(written)])[len(written)]


@pytest.fixture
def findings(store):
    """Verify; return what is wrong as (kind, first, last)."""

    def verify(*anchors, org=ORG):
        return [tuple(finding) for finding in Verifier(store.audit).verify(org, anchors).findings]

    return verify


def test_a_chain_that_nobody_touched_is_sound(store, written, head):
    verdict = Verifier(store.audit).verify(ORG, [head])
    assert verdict.sound
    assert (verdict.records, verdict.last, verdict.anchors) == (len(written), len(written), 1)


def test_no_chain_is_sound(store):
    assert Verifier(store.audit).verify(ORG).sound


@pytest.mark.parametrize("member", WRONG_VALUES)
def test_every_change_of_every_member_of_every_record_is_found(written, put, rows, findings, member):
    for n, document in enumerate(written):
        for value in [*WRONG_VALUES[member], written[n - 1][member]]:
            if bson.encode({"": value}) == bson.encode({"": document[member]}):
                continue
            put(written)
            rows.update_one({"_id": document["_id"]}, {"$set": {member: value}})
            assert ("altered", n + 1, n + 1) in findings(), (document["seq"], value)


def test_a_member_too_few_or_too_many_is_found(written, put, rows, findings):
    for member in (*WRONG_VALUES, "details.count"):
        put(written)
        rows.update_one({"seq": 3}, {"$unset": {member: 1}})
        assert ("altered", 3, 3) in findings()
    for member in ("more", "details.more"):
        put(written)
        rows.update_one({"seq": 3}, {"$set": {member: "x"}})
        assert ("altered", 3, 3) in findings()


def test_every_deletion_is_found(written, put, findings, head):
    for n in range(len(written) - 1):
        put([*written[:n], *written[n + 1 :]])
        assert findings() == [("missing", n + 1, n + 1)]
    put(written[:1] + written[4:])
    assert findings(head) == [("missing", 2, 4)]


def test_a_deletion_after_which_the_rest_moved_up_is_found(written, put, findings):
    moved = [
        document | {"_id": record_id(ORG, document["seq"] - 1), "seq": document["seq"] - 1} for document in written[3:]
    ]
    put([*written[:2], *moved])
    assert [finding[0] for finding in findings()] == ["altered"] * len(moved)


@pytest.mark.parametrize("places", [True, False])
def test_every_swap_is_found(written, put, findings, places):
    for first in range(len(written)):
        for second in range(first + 1, len(written)):
            one, two = written[first], written[second]
            changed = list(written)
            changed[first] = two | {"_id": one["_id"]} | ({"seq": one["seq"]} if places else {})
            changed[second] = one | {"_id": two["_id"]} | ({"seq": two["seq"]} if places else {})
            put(changed)
            assert {("altered", n + 1, n + 1) for n in (first, second)} <= set(findings())


def test_a_cut_end_is_seen_by_an_anchor_only(written, put, findings, head):
    for left in range(len(written)):
        put(written[:left])
        assert findings() == []
        assert findings(head) == [("cut", left + 1, len(written))]


def test_a_chain_that_went_on_after_its_end_was_cut_is_not_what_the_anchor_says(store, written, put, findings, head):
    put(written[:3])
    store.audit.append(ORG, *ENTRIES)
    assert findings() == []
    assert findings(head) == [("replaced", len(written), len(written))]


def test_a_record_made_without_the_key_is_found(store, written, put, findings, head):
    [forged] = linked(ORG, head, [ENTRIES[0]], 0, WRONG)
    put([*written, forged.document()])
    assert findings(head) == [("altered", len(written) + 1, len(written) + 1)]
    [foreign] = linked(OTHER, None, [ENTRIES[0]], 0, store.audit.seal)
    put([*written, foreign.document() | {"_id": record_id(ORG, len(written) + 1)}])
    assert findings(head) == [("altered", len(written) + 1, len(written) + 1)]


def test_a_record_put_in_before_the_first_is_found(written, put, findings):
    put([written[1] | {"_id": record_id(ORG, 0), "seq": 0}, *written])
    assert findings() == [("altered", 0, 0), ("unlinked", 1, 1)]


def test_a_good_record_of_another_history_is_not_the_successor(store, written, put, findings):
    other = linked(ORG, None, ENTRIES, 0, store.audit.seal)
    put([*written[:3], other[3].document(), *written[4:]])
    assert findings() == [("unlinked", 4, 4), ("unlinked", 5, 5)]


def test_a_chain_made_anew_with_another_key_is_found(put, findings):
    put([each.document() for each in linked(ORG, None, ENTRIES, 0, WRONG)])
    assert findings() == [("altered", n + 1, n + 1) for n in range(LENGTH)]


def test_a_chain_made_anew_with_the_key_is_seen_by_every_anchor(store, written, put, findings):
    anchors = store.audit.at(ORG, [2, 4])
    put([each.document() for each in linked(ORG, None, ENTRIES, 0, store.audit.seal)])
    assert findings() == []
    assert findings(*anchors.values()) == [("replaced", 2, 2), ("replaced", 4, 4)]
    put(written)
    assert findings(*anchors.values()) == []


def test_an_anchor_that_nobody_here_wrote_is_found(store, written, findings, head):
    [foreign] = linked(OTHER, None, ENTRIES[:1], 0, store.audit.seal)
    assert len(written) == head.seq
    assert findings(head._replace(time=0)) == [("forged", head.seq, head.seq)]
    assert findings(head._replace(seq=99)) == [("forged", 99, 99)]
    assert findings(foreign) == [("forged", 1, 1)]


def test_of_very_many_faults_the_first_are_told_and_all_counted(store, rows):
    store.audit.append(ORG, *ENTRIES * 25)
    rows.update_many({}, {"$set": {"actor": "nobody"}})
    verdict = Verifier(store.audit).verify(ORG)
    assert (len(verdict.findings), verdict.faults) == (MOST_TOLD, 150)


def test_whoever_waits_hears_how_far_it_is(store, monkeypatch):
    heard = []
    monkeypatch.setattr("lrs.services.verification.EVERY", 50)
    store.audit.append(ORG, *ENTRIES * 20)
    Verifier(store.audit).verify(ORG, progress=heard.append)
    assert heard == [50, 100]


PLACES = st.integers(1, LENGTH)
MUTATIONS = st.one_of(
    st.tuples(st.just("delete"), PLACES, PLACES, st.none()),
    st.tuples(st.just("swap"), PLACES, PLACES, st.sampled_from([*WRONG_VALUES, "all"])),
    st.tuples(st.just("copy"), PLACES, st.integers(0, LENGTH + 2), st.none()),
    *(st.tuples(st.just(member), PLACES, PLACES, st.sampled_from(values)) for member, values in WRONG_VALUES.items()),
)


def mutated(documents, mutations):
    """Return the documents after these mutations, by their ``_id``."""
    found = {document["_id"]: dict(document) for document in documents}
    for kind, first, second, value in mutations:
        one, two = record_id(ORG, first), record_id(ORG, second)
        if kind == "delete":
            found.pop(one, None)
        elif one not in found:
            continue
        elif kind == "copy":
            found[two] = found[one] | {"_id": two, "seq": second}
        elif kind != "swap":
            found[one][kind] = value
        elif two in found:
            for member in WRONG_VALUES if value == "all" else [value]:
                found[one][member], found[two][member] = found[two][member], found[one][member]
    return [found[each] for each in sorted(found)]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutations=st.lists(MUTATIONS, min_size=1, max_size=4))
def test_a_chain_is_sound_only_as_it_was_written(written, put, findings, head, mutations):
    changed = mutated(written, mutations)
    put(changed)
    same = [bson.encode(document) for document in changed] == [bson.encode(document) for document in written]
    assert (findings(head) == []) == same
