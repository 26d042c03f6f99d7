"""Reach: people who were only counted, beside those who are known; the two are never added."""

from collections.abc import Iterator
from typing import Any, Final

from pyroaring import BitMap

from lrs.services.reports.cube import Cube, Line, Row
from lrs.services.reports.tables import COMMON, Laid, Question, Table, lay, lines_of, told
from lrs.services.reports.view import View
from schemas.training.terms import TRAINED, TRAINING, UNKNOWN

_TOTAL: Final = "total"
_MOST: Final = 2**32 - 1
"""Heads that one answer counts: the numbers that there are for them."""
WORDS: Final = {"band": COMMON["band"]}


def reach(view: View, question: Question) -> Table:
    """Return how many were reached by head-counts (``heads``), and how many known people were trained."""
    laid = lay(view, question, WORDS)
    heads = Cube(laid.axes, _heads(view, laid), view.k)
    people = Cube(laid.axes, view.rows("coverage", laid.dims, laid.months, kind=TRAINING, verb=TRAINED), view.k)
    named = {tuple(line.values.values()): (line, values) for line, values in lines_of(people, laid.axes, question.by)}
    named |= {tuple(line.values.values()): (line, values) for line, values in lines_of(heads, laid.axes, question.by)}
    lines = [
        values | _told(heads.line(line.values), people.line(line.values)) for _, (line, values) in sorted(named.items())
    ]
    return Table("reach", view, question, lines, _told(heads.total(), people.total()))


def _heads(view: View, laid: Laid) -> Iterator[Row]:
    """Yield head-counts as sets: nobody in them is anybody else, so each head gets a number of its own."""
    start = 0
    for cell, tally in view.cells("reach", laid.months):
        bands = {band: heads for band, heads in tally.heads.items() if band != _TOTAL}
        rest = tally.heads.get(_TOTAL, 0) - sum(bands.values())
        bands[UNKNOWN] = bands.get(UNKNOWN, 0) + max(rest, 0)
        statements = tally.statements
        for band, heads in bands.items():
            if heads > 0:
                end = min(start + heads, _MOST)
                yield Row(cell.month, {**cell.dims, "band": band}, BitMap(range(start, end)), statements)
                start = end
                # Each event is counted once.
                statements = 0


def _told(heads: Line, people: Line) -> dict[str, Any]:
    known = told(people)
    number, reason = heads.figure
    # An event has people of many bands, and is no part of any.
    events = None if number is None or "band" in heads.values else heads.statements
    return {
        "heads": number,
        "headsSuppressed": number is None,
        "headsReason": reason,
        "events": events,
        "learners": known["learners"],
        "suppressed": known["suppressed"],
        "reason": known["reason"],
    }
