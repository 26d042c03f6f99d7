"""Hours of service: by unit, by team, and, for those who may see records, by person."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from pyroaring import BitMap

from lrs.services.reports.cube import Cube, Row, bounded
from lrs.services.reports.tables import COMMON, Laid, Question, Table, Word, hours, lay, tabulated, told
from lrs.services.reports.teams import WORDS
from lrs.services.reports.view import View
from schemas.faults import Refused
from schemas.training.cells import month_of
from schemas.training.records import Evidence
from schemas.training.spans import united

KIND: Final = "service"
SERVICE: Final = ("hosted", "mentored")
_CLOSED: Final = Word("", open=False)


def hours_of_service(view: View, question: Question) -> Table:
    """Return the hours that were given, and by how many people."""
    if "learner" in question.by:
        return _of_people(view, question)
    if question.names("team"):
        laid = lay(view, question, {"team": WORDS["team"]})
        rows = view.rows("team", laid.dims, laid.months, kind=[KIND])
        return tabulated("hours", view, question, laid, rows)[0]
    laid = lay(view, question, COMMON)
    rows = view.rows("coverage", laid.dims, laid.months, kind=[KIND], verb=SERVICE)
    return tabulated("hours", view, question, laid, rows)[0]


def _of_people(view: View, question: Question) -> Table:
    """Return the hours of each person, by the number that learners have here."""
    lay(view, question, {"learner": _CLOSED})
    if question.by != ("learner",):
        raise Refused.at("by", "alone", "learner stands alone")
    picked = Question((), question.chosen, question.first, question.last, question.at)
    laid = lay(view, picked, COMMON)
    cube = Cube(laid.axes, view.rows("coverage", laid.dims, laid.months, kind=[KIND], verb=SERVICE), view.k)
    bounded(len(cube.people()))
    spent = _spent(view, laid, cube)
    lines = [_line(person, sessions) for person, sessions in sorted(spent.items())]
    seconds = sum(line["seconds"] for line in lines)
    totals = told(cube.total()) | {"seconds": seconds, "hours": hours(seconds)}
    return Table("hours", view, question, lines, totals)


def _line(person: int, sessions: Sequence[tuple[int, int]]) -> dict[str, Any]:
    time = united(sessions)
    return {
        "learner": str(person),
        "statements": len(sessions),
        "seconds": time.seconds,
        "hours": hours(time.seconds),
        "hoursTold": hours(sum(seconds for _, seconds in sessions)),
        "overlapping": time.overlapping,
    }


def _spent(view: View, laid: Laid, cube: Cube) -> dict[int, list[tuple[int, int]]]:
    """Return the sessions of each person in the total, when and how long, from what their records rest on."""
    first, last = laid.months
    spent = defaultdict[int, list[tuple[int, int]]](list)
    for line in view.store.records.lines_of(view.org, cube.people(), session=view.session):
        for each in line.evidence:
            if each.verb in SERVICE and first <= month_of(each.timestamp, view.zone) <= last and _picked(laid, each):
                spent[line.learner].append((each.timestamp, each.seconds or 0))
    return spent


def _picked(laid: Laid, evidence: Evidence) -> bool:
    """Tell whether what a record rests on is in what was chosen."""
    dims = {"unit": evidence.unit, "programmes": evidence.programmes, "groups": evidence.groups, "band": evidence.band}
    row = Row("", dims, BitMap())
    return all(any(axis.total in each for each in axis.values(row)) for axis in laid.axes)
