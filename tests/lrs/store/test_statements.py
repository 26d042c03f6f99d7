import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest

from lrs.errors import PayloadTooLarge
from lrs.store import statements
from lrs.store.pages import Selection
from lrs.store.references import LONGEST_CHAIN
from lrs.store.rows import Row
from lrs.store.statements import Taken

ORG = b"lachong1"
OTHER = b"partner1"


def row(number, *, key=b"k", refers=None, voiding=False, org=ORG, stored=None):
    return Row(
        id=org + UUID(int=number).bytes,
        org=org,
        stored=stored or number,
        raw=b"%d" % number,
        keys=[key],
        refers=org + UUID(int=refers).bytes if refers else None,
        voiding=voiding,
    )


def found(store, *keys, limit=50, **changes):
    selection = Selection(org=ORG, keys=[[key] for key in keys], **changes)
    return [int(statement.raw) for statement in store.statements.page(selection, limit=limit).statements]


def test_what_was_stored_is_found_by_its_id(store):
    store.statements.insert([row(1)])
    assert store.statements.get(row(1).id, voided=False).raw == b"1"
    assert store.statements.get(row(1).id, voided=True) is None
    assert store.statements.get(row(2).id, voided=False) is None


def test_a_taken_id_is_told_and_nothing_of_the_batch_is_stored(store):
    store.statements.insert([row(2)])
    with pytest.raises(Taken) as taken:
        store.statements.insert([row(1), row(2), row(3)])
    assert [found.raw for found in taken.value.taken] == [b"2"]
    assert found(store) == [2]


def test_a_taken_id_of_a_single_statement_is_told(store):
    store.statements.insert([row(1)])
    with pytest.raises(Taken):
        store.statements.insert([row(1, key=b"other")])
    assert found(store, b"k") == [1]


def test_the_same_id_in_two_organisations_is_two_statements(store):
    store.statements.insert([row(1)])
    store.statements.insert([row(1, org=OTHER)])
    assert found(store) == [1]


def test_of_many_who_write_one_id_at_once_one_succeeds(store):
    barrier = threading.Barrier(8)

    def write(_):
        barrier.wait()
        try:
            store.statements.insert([row(1), row(2)])
        except Taken:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write, range(8))) == 1
    assert found(store) == [2, 1]


@pytest.mark.parametrize("order", list(itertools.permutations(["target", "voider", "voider of the voider"])))
@pytest.mark.parametrize("together", [False, True])
def test_voiding_ends_alike_in_every_order(store, order, together):
    rows = {
        "target": row(1, key=b"target"),
        "voider": row(2, refers=1, voiding=True),
        "voider of the voider": row(3, refers=2, voiding=True),
    }
    batches = [[rows[name] for name in order]] if together else [[rows[name]] for name in order]
    for batch in batches:
        store.statements.insert(batch)
    assert found(store) == [3, 2]
    assert store.statements.get(row(1).id, voided=True).raw == b"1"
    assert store.statements.get(row(2).id, voided=True) is None


@pytest.mark.parametrize("order", list(itertools.permutations([1, 2, 3, 4])))
def test_a_chain_of_references_is_found_by_every_target_in_every_order(store, order):
    rows = {
        1: row(1, key=b"k1"),
        2: row(2, key=b"k2", refers=1),
        3: row(3, key=b"k3", refers=2),
        4: row(4, key=b"k4", refers=3),
    }
    for number in order:
        store.statements.insert([rows[number]])
    assert found(store, b"k1") == [4, 3, 2, 1]
    assert found(store, b"k2") == [4, 3, 2]
    assert found(store, b"k3") == [4, 3]
    assert found(store, b"k4") == [4]


def test_a_chain_in_one_batch_is_found_too(store):
    store.statements.insert([row(3, key=b"k3", refers=2), row(2, key=b"k2", refers=1), row(1, key=b"k1")])
    assert found(store, b"k1") == [3, 2, 1]


def test_statements_that_refer_to_each_other_end(store):
    store.statements.insert([row(1, key=b"k1", refers=2)])
    store.statements.insert([row(2, key=b"k2", refers=1)])
    assert found(store, b"k1") == [2, 1]
    assert found(store, b"k2") == [2, 1]


def test_one_statement_must_meet_all_conditions(store):
    """A mix of the referrer's verb and the target's agent is no match."""
    store.statements.insert([row(1, key=b"agent")])
    store.statements.insert([row(2, key=b"verb", refers=1)])
    assert found(store, b"agent", b"verb") == []


def test_a_voided_statement_still_leads_to_those_that_refer_to_it(store):
    store.statements.insert([row(1, key=b"k1"), row(2, key=b"k2", refers=1), row(3, refers=1, voiding=True)])
    assert found(store, b"k1") == [3, 2]


def test_a_voided_referrer_is_not_found_through_its_target(store):
    store.statements.insert([row(1, key=b"k1"), row(2, key=b"k2", refers=1), row(3, refers=2, voiding=True)])
    assert found(store, b"k1") == [3, 1]


def test_references_and_their_target_arriving_at_once_all_meet(store):
    for round_ in range(20):
        base = round_ * 100 + 1
        rows = [row(base, key=b"t%d" % round_)]
        rows += [row(base + n, key=b"r", refers=base) for n in range(1, 6)]
        rows += [row(base + 10 + n, key=b"rr", refers=base + n) for n in range(1, 3)]
        barrier = threading.Barrier(len(rows))

        def write(each, barrier=barrier):
            barrier.wait()
            store.statements.insert([each])

        with ThreadPoolExecutor(len(rows)) as pool:
            list(pool.map(write, rows))
        assert sorted(found(store, b"t%d" % round_)) == sorted(int(each.raw) for each in rows)


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_have_no_gap_and_no_repeat_even_at_one_instant(store, ascending, limit):
    stamps = [10, 20, 20, 20, 20, 30, 30, 40, 40, 40]
    store.statements.insert([row(n + 1, stored=stamp) for n, stamp in enumerate(stamps)])
    seen, position = [], None
    for _ in range(20):
        selection = Selection(org=ORG, keys=[[b"k"]], ascending=ascending, position=position)
        page = store.statements.page(selection, limit=limit)
        assert len(page.statements) <= limit
        seen += page.statements
        position = page.position
        if position is None:
            break
    assert sorted(int(statement.raw) for statement in seen) == list(range(1, 11))
    order = [statement.stored for statement in seen]
    assert order == sorted(stamps, reverse=not ascending)


def test_since_is_exclusive_and_until_inclusive(store):
    store.statements.insert([row(n) for n in (1, 2, 3, 4)])
    assert found(store, since=1, until=3) == [3, 2]


def test_the_feed_never_ends_between_two_statements_of_one_instant(store):
    store.statements.insert([row(n + 1, stored=stamp) for n, stamp in enumerate([1, 2, 2, 2, 3])])
    batch = store.statements.after(ORG, 0, through=10, most=2)
    assert sorted(statement.stored for statement in batch) == [1, 2, 2, 2]
    assert [s.stored for s in store.statements.after(ORG, 2, through=10, most=2)] == [3]
    assert store.statements.after(ORG, 0, through=0, most=2) == []


def test_the_feed_is_read_in_parts_that_memory_bears(store, monkeypatch):
    monkeypatch.setattr(statements, "HEAVY", 100)
    rows = [row(n) for n in range(1, 8)]
    for each in rows:
        each.raw = b" " * 40
    store.statements.insert(rows)
    assert [each.stored for each in store.statements.after(ORG, 0, through=10, most=9)] == [1, 2, 3]
    assert [each.stored for each in store.statements.having_any(ORG, [b"k"], 3, most=9)] == [4, 5, 6]
    assert [each.stored for each in store.statements.after(ORG, 6, through=10, most=9)] == [7]


def test_restamping_moves_a_statement_and_what_leads_to_it(store):
    store.statements.insert([row(1, key=b"k1")])
    moved = row(2, refers=1)
    store.statements.insert([moved])
    moved.stored, moved.raw = 100, b"2"
    store.statements.restamp([moved])
    assert found(store, b"k1", since=50) == [2]
    assert found(store, since=50) == [2]


def test_an_unknown_target_leaves_no_statement_behind(store):
    store.statements.insert([row(1, refers=99)])
    assert found(store) == [1]
    assert store.statements.get(row(99).id, voided=False) is None
    assert store.statements.get(ORG + uuid4().bytes, voided=False) is None


def test_a_long_chain_in_one_batch_is_stored_in_time(store):
    store.statements.insert([row(n, key=b"k%d" % n, refers=n - 1 if n > 1 else None) for n in range(1, 1001)])
    assert found(store, b"k500") == list(range(500 + LONGEST_CHAIN, 499, -1))


def test_what_many_wait_for_is_stored_in_time(store):
    store.statements.insert([row(n, refers=1) for n in range(2, 1002)])
    store.statements.insert([row(1, key=b"awaited")])
    assert len(found(store, b"awaited", limit=2000)) == 1001


def test_more_references_than_fit_into_a_transaction_are_refused_whole(store):
    crowd = row(1)
    crowd.keys = [b"%d" % n for n in range(10_000)]
    store.statements.insert([crowd])
    with pytest.raises(PayloadTooLarge):
        store.statements.insert([row(n, refers=1) for n in range(2, 30)])
    assert found(store) == [1]
    assert store.statements.get(row(2).id, voided=False) is None


def test_the_newest_is_told(store):
    assert store.statements.newest(ORG) == 0
    store.statements.insert([row(1, stored=50), row(2, stored=40)])
    assert store.statements.newest(ORG) == 50
