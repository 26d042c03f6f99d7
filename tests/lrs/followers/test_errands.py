"""Errands are run beside each other: none holds up those of others, and one that fails is left alone for a while."""

import threading
import time
from itertools import count

from lrs.followers.errands import SHARE, Errands


def wait(until, seconds=10):
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def test_one_organisation_has_no_more_than_its_share_and_each_of_its_errands_its_turn():
    stop, free, done, begun = threading.Event(), threading.Event(), set(), []

    def errand(name):
        begun.append(name)
        if name != "other":
            free.wait(20)
        done.add(name)

    names = [f"slow {number}" for number in range(9)]

    def due():
        for name in names:
            yield name, b"one", lambda name=name: errand(name)
        yield "other", b"two", lambda: errand("other")

    errands = Errands("test", due, stop)
    errands.start()
    try:
        wait(lambda: "other" in done)
        assert begun[:SHARE] == names[:SHARE]
        assert {*begun} == {*names[:SHARE], "other"}
        free.set()
        wait(lambda: done == {*names, "other"})
    finally:
        free.set()
        stop.set()
        errands.join()


def test_an_errand_that_fails_is_not_begun_again_at_once(monkeypatch, caplog):
    monkeypatch.setattr("lrs.followers.errands.EVERY", 0.01)
    stop, tries = threading.Event(), count()
    seen = []

    def errand():
        seen.append(next(tries))
        raise OverflowError

    errands = Errands("test", lambda: [("bad", b"one", errand)], stop)
    errands.start()
    time.sleep(1.2)
    stop.set()
    errands.join()
    assert 1 <= len(seen) <= 3
    assert "an errand failed" in caplog.text
