"""Placements: people sent to a host for a time (whatever is two-sided), from records, as these know how they stand."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from pyroaring import BitMap

from lrs.services.reports.cube import Cube, Row
from lrs.services.reports.tables import COMMON, Laid, Question, Table, Word, lay, lines_of, told
from lrs.services.reports.tasks import among_trained, of_all_training, within
from lrs.services.reports.view import View
from lrs.store.records import Placed
from schemas.registries.assignments import Assignments
from schemas.training.cells import month_of
from schemas.training.records import AWAITING, STATES

_FAMILY: Final = "placement"
STANDS: Final = (*STATES, AWAITING)
WORDS: Final = {
    "group": COMMON["group"],
    "state": Word("state", STANDS),
    "type": Word("type", open=False),
    "organisation": Word("organisation", open=False),
}


def placements(view: View, question: Question) -> Table:
    """Return placements by when they began, how many people they are of, and with how many hosts."""
    laid = lay(view, question, WORDS, within(_FAMILY))
    asked = laid if view.exact else laid.with_axis(among_trained(_FAMILY))
    rows = list(_rows(view, laid))
    others = [] if view.exact else [r for r in of_all_training(view, _FAMILY, _plain(laid)) if not within(_FAMILY)(r)]
    cube = Cube(asked.axes, [*rows, *others], view.k)
    hosts = _hosts(laid, rows)
    lines = [
        values | _told(told(line), hosts[tuple(line.values.values())])
        for line, values in lines_of(cube, laid.axes, question.by)
    ]
    return Table("placements", view, question, lines, _told(told(cube.total()), hosts[()]))


def _plain(laid: Laid) -> Laid:
    """Return what is asked without what only placements know."""
    return Laid(laid.axes, laid.dims & {"unit", "groups", "programmes"}, laid.months)


def _rows(view: View, laid: Laid) -> Iterator[Row]:
    decisions = Assignments(view.store.assignments.of(view.org)) if "unit" in laid.dims else Assignments([])
    first, last = laid.months
    for each in view.store.records.placed(view.org, view.session):
        month = month_of(each.standing.first, view.zone)
        if not view.exact or first <= month <= last:
            yield Row(month, _dims(each, decisions), BitMap([each.learner]), 1, each.standing.seconds or 0)


def _dims(placed: Placed, decisions: Assignments) -> dict[str, Any]:
    standing = placed.standing
    to = decisions.of(placed.record.hex(), str(placed.learner)).get(standing.unit)
    return {
        "family": _FAMILY,
        "unit": standing.unit,
        "programmes": standing.programmes,
        "groups": standing.groups,
        "type": standing.type,
        "state": AWAITING if AWAITING in standing.flags else standing.state,
        "organisation": standing.organisation,
    } | ({"assigned": to} if to else {})


def _hosts(laid: Laid, rows: list[Row]) -> dict[tuple[str, ...], set[str]]:
    """Return the hosts of each line, by its values, and of all lines together by none."""
    hosts: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for row in rows:
        points: list[tuple[str, ...]] = [()]
        for axis in laid.axes:
            values = [value for value in axis.values(row)[-1] if axis.chosen(value)]
            points = [(*p, value) for p in points for value in (values if axis.listed else values[:1] and [""])]
        listed = [place for place, axis in enumerate(laid.axes) if axis.listed]
        for point in points:
            for key in {tuple([point[place] for place in listed]), ()}:
                hosts[key] |= {row.dims["organisation"]} - {""}
    return hosts


def _told(line: dict[str, Any], hosts: set[str]) -> dict[str, Any]:
    hidden = line["suppressed"]
    found = {"placements": None if hidden else line.pop("statements"), "hosts": None if hidden else len(hosts)}
    line.pop("statements", None)
    return found | line
