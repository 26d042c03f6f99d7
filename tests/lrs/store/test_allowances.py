"""Slices of a limit."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC

import pytest
from pymongo.read_concern import ReadConcern

from lrs.store.allowances import Taken

LATER = int(time.time()) + 600


def test_slices_are_handed_out_until_nothing_is_left(store):
    taken = [store.allowances.take(b"s", 4, limit=10, until=LATER) for _ in range(4)]
    assert taken == [Taken(4, 6), Taken(4, 2), Taken(2, 0), Taken(0, 0)]


def test_subjects_do_not_meet(store):
    assert [store.allowances.take(name, 7, limit=10, until=LATER) for name in (b"a", b"b")] == [Taken(7, 3)] * 2


def test_a_limit_that_was_lowered_hands_out_nothing_and_one_that_was_raised_the_rest(store):
    store.allowances.take(b"s", 8, limit=10, until=LATER)
    assert store.allowances.take(b"s", 1, limit=5, until=LATER) == Taken(0, 0)
    assert store.allowances.take(b"s", 9, limit=12, until=LATER) == Taken(4, 0)


@pytest.mark.parametrize("slice_", [1, 3, 7])
def test_many_who_take_at_once_get_the_limit_and_no_more(store, slice_):
    def take(_: int) -> int:
        return store.allowances.take(b"s", slice_, limit=100, until=LATER).granted

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(take, range(150))) == 100


def test_what_is_over_is_deleted_by_mongodb(store):
    store.allowances.take(b"s", 1, limit=1, until=LATER)
    local = store.database["allowances"].with_options(read_concern=ReadConcern("local"))
    [row] = local.find()
    [index] = [each for each in store.database["allowances"].list_indexes() if "expireAfterSeconds" in each]
    assert (list(index["key"]), index["expireAfterSeconds"]) == (["until"], 0)
    assert row["until"].replace(tzinfo=UTC).timestamp() == LATER
