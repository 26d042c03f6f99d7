"""Figures of a question: there are no more of them than an answer may have."""

import pytest
from pyroaring import BitMap

from lrs.errors import BadRequest
from lrs.services.reports.axes import flat
from lrs.services.reports.cube import MOST_LINES, Cube, Row

AXES = [flat(name, listed=True) for name in ("programmes", "groups")]


def rows(programmes, groups):
    """Make rows in several programmes and groups each; count those that were asked for."""
    some = tuple(f"g{number}" for number in range(groups))
    for number in range(programmes):
        yield Row("2025-08", {"programmes": (f"p{number}",), "groups": some}, BitMap([number]))


@pytest.mark.parametrize("k", [None, 10])
def test_an_answer_with_too_many_lines_is_refused_before_it_is_made(k):
    left = rows(100_000, 500)
    with pytest.raises(BadRequest) as refused:
        Cube(AXES, left, k)
    assert str(MOST_LINES) in refused.value.faults[0].message
    # Of the 100,000 rows, those that make up the limit were looked at.
    assert next(left).learners[0] <= MOST_LINES // 500 + 1


def test_as_many_lines_as_the_limit_are_answered():
    assert len(list(Cube(AXES, rows(MOST_LINES // 500, 500), None).lines())) == MOST_LINES
