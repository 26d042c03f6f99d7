"""Threads are shared by turns."""

import pytest

from lrs.turns import Turns


def begun(turns):
    return [item for _, item in turns.begin()]


def test_who_comes_gets_a_thread_as_long_as_there_is_one():
    turns = Turns(4)
    for number, caller in enumerate("abcde"):
        turns.wait(caller, number)
    assert begun(turns) == [0, 1, 2, 3]
    turns.end("c")
    assert begun(turns) == [4]


@pytest.mark.parametrize(("threads", "share"), [(1, 1), (2, 1), (3, 2), (4, 3), (16, 12)])
def test_one_caller_gets_three_quarters_of_the_threads_at_most(threads, share):
    turns = Turns(threads)
    for number in range(20):
        turns.wait("flood", number)
    assert begun(turns) == list(range(share))
    turns.wait("quiet", "now")
    assert begun(turns) == (["now"] if threads > share else [])


def test_callers_are_served_in_turns_and_each_in_its_own_order():
    turns = Turns(1)
    for item in ("a1", "a2", "a3", "b1", "b2", "c1"):
        turns.wait(item[0], item)
    served = []
    for _ in range(6):
        [(caller, item)] = turns.begin()
        served.append(item)
        turns.end(caller)
    assert served == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_nothing_is_kept_of_who_has_been_served():
    turns = Turns(2)
    for number in range(100):
        turns.wait(f"caller {number}", number)
        [(caller, _)] = turns.begin()
        turns.end(caller)
    assert (len(turns._busy), len(turns._lines)) == (0, 0)
