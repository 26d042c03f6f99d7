"""Rows that recipients are given: found by their versions, recalls by theirs alone, and nobody else's."""

import pytest

from lrs.store.shares import Given, Row

ONE, OTHER = "0" * 16, "0" * 15 + "1"


@pytest.fixture
def rows(store):
    """Write rows of two agreements, every tenth of them a recall."""

    def write(session):
        for agreement in (ONE, OTHER):
            store.shares.write(agreement, [row(number) for number in range(1, 301)], (), session)

    store.transact(write)


def row(number):
    recall = None if number % 10 else "withdrawn"
    return Row(number.to_bytes(16), number, b"{}", recall, number.to_bytes(16))


def versions(rows):
    return [each.version for each in rows]


@pytest.mark.usefixtures("rows")
def test_rows_come_in_the_order_of_their_versions_and_only_those_of_the_agreement(store):
    assert versions(store.shares.page(ONE, 5, 2**62, most=3)) == [6, 7, 8]
    assert versions(store.shares.page(ONE, 295, 298, most=9)) == [296, 297, 298]
    assert versions(store.shares.page(ONE, 15, 2**62, most=2, recalls=True)) == [20, 30]
    assert store.shares.count(ONE, 5, 25) == Given(18, 2)
    assert store.shares.place(ONE, 100, 7) == 107
    assert store.shares.place(ONE, 100, 201) is None


@pytest.mark.usefixtures("rows")
def test_what_is_live_is_met_in_the_order_of_ids_within_one_agreement(store):
    with store.snapshot() as session:
        first = store.shares.live(ONE, bytes(16), session, most=200)
        rest = store.shares.live(ONE, first[-1].id, session, most=200)
    assert len(first) + len(rest) == 270
    assert len({each.id for each in (*first, *rest)}) == 270


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("recalls", [True, False])
def test_only_as_many_are_looked_at_as_are_wanted(store, recalls):
    where = {"agreement": bytes.fromhex(ONE), "version": {"$gt": 0}} | (
        {"recall": {"$exists": True}} if recalls else {}
    )
    find = {"find": "shares", "filter": where, "sort": {"version": 1}, "limit": 5}
    find |= {"hint": "recalls" if recalls else "agreement_version"}
    told = store.database.command("explain", find, verbosity="executionStats")["executionStats"]
    assert told["nReturned"] == told["totalDocsExamined"] == 5


def test_of_two_who_write_rows_one_is_told(store):
    store.shares.begin(ONE)
    store.shares.begin(ONE)
    assert store.transact(lambda session: store.shares.hold(ONE, 0, session)) is not None
    assert store.transact(lambda session: store.shares.hold(ONE, 0, session)) is None
