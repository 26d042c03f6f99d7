"""Experts: what was taught by people whom statements name as instructors."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from itertools import product
from typing import Any, Final

from lrs.services.reports.cube import Axis, Row, bounded
from lrs.services.reports.tables import Question, Table, Word, hours, lay
from lrs.services.reports.view import View
from schemas.training.lattice import Point

WORDS: Final = {"expert": Word("instructor", open=False)}

_Session = tuple[str, str, str, str]


def experts(view: View, question: Question) -> Table:
    """Return sessions and hours of teaching; by whom, for those who may see records.

    A session is what one expert taught in one activity, in one unit and month. It lasted as long as its learners were
    there on the average: each of them reports the time of all of it. It counts in each programme that it serves, and
    once in the total.
    """
    laid = lay(view, question, WORDS)
    rows = list(view.rows("expert", laid.dims | {"instructor", "activity"}, laid.months))
    sums: dict[Point, list[Row]] = defaultdict(list)
    everything = []
    for row in rows:
        points = list(_points(laid.axes, row))
        for point in points:
            sums[point].append(row)
            bounded(len(sums))
        if points:
            everything.append(row)
    shows = {axis.name: axis.show for axis in laid.axes if axis.listed}
    names = [axis.name for axis in laid.axes if axis.listed]
    lines = []
    for point in sorted(sums):
        values = dict(zip(names, point, strict=True))
        lines.append({name: shows[name](values[name]) for name in question.by} | _told(view, sums[point]))
    return Table("experts", view, question, lines, _told(view, everything))


def _points(axes: list[Axis], row: Row) -> Iterator[Point]:
    """Return where a row stands in the table; nowhere where it is not in what was chosen."""
    found: list[Collection[str]] = []
    for axis in axes:
        values = axis.values(row)
        if axis.listed:
            found.append([each for each in values[-1] if axis.chosen(each)])
        elif not any(axis.total in each for each in values):
            return iter(())
    return product(*found)


def _told(view: View, rows: list[Row]) -> dict[str, Any]:
    sessions: dict[_Session, list[Row]] = defaultdict(list)
    for row in rows:
        sessions[_session(row)].append(row)
    seconds = sum(sum(row.seconds for row in each) / max(_people(each), 1) for each in sessions.values())
    told_: dict[str, Any] = {"sessions": len(sessions), "hours": hours(seconds)}
    if view.exact:
        told_ |= {"experts": len({row.dims["instructor"] for row in rows}), "learners": _people(rows)}
    return told_


def _session(row: Row) -> _Session:
    return row.dims["instructor"], row.dims.get("activity", ""), row.dims.get("unit", ""), row.month


def _people(rows: list[Row]) -> int:
    return len(type(rows[0].learners).union(*[row.learners for row in rows])) if rows else 0
