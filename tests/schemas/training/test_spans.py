"""Hours of one person: what overlaps is counted once, and told."""

import random

import pytest

from schemas.training.spans import LONGEST, united

HOUR = 3600


@pytest.mark.parametrize(
    ("sessions", "seconds", "overlapping"),
    [
        ([], 0, 0),
        ([(0, HOUR)], HOUR, 0),
        ([(0, HOUR), (1, HOUR)], 2 * HOUR, 0),
        ([(0, HOUR), (0, HOUR)], HOUR, 2),
        ([(0, HOUR), (0.5, HOUR)], 1.5 * HOUR, 2),
        ([(0, 3 * HOUR), (1, HOUR), (2, 2 * HOUR)], 4 * HOUR, 3),
        ([(0, HOUR), (0.5, HOUR), (1.25, HOUR), (9, HOUR)], 3.25 * HOUR, 3),
        ([(0, HOUR), (0, 0), (0.5, 0)], HOUR, 0),
        ([(0, LONGEST + 1), (1, HOUR)], LONGEST + 1 + HOUR, 0),
    ],
)
def test_an_hour_in_two_sessions_is_one_hour(sessions, seconds, overlapping):
    told = [(int(begun * HOUR * 1_000_000), lasted) for begun, lasted in sessions]
    random.Random(1).shuffle(told)
    assert united(told) == (seconds, overlapping)


def test_time_is_that_in_which_there_was_any_session():
    chance = random.Random(7)
    for _ in range(200):
        told = [(chance.randrange(60), chance.randrange(1, 20)) for _ in range(chance.randrange(8))]
        busy = {second for begun, lasted in told for second in range(begun, begun + lasted)}
        crossed = [
            (a, la)
            for place, (a, la) in enumerate(told)
            if any(a < b + lb and b < a + la for other, (b, lb) in enumerate(told) if other != place)
        ]
        assert united((begun * 1_000_000, lasted) for begun, lasted in told) == (len(busy), len(crossed))
