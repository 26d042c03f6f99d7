"""From a question to the table that answers it: what all reports do alike."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, Final, NamedTuple

from lrs.services.reports.axes import PERIODS, flat, kind_of, months_of, period, plain_period, programme, quarter_of
from lrs.services.reports.cube import Axis, Cube, Line, Row
from lrs.services.reports.view import EVER, View
from schemas.faults import Refused
from schemas.registries.unit_rows import Unit
from schemas.training.terms import AGE_BANDS, GROUPS, UNKNOWN

_HOUR: Final = 3600
_YEARS: Final = 4
_WHOLE: Final = "This must be a whole month, quarter or year, or left out: only records/read may choose other months."
CLOSED: Final = "Only a credential with the scope records/read may ask for this."


@dataclass(frozen=True)
class Question:
    """What is asked of a report.

    ``by`` names what it is broken down by, ``chosen`` what is picked out, by the same names. ``first`` and ``last`` are
    months like "2025-07", of everything where they are empty.
    """

    by: tuple[str, ...] = ()
    chosen: Mapping[str, str] = field(default_factory=dict)
    first: str = ""
    last: str = ""
    at: date | None = None
    measure: str = "trained"

    def names(self, name: str) -> bool:
        """Tell whether it is about this axis at all."""
        return name in self.by or name in self.chosen


class Word(NamedTuple):
    """An axis of plain words: the dimension of cells that holds them, and how they are told.

    Only ``open`` ones are for callers that may not see records.
    """

    field: str
    known: tuple[str, ...] = ()
    open: bool = True
    show: Callable[[str], Any] = str
    is_known: Callable[[str], Any] = bool
    means: Callable[[str], str] = str


COMMON: Final[dict[str, Word]] = {
    "group": Word("groups", (*GROUPS, UNKNOWN)),
    "band": Word("band", AGE_BANDS),
}


@dataclass(frozen=True)
class Laid:
    """How a question is answered: along these axes, from cells of these months with these dimensions."""

    axes: list[Axis]
    dims: set[str]
    months: tuple[str, str]

    def with_axis(self, axis: Axis | None, *dims: str) -> "Laid":
        """Return the same with one more axis, if there is one."""
        return self if axis is None else Laid([*self.axes, axis], self.dims | set(dims), self.months)


@dataclass
class Table:
    """The answer: lines by what was asked for, and their total; ``by`` and names of columns as they are told."""

    name: str
    view: View
    question: Question
    lines: list[dict[str, Any]]
    totals: dict[str, Any]
    more: dict[str, Any] = field(default_factory=dict)


def lay(
    view: View,
    question: Question,
    words: Mapping[str, Word],
    within: Callable[[Row], bool] | None = None,
    years: Iterable[str] | None = None,
) -> Laid:
    """Return how a question is answered; rows that are not ``within`` have none of the ``words``.

    Raise Refused for what this caller may not ask.
    """
    _check(view, question, words)
    axes, dims = [], set[str]()
    if question.names("unit"):
        chosen = _unit(view, question)
        if chosen is not None or "unit" in question.by:
            dims.add("unit")
            axes.append(view.units.axis(listed="unit" in question.by, chosen=chosen))
    if question.names("programme"):
        dims.add("programmes")
        axes.append(
            programme(view.registries.programmes, listed="programme" in question.by, chosen=_programme(view, question))
        )
    for name, word in words.items():
        if question.names(name):
            dims.add(word.field)
            axes.append(_flat(name, word, question, within if name not in COMMON else None))
    axes += _periods(view, question, years)
    return Laid(axes, dims, (question.first or EVER[0], question.last or EVER[1]))


def _flat(name: str, word: Word, question: Question, within: Callable[[Row], bool] | None) -> Axis:
    chosen = question.chosen.get(name)
    return flat(
        name,
        field=word.field,
        known=word.known,
        within=within,
        listed=name in question.by,
        chosen=word.means(chosen) if chosen else None,
        show=word.show,
        is_known=word.is_known,
        means=word.means,
    )


def _check(view: View, question: Question, words: Mapping[str, Word]) -> None:
    """Raise Refused for what a caller that may not see records may not ask."""
    closed = [name for name, word in words.items() if not word.open and question.names(name)]
    if closed and not view.exact:
        raise Refused.at(closed[0] if closed[0] in question.chosen else "by", "closed", CLOSED)


def _unit(view: View, question: Question) -> str | None:
    """Return what is chosen; None for everything, which is what the unit around all others stands for."""
    if (asked := question.chosen.get("unit")) is None:
        return None
    units = view.registries.units
    found = units.get(asked) if "@" in asked else units.find(asked, view.at)
    if found is None:
        raise Refused.at("unit", "unknown", f"no unit has this code on {view.at}, or this key")
    place = units.as_of(found, view.at)
    if not isinstance(place, Unit):
        raise Refused.at("unit", "unmapped", f"on {view.at} it is {place.label}")
    return None if units.is_everything(place, view.at) else view.units.value_of(place)


def _programme(view: View, question: Question) -> str | None:
    if (asked := question.chosen.get("programme")) is None:
        return None
    found = view.registries.programmes.find(asked)
    return found.code if found else asked


def _periods(view: View, question: Question, years: Iterable[str] | None) -> list[Axis]:
    listed = next((each for each in PERIODS if each in question.by), None)
    if view.exact:
        return [plain_period(listed)] if listed else []
    chosen = whole_period(question.first, question.last)
    if chosen and listed and PERIODS.index(listed) < PERIODS.index(kind_of(chosen)):
        raise Refused.at("by", "period", f"a {kind_of(chosen)} has no {listed}s in it")
    if not chosen and not listed:
        return []
    now = view.today.year
    return [period(listed=listed, chosen=chosen, years=years or [str(now - past) for past in range(_YEARS)])]


def whole_period(first: str, last: str) -> str | None:
    """Return the month, quarter or year from one month to another, None for everything; raise Refused for none."""
    if not first and not last:
        return None
    if first and last:
        for whole in (first, quarter_of(first), first[:4]):
            if months_of(whole) == (first, last):
                return whole
    raise Refused.at("from" if first else "to", "period", _WHOLE)


def told(line: Line) -> dict[str, Any]:
    """Return what is told of a figure."""
    number, reason = line.figure
    hidden = number is None
    return {
        "learners": number,
        "suppressed": hidden,
        "reason": reason,
        "statements": None if hidden else line.statements,
        "seconds": None if hidden else line.seconds,
        "hours": None if hidden else hours(line.seconds),
    }


def hours(seconds: float) -> float:
    """Return hours to two places."""
    return round(seconds / _HOUR, 2)


def lines_of(cube: Cube, axes: Iterable[Axis], by: Collection[str]) -> list[tuple[Line, dict[str, Any]]]:
    """Return the lines in the order of what they are about, each with its values as they are told."""
    # Few values stand in many lines.
    shows = {axis.name: cache(axis.show) for axis in axes if axis.listed}
    found = sorted(cube.lines(), key=lambda line: [line.values[name] for name in by])
    return [(line, {name: shows[name](line.values[name]) for name in by}) for line in found]


def tabulated(name: str, view: View, question: Question, laid: Laid, rows: Iterable[Row]) -> tuple[Table, Cube]:
    """Return the plain table of a question, and the cube behind it."""
    cube = Cube(laid.axes, rows, view.k)
    lines = [values | told(line) for line, values in lines_of(cube, laid.axes, question.by)]
    return Table(name, view, question, lines, told(cube.total())), cube
