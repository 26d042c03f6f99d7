"""What a bounded reader finds: nothing outside, not even by way of what its own statements refer to."""

import itertools
from uuid import UUID

import pytest

from lrs.store.pages import Selection
from lrs.store.rows import Row

ORG = b"lachong1"
BOUNDS = ((b"mine",),)


def row(number, *keys, refers=None, voiding=False, org=ORG):
    return Row(
        id=org + UUID(int=number).bytes,
        org=org,
        stored=number,
        raw=b"%d" % number,
        keys=list(keys),
        refers=org + UUID(int=refers).bytes if refers else None,
        voiding=voiding,
    )


def found(store, *keys, bounds=BOUNDS, org=ORG, **changes):
    selection = Selection(org, [[key] for key in keys], bounds, **changes)
    return [int(statement.raw) for statement in store.statements.page(selection, limit=50).statements]


def test_only_what_is_within_the_bounds_is_found_with_filters_or_without(store):
    store.statements.insert([row(1, b"k", b"mine"), row(2, b"k", b"yours"), row(3, b"mine")])
    assert found(store) == [3, 1]
    assert found(store, b"k") == [1]
    assert found(store, b"k", ascending=True) == [1]
    assert found(store, b"k", bounds=()) == [2, 1]


def test_every_one_of_several_bounds_holds(store):
    store.statements.insert([row(1, b"mine", b"lan"), row(2, b"mine"), row(3, b"lan")])
    assert found(store, bounds=((b"mine",), (b"lan",))) == [1]


def test_a_referrer_outside_the_bounds_is_not_found_by_what_it_refers_to(store):
    store.statements.insert([row(1, b"k", b"mine"), row(2, b"yours", refers=1), row(3, b"mine", refers=1)])
    assert found(store, b"k") == [3, 1]


def test_what_lies_outside_the_bounds_cannot_be_probed_by_referring_to_it(store):
    store.statements.insert([row(1, b"secret", b"yours"), row(2, b"mine", refers=1)])
    assert found(store, b"secret") == []
    assert found(store, b"secret", bounds=()) == [2, 1]


@pytest.mark.parametrize("foreign", [None, 2, 3])
def test_where_a_statement_outside_leads_to_is_not_told_in_whatever_order_they_came(store, foreign):
    """1 is the end of a chain 4, 3, 2, 1; who refers to a foreign one does not learn what that refers to."""
    reached = {None: [4, 3, 2, 1], 2: [1], 3: [2, 1]}
    for count, order in enumerate(itertools.permutations([1, 2, 3, 4])):
        org = b"%08d" % count
        for number in order:
            keys = [b"k"] if number == 1 else []
            keys.append(b"yours" if number == foreign else b"mine")
            store.statements.insert([row(number, *keys, refers=number - 1 or None, org=org)])
        assert found(store, b"k", org=org) == reached[foreign]
        assert found(store, b"k", bounds=(), org=org) == [4, 3, 2, 1]


@pytest.mark.parametrize("order", list(itertools.permutations([1, 2])))
def test_two_that_refer_to_each_other_are_each_found_once(store, order):
    for number in order:
        store.statements.insert([row(number, b"k%d" % number, b"mine", refers=3 - number)])
    assert found(store, b"k1") == found(store, b"k2") == [2, 1]


@pytest.mark.parametrize("voided", [False, True])
def test_by_its_id_nothing_outside_the_bounds_is_read(store, voided):
    store.statements.insert([row(1, b"mine"), row(2, b"yours")])
    if voided:
        store.statements.insert([row(3, refers=1, voiding=True), row(4, refers=2, voiding=True)])
    assert store.statements.get(row(1).id, voided=voided, bounds=BOUNDS).raw == b"1"
    assert store.statements.get(row(2).id, voided=voided, bounds=BOUNDS) is None
    assert store.statements.get(row(2).id, voided=voided).raw == b"2"


def test_the_newest_of_a_bounded_reader_says_nothing_of_others(store):
    store.statements.insert([row(1, b"mine"), row(2, b"yours")])
    assert (store.statements.newest(ORG, BOUNDS), store.statements.newest(ORG)) == (1, 2)


def test_references_that_were_kept_without_the_way_are_not_used_for_bounded_readers(store):
    store.statements.insert([row(1, b"k", b"mine"), row(2, b"mine", refers=1)])
    store.database["references"].update_many({}, {"$unset": {"via": ""}})
    assert found(store, b"k") == [1]
    assert found(store, b"k", bounds=()) == [2, 1]
