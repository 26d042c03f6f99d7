"""Outcomes: what came of training, as people say some weeks later. Their answers stay where they were given.

Whoever answered about no programme is counted in those that he or she was trained in by then: the person is known under
one number throughout, whatever that stands for.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pyroaring import BitMap

from lrs.services.reports.cube import Axis, Cube, Line, Row
from lrs.services.reports.tables import Question, Table, lay, lines_of
from lrs.services.reports.tasks import of_all_training, within
from lrs.services.reports.view import View
from schemas.training.lattice import ALL, Steps
from schemas.training.terms import OUTCOMES, TRAINED, TRAINING

_FAMILY: Final = "outcome"
_ANSWERED: Final = "answered"
_NO: Final = "no"
NAMES: Final = {"new-job": "newJob", "skill-use": "skillUse"}
"""What outcomes are called in a line."""


def outcomes(view: View, question: Question) -> Table:
    """Return how many answered, and the part of them for whom each outcome came true."""
    laid = lay(view, question, {})
    asked = laid.with_axis(None)
    asked.dims.add("outcomes")
    rows = list(of_all_training(view, _FAMILY, asked))
    if question.names("programme"):
        rows = list(_served(view, rows))
    # By itself each: who has a new job may use what he learned, too, and both together are in the way of neither.
    cubes = {each: Cube([*laid.axes, _axis(each)], rows, view.k) for each in OUTCOMES}
    first = cubes[OUTCOMES[0]]
    lines = []
    for line, values in lines_of(first, [*laid.axes, _axis(OUTCOMES[0])], (*question.by, _FAMILY)):
        if line.values[_FAMILY] == _ANSWERED:
            del values[_FAMILY]
            found = {each: cube.line({**line.values, _FAMILY: each}) for each, cube in cubes.items()}
            lines.append(values | _told({_ANSWERED: line, **found}))
    totals = {each: cube.total_of(_FAMILY, each) for each, cube in cubes.items()}
    totals[_ANSWERED] = first.total_of(_FAMILY, _ANSWERED)
    return Table("outcomes", view, question, lines, _told(totals))


def _axis(outcome: str) -> Axis:
    """Return the axis on which those who say so, and those who do not, lie within all who answered.

    These lie within all who were trained, where the caller may not see who.
    """
    answers = within(_FAMILY)

    def values(row: Row) -> Sequence[Sequence[str]]:
        if not answers(row):
            return ((),)
        return ((_ANSWERED, outcome if outcome in (row.dims.get("outcomes") or ()) else _NO),)

    steps = Steps(lambda value: (ALL,) if value == _ANSWERED else (_ANSWERED,), _parts(outcome))
    return Axis(_FAMILY, values, steps, listed=True)


def _parts(outcome: str) -> Any:
    return lambda value: (outcome, _NO) if value == _ANSWERED else ()


def _served(view: View, rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows, those of no programme by the programmes that their people were trained in by then."""
    answers = within(_FAMILY)
    trained: dict[tuple[str, ...], list[tuple[str, BitMap]]] | None = None
    for row in rows:
        if not answers(row) or row.dims.get("programmes"):
            yield row
            continue
        trained = _trained(view) if trained is None else trained
        left = row.learners.copy()
        for programmes, months in trained.items():
            by_then = BitMap.union(*(learners for month, learners in months if month <= row.month), BitMap())
            if here := row.learners & by_then:
                yield row._replace(dims={**row.dims, "programmes": programmes}, learners=here)
                left -= here
        if left:
            yield row._replace(learners=left)


def _trained(view: View) -> dict[tuple[str, ...], list[tuple[str, BitMap]]]:
    """Return who was trained, by programmes and month."""
    found: dict[tuple[str, ...], list[tuple[str, BitMap]]] = defaultdict(list)
    for row in view.rows("coverage", {"programmes"}, kind=TRAINING, verb=TRAINED):
        if programmes := row.dims.get("programmes"):
            found[tuple(programmes)].append((row.month, row.learners))
    return found


def _told(lines: Mapping[str, Line]) -> dict[str, Any]:
    """Return what is told of those who answered, and of each outcome among them."""
    number, reason = lines[_ANSWERED].figure
    found: dict[str, Any] = {"learners": number, "suppressed": number is None, "reason": reason}
    for outcome, name in NAMES.items():
        count, why = lines[outcome].figure
        found |= {name: count, f"{name}Suppressed": count is None, f"{name}Reason": why}
        found[f"{name}Percent"] = share(count, number)
    return found


def share(count: int | None, number: int | None) -> float | None:
    """Return a part of those who answered, in percent; None where either is not told."""
    return round(100 * count / number, 1) if number and count is not None else None
