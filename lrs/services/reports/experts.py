"""Experts: what was taught by people whom statements name as instructors."""

from collections import defaultdict
from typing import Any, Final

from lrs.services.reports.cube import Axis, Row
from lrs.services.reports.tables import Question, Table, Word, hours, lay
from lrs.services.reports.view import View

WORDS: Final = {"expert": Word("instructor", open=False)}

_Session = tuple[str, str, str, str]


def experts(view: View, question: Question) -> Table:
    """Return sessions and hours of teaching; by whom, for those who may see records.

    A session is what one expert taught in one activity, in one unit and month. It lasted as long as its learners were
    there on the average: each of them reports the time of all of it.
    """
    laid = lay(view, question, WORDS)
    rows = list(view.rows("expert", laid.dims | {"instructor", "activity"}, laid.months))
    sums: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        point = _point(laid.axes, row)
        if point is not None:
            sums[point].append(row)
    shows = {axis.name: axis.show for axis in laid.axes if axis.listed}
    names = [axis.name for axis in laid.axes if axis.listed]
    lines = []
    for point in sorted(sums):
        values = dict(zip(names, point, strict=True))
        lines.append({name: shows[name](values[name]) for name in question.by} | _told(view, sums[point]))
    return Table("experts", view, question, lines, _told(view, [row for each in sums.values() for row in each]))


def _point(axes: list[Axis], row: Row) -> tuple[str, ...] | None:
    """Return where a row stands in the table; None where it is not in what was chosen."""
    found = []
    for axis in axes:
        value = next((each for each in axis.values(row)[-1] if axis.chosen(each)), None)
        if value is None:
            return None
        if axis.listed:
            found.append(value)
    return tuple(found)


def _told(view: View, rows: list[Row]) -> dict[str, Any]:
    seconds = sum(row.seconds / len(row.learners) if row.learners else row.seconds for row in rows)
    told_: dict[str, Any] = {"sessions": len({_session(row) for row in rows}), "hours": hours(seconds)}
    if view.exact:
        told_ |= {"experts": len({row.dims["instructor"] for row in rows}), "learners": _people(rows)}
    return told_


def _session(row: Row) -> _Session:
    return row.dims["instructor"], row.dims.get("activity", ""), row.dims.get("unit", ""), row.month


def _people(rows: list[Row]) -> int:
    return len(type(rows[0].learners).union(*[row.learners for row in rows])) if rows else 0
