"""Counting in slices."""

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from pymongo.read_concern import ReadConcern

from lrs.services import meters
from lrs.services.meters import Meters
from lrs.store import open_store

KEY = b"a key of tests"
MINUTE = 60_000_000
BEGIN = 29_000_000 * MINUTE


class Clock:
    """A minute that goes by when it is told to."""

    def __init__(self):
        self.now = BEGIN

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr("lrs.services.clocks.now", made)
    return made


@pytest.fixture
def asked(store, monkeypatch):
    """Tell how often the store was asked."""
    times = []
    take = store.allowances.take

    def counted(*given, **named):
        times.append(given)
        return take(*given, **named)

    monkeypatch.setattr(store.allowances, "take", counted)
    return times


def spent(counter, times, limit, amount=1):
    return sum(counter.spend("s", amount, limit) for _ in range(times))


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("limit", [1, 7, 50, 120, 1000])
def test_all_processes_together_spend_the_limit_and_no_more(store, limit):
    processes = [Meters(store.allowances, KEY) for _ in range(4)]
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(lambda n: spent(processes[n % 4], limit, limit), range(8))) == limit


@pytest.mark.usefixtures("clock")
def test_the_store_is_asked_fifty_times_for_a_limit_and_never_for_what_is_refused(store, asked):
    counter = Meters(store.allowances, KEY)
    assert spent(counter, 5000, 1000) == 1000
    assert len(asked) == 50


@pytest.mark.usefixtures("clock")
def test_what_does_not_fit_is_not_counted_and_what_fits_still_is(store):
    counter = Meters(store.allowances, KEY)
    assert [counter.spend("s", amount, 100) for amount in (60, 60, 40, 1)] == [True, False, True, False]


def test_a_new_minute_begins_anew_and_forgets_the_old_one(store, clock):
    counter = Meters(store.allowances, KEY)
    assert spent(counter, 9, 5) == 5
    clock.now = BEGIN + MINUTE - 1
    assert spent(counter, 9, 5) == 0
    clock.now += 1
    assert spent(counter, 9, 5) == 5
    assert len(counter._span.meters) == 1


def test_a_clock_that_is_set_back_does_not_refuse_for_longer_than_its_minute(store, clock):
    counter = Meters(store.allowances, KEY)
    assert spent(counter, 9, 5) == 5
    clock.now = BEGIN - 60 * MINUTE
    assert spent(counter, 9, 5) == 5


def test_who_is_refused_may_come_back_after_the_minute_and_not_all_at_once(store, clock):
    counter = Meters(store.allowances, KEY)
    clock.now = BEGIN + 45_500_000
    counter.spend("s", 1, 1)
    assert {counter.retry_after() for _ in range(200)} == {16, 17, 18, 19, 20}


@pytest.mark.usefixtures("clock")
def test_memory_is_bounded_and_forgetting_lets_nobody_exceed_a_limit(store, monkeypatch):
    monkeypatch.setattr(meters, "MOST_SUBJECTS", 3)
    counter = Meters(store.allowances, KEY)
    got = [counter.spend(f"subject {number % 5}", 1, 2) for number in range(30)]
    assert len(counter._span.meters) == 3
    assert sum(got) == 10


@pytest.mark.usefixtures("clock")
def test_a_subject_cannot_be_read_in_the_database(store):
    Meters(store.allowances, KEY).spend("203.0.113.7", 1, 5)
    local = store.database["allowances"].with_options(read_concern=ReadConcern("local"))
    [row] = local.find()
    assert b"203.0.113" not in bytes(row["_id"])
    assert set(row) == {"_id", "taken", "until"}


def test_a_store_that_is_away_holds_nobody_up_for_long_and_lets_all_through():
    with contextlib.closing(open_store("mongodb://127.0.0.1:9/?replicaSet=rs", "none", deadline=1)) as away:
        counter = Meters(away.allowances, KEY)
        begin = time.monotonic()
        assert spent(counter, 1000, 1) == 1000
        assert time.monotonic() - begin < 3


def test_counting_costs_microseconds(store):
    counter = Meters(store.allowances, KEY)
    counter.spend("s", 1, 10**9)
    times = []
    for _ in range(50):
        begin = time.perf_counter()
        spent(counter, 200, 10**9)
        times.append((time.perf_counter() - begin) / 200)
    # 1 µs, measured; the bound is for machines that have other things to do.
    assert min(times) < 20e-6
