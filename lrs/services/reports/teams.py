"""Teams: the sessions that they held, whom they helped, and who of them was there."""

from collections import defaultdict
from typing import Any, Final

from pyroaring import BitMap

from lrs.services.reports.cube import Cube, Row
from lrs.services.reports.tables import Laid, Question, Table, Word, lay, lines_of, told
from lrs.services.reports.tasks import among_trained, of_all_training, within
from lrs.services.reports.view import View
from schemas.training.terms import TRAINED, TRAINING

_SERVICE: Final = "service"
WORDS: Final = {
    "team": Word("team", open=False),
    "hamlet": Word("hamlet", open=False),
}


def teams(view: View, question: Question) -> Table:
    """Return what teams did. Who they are, and where in a unit, is for those who may see records."""
    laid = lay(view, question, WORDS, within("team"))
    held = _held(view, laid)
    cube = Cube(laid.axes, [row for row, _ in held], None)
    asked = laid if view.exact else laid.with_axis(among_trained("team"))
    helped = Cube(asked.axes, _helped(view, laid, held), view.k)
    counts = _counts(laid, held)
    lines = []
    for line, values in lines_of(cube, laid.axes, question.by):
        counted = counts[tuple(line.values.values())]
        lines.append(values | _told(view, told(helped.line(line.values)), counted))
    return Table("teams", view, question, lines, _told(view, told(helped.total()), counts[()]))


class _Count:
    """What is counted of teams beside the people whom they helped."""

    def __init__(self) -> None:
        self.teams: set[str] = set()
        self.sessions = 0
        self.hosted = 0
        self.members = BitMap()

    def add(self, row: Row, members: BitMap) -> None:
        self.teams.add(row.dims["team"])
        if row.dims["kind"] == _SERVICE:
            self.hosted += row.statements
            self.members |= row.learners
        else:
            self.sessions += row.statements
        self.members |= members


def _held(view: View, laid: Laid) -> list[tuple[Row, BitMap]]:
    """Return what teams did, each with the members that were named."""
    return [
        (
            Row(cell.month, {**cell.dims, "family": "team"}, tally.learners, tally.statements, tally.seconds),
            BitMap([int(each) for each in tally.members]),
        )
        for cell, tally in view.cells("team", laid.months)
        if cell.dims["kind"] == _SERVICE or (cell.dims["kind"] in TRAINING and cell.dims["verb"] in TRAINED)
    ]


def _helped(view: View, laid: Laid, held: list[tuple[Row, BitMap]]) -> list[Row]:
    """Return the rows of those who were helped; beside them all training, which decides on what may be told."""
    helped = [row for row, _ in held if row.dims["kind"] != _SERVICE]
    return helped if view.exact else helped + [r for r in of_all_training(view, "team", laid) if not within("team")(r)]


def _counts(laid: Laid, held: list[tuple[Row, BitMap]]) -> dict[tuple[str, ...], _Count]:
    """Return the counts of each line, by its values, and of all lines together by none."""
    counts: dict[tuple[str, ...], _Count] = defaultdict(_Count)
    for row, members in held:
        found = [next((v for v in axis.values(row)[-1] if axis.chosen(v)), None) for axis in laid.axes]
        if None not in found:
            point = tuple([str(v) for axis, v in zip(laid.axes, found, strict=True) if axis.listed])
            for key in {point, ()}:
                counts[key].add(row, members)
    return counts


def _told(view: View, line: dict[str, Any], counted: _Count) -> dict[str, Any]:
    del line["statements"]
    told_ = line | {"teams": len(counted.teams), "sessions": counted.sessions, "hosted": counted.hosted}
    if view.exact:
        told_ |= {"members": len(counted.members), "memberIds": [str(each) for each in counted.members]}
    elif line["suppressed"]:
        told_ |= {"sessions": None, "hosted": None}
    return told_
