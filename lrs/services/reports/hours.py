"""Hours of service: by unit, by team, and, for those who may see records, by person."""

from collections import defaultdict
from typing import Final

from pyroaring import BitMap

from lrs.services.reports.cube import Cube, Row, bounded
from lrs.services.reports.tables import COMMON, Laid, Question, Table, Word, hours, lay, tabulated, told
from lrs.services.reports.teams import WORDS
from lrs.services.reports.view import View
from schemas.faults import Refused
from schemas.training.cells import month_of
from schemas.training.records import Evidence

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
    lines = [
        {"learner": str(person), "statements": count, "seconds": seconds, "hours": hours(seconds)}
        for person, (count, seconds) in sorted(spent.items())
    ]
    return Table("hours", view, question, lines, told(cube.total()))


def _spent(view: View, laid: Laid, cube: Cube) -> dict[int, tuple[int, int]]:
    """Return the sessions and seconds of each person in the total, from what their records rest on."""
    first, last = laid.months
    spent: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for line in view.store.records.lines_of(view.org, cube.people(), session=view.session):
        for each in line.evidence:
            if each.verb in SERVICE and first <= month_of(each.timestamp, view.zone) <= last and _picked(laid, each):
                count, seconds = spent[line.learner]
                spent[line.learner] = count + 1, seconds + (each.seconds or 0)
    return spent


def _picked(laid: Laid, evidence: Evidence) -> bool:
    """Tell whether what a record rests on is in what was chosen."""
    dims = {"unit": evidence.unit, "programmes": evidence.programmes, "groups": evidence.groups, "band": evidence.band}
    row = Row("", dims, BitMap())
    return all(any(axis.total in each for each in axis.values(row)) for axis in laid.axes)
