"""Businesses: organisations reached, and people of them; the two are never added."""

from typing import Any, Final

from pyroaring import BitMap

from lrs.services.reports.cube import Cube, Line, Row
from lrs.services.reports.tables import Question, Table, Word, lay, lines_of, told
from lrs.services.reports.tasks import TYPES, among_trained, of_all_training, within
from lrs.services.reports.view import View

WORDS: Final = {"type": Word("type", TYPES, is_known=TYPES.__contains__)}


def businesses(view: View, question: Question) -> Table:
    """Return how many organisations were reached, and how many people."""
    laid = lay(view, question, WORDS, within("business"))
    found = _found(view, laid.months)
    reached = Cube(laid.axes, [row._replace(learners=organisations) for row, organisations in found], view.k)
    asked = laid if view.exact else laid.with_axis(among_trained("business"))
    rows = [row for row, _ in found]
    if not view.exact:
        rows += [row for row in of_all_training(view, "business", laid) if not within("business")(row)]
    people = Cube(asked.axes, rows, view.k)
    named = {tuple(line.values.values()): (line, values) for line, values in lines_of(people, asked.axes, question.by)}
    named |= {tuple(line.values.values()): (line, values) for line, values in lines_of(reached, laid.axes, question.by)}
    lines = [
        values | _told(reached.line(line.values), people.line(line.values))
        for _, (line, values) in sorted(named.items())
    ]
    return Table("businesses", view, question, lines, _told(reached.total(), people.total()))


def _found(view: View, months: tuple[str, str]) -> list[tuple[Row, BitMap]]:
    """Return the people of each cell and its organisations, numbered as they come: a household may be one, too."""
    numbers: dict[str, int] = {}
    found = []
    for cell, tally in view.cells("business", months):
        organisations = BitMap([numbers.setdefault(code, len(numbers)) for code in tally.organisations])
        dims = {**cell.dims, "family": "business"}
        found.append((Row(cell.month, dims, tally.learners, tally.statements, tally.seconds), organisations))
    return found


def _told(reached: Line, people: Line) -> dict[str, Any]:
    number, reason = reached.figure
    known = told(people)
    return {
        "organisations": number,
        "organisationsSuppressed": number is None,
        "organisationsReason": reason,
        **{name: known[name] for name in ("learners", "suppressed", "reason", "statements")},
    }
