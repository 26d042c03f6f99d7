import threading
import time

import pytest

from lrs.errors import Conflict, OutcomeUnknown, Unavailable
from lrs.services.safetime import SafeTime, learn
from lrs.store import promises as rows


class Clock:
    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def process(store):
    """Make processes of one store, each with a clock of its own that stands still; renewed by hand."""

    def make(now=1_000, linger=60.0):
        clock = Clock(now)
        made = SafeTime(store.promises, linger=linger, now=clock)
        made.clock = clock
        made.renew()
        return made

    return make


def write(process, count=1):
    with process.in_flight(count, pytest.fail) as stamps:
        return stamps.first


def test_stamps_grow_strictly_even_if_the_clock_steps_back(process):
    one = process(now=1_000)
    assert write(one) == 1_001
    assert write(one, count=3) == 1_002
    one.clock.now = 10
    assert write(one) == 1_005


def test_the_safe_time_stays_before_the_oldest_write_in_flight(process):
    one = process(now=1_000)
    with one.in_flight(1, pytest.fail) as stamps:
        one.clock.now = 9_000
        one.renew()
        assert one.consistent_through == stamps.first - 1
    one.renew()
    assert one.consistent_through == 9_000


def test_the_safe_time_is_the_least_promise_of_all(process):
    slow, fast = process(now=1_000), process(now=1_000)
    fast.clock.now = 50_000
    fast.renew()
    assert fast.consistent_through == 1_000
    slow.clock.now = 60_000
    slow.renew()
    fast.renew()
    assert fast.consistent_through == 50_000


def test_who_joins_with_a_clock_behind_stamps_above_every_promise(process):
    process(now=50_000)
    late = process(now=10)
    assert write(late) > 50_000


def test_who_joins_after_all_have_left_stamps_above_their_promises(process):
    gone = process(now=50_000)
    last = write(gone)
    gone.renew()
    gone.stop()
    assert write(process(now=10)) > last


def test_the_safe_time_stands_still_while_somebody_joins(process, store):
    one = process(now=1_000)
    store.promises.register("newcomer")
    one.clock.now = 9_000
    one.renew()
    assert one.consistent_through == 1_000
    assert learn(store.promises) == 0


def test_the_safe_time_does_not_wait_for_the_dead(process, monkeypatch):
    monkeypatch.setattr(rows, "LEASE", 0.2)
    monkeypatch.setattr(rows, "LONGEST_TRANSACTION", 0.2)
    process(now=1_000)
    alive = process(now=9_000)
    assert alive.consistent_through == 1_000
    time.sleep(0.5)
    alive.renew()
    assert alive.consistent_through == 9_000


def test_who_was_dropped_joins_anew_and_moves_what_it_wrote_meanwhile(process, store):
    stopped, other = process(now=1_000), process(now=1_000)
    moved = []
    with stopped.in_flight(1, lambda stamps: moved.append(stamps.first)):
        dead = next(row for row in store.promises.read() if row.process == stopped._process)
        store.promises._rows.delete_one({"_id": dead.process})
        other.clock.now = 50_000
        other.renew()
        assert other.consistent_through == 50_000
        stopped.renew()
    assert moved[0] > 50_000


def test_what_was_written_before_the_process_has_joined_anew_is_moved_once_it_has(process):
    one = process(now=1_000)
    moved = []
    with one.in_flight(1, lambda stamps: moved.append(stamps.first)) as stamps:
        one._generation += 1
        one._joined = False
        joining = threading.Timer(0.3, one.renew)
        joining.start()
    joining.join()
    assert len(moved) == 1
    assert moved[0] > stamps.first


@pytest.mark.parametrize("failure", [Conflict, Unavailable])
def test_a_write_that_is_known_to_have_failed_holds_nothing_up(process, failure):
    one = process(now=1_000)
    with pytest.raises(failure), one.in_flight(1, pytest.fail):
        raise failure
    one.clock.now = 9_000
    one.renew()
    assert one.consistent_through == 9_000


@pytest.mark.parametrize("failure", [OutcomeUnknown, RuntimeError])
def test_a_write_without_a_known_outcome_holds_the_safe_time_until_it_cannot_be_committed(process, failure):
    one = process(now=1_000, linger=0.3)
    with pytest.raises(failure), one.in_flight(1, pytest.fail) as stamps:
        raise failure
    one.clock.now = 9_000
    one.renew()
    assert one.consistent_through == stamps.first - 1
    time.sleep(0.4)
    one.renew()
    assert one.consistent_through == 9_000


def test_nothing_is_stamped_before_the_process_has_joined(store):
    with pytest.raises(Unavailable), SafeTime(store.promises, linger=1).in_flight(1, pytest.fail):
        pytest.fail("it was stamped")


def test_one_that_only_reads_learns_the_safe_time(process, store):
    assert learn(store.promises) == 0
    one = process(now=7_000)
    assert learn(store.promises) == 7_000
    one.stop()
    assert learn(store.promises) == 7_000
