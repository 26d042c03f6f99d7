"""What a question may be asked of another organisation's figures, as far as an agreement covers them.

Figures of others are never counted anew for an agreement: they are entries of the one table that the organisation tells
whoever may not see its records. An entry is covered if everything that it counts is. So whatever agreements there are,
one after the other or at once, however they are filtered, nobody learns more than that table tells.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final, Literal

from lrs.services.reports.axes import PERIODS, kind_of, months_of, quarter_of
from lrs.services.reports.tables import Question
from schemas.registries.programmes import Programmes
from schemas.registries.registries import Registries
from schemas.registries.unit_rows import Unit
from schemas.registries.units import Units
from schemas.sharing.agreements import Filter, keys_within

Axis = Literal["unit", "programme", "group", "period"]
Line = dict[str, Any]

AXES: Final[tuple[Axis, ...]] = ("unit", "programme", "group", "period")
_FIRST: Final = "0000-00"
_LAST: Final = "9999-99"


@dataclass(frozen=True)
class Narrowed:
    """A question as it is asked of one organisation.

    ``covers`` tells whether a line of the answer is covered, ``touches`` whether a part of it may be. ``total`` is the
    question whose total is covered, None where there is none.
    """

    question: Question
    covers: Callable[[Line], bool]
    touches: Callable[[Line], bool]
    total: Question | None


class Nothing(Exception):
    """What is asked for and what is covered have nothing in common."""


class Untold(Exception):
    """What is asked for goes beyond what is covered, and no entry of the table is what they have in common."""


@dataclass
class _Part:
    """What one part of a filter makes of a question; ``choice`` is what is chosen for the total alone."""

    covers: Callable[[Line], bool] = lambda _: True
    touches: Callable[[Line], bool] = lambda _: True
    total: bool = True
    choice: Mapping[str, str] = field(default_factory=dict)


def narrowed(
    question: Question, filter_: Filter, registries: Registries, at: date, able: Collection[Axis] = AXES
) -> Narrowed:
    """Return what is asked of an organisation whose agreement has this filter, units being those of the day ``at``.

    Only what the report is ``able`` to choose can be narrowed. Raise Nothing, Untold.
    """
    parts: list[_Part] = []
    steps: tuple[tuple[Axis, bool, Callable[[Question], tuple[Question, _Part]]], ...] = (
        ("programme", bool(filter_.programmes), lambda q: _programmes(q, filter_, registries.programmes)),
        ("group", bool(filter_.groups), lambda q: _groups(q, filter_)),
        ("unit", bool(filter_.units), lambda q: _units(q, filter_, registries, at)),
        ("period", filter_.since is not None or filter_.until is not None, lambda q: _periods(q, filter_)),
    )
    for axis, is_bound, step in steps:
        if is_bound:
            if axis not in able:
                raise Untold
            question, part = step(question)
            parts.append(part)
    choice = {name: value for part in parts for name, value in part.choice.items()}
    total = replace(question, by=(), chosen={**question.chosen, **choice}) if choice else question
    return Narrowed(
        question,
        lambda line: all(part.covers(line) for part in parts),
        lambda line: all(part.touches(line) for part in parts),
        total if all(part.total for part in parts) else None,
    )


def _programmes(question: Question, filter_: Filter, programmes: Programmes) -> tuple[Question, _Part]:
    codes = {found.code if (found := programmes.find(name)) else name for name in filter_.programmes}
    # What lies within another one that is covered adds nothing.
    codes = {each for each in codes if not (programmes.above(each) - {each}) & codes}
    asked = question.chosen.get("programme")
    chosen = None if asked is None else found.code if (found := programmes.find(asked)) else asked

    def covers(line: Line) -> bool:
        return bool(programmes.above(line["programme"]["code"]) & codes)

    def touches(line: Line) -> bool:
        code = line["programme"]["code"]
        return covers(line) or any(code in programmes.above(each) for each in codes)

    within = codes if chosen is None else {each for each in codes if chosen in programmes.above(each)}
    if chosen is not None and programmes.above(chosen) & codes:
        return question, _Part()
    if not within:
        # Two programmes may have people in common, but what is asked for is not what was agreed on.
        raise Nothing
    if "programme" in question.by:
        # To choose one would leave out the lines of its parts.
        choice = {"programme": min(within)} if len(within) == 1 else {}
        return question, _Part(covers, touches, bool(choice), choice)
    if len(within) > 1:
        raise Untold
    return _choosing(question, "programme", *within), _Part()


def _groups(question: Question, filter_: Filter) -> tuple[Question, _Part]:
    chosen = question.chosen.get("group")
    if chosen is not None:
        if chosen not in filter_.groups:
            raise Nothing
        return question, _Part()
    if len(filter_.groups) == 1:
        return _choosing(question, "group", filter_.groups[0]), _Part()
    if "group" not in question.by:
        raise Untold

    def covers(line: Line) -> bool:
        return line["group"] in filter_.groups

    return question, _Part(covers, covers, total=False)


def _units(question: Question, filter_: Filter, registries: Registries, at: date) -> tuple[Question, _Part]:
    units = registries.units
    covered = keys_within(units, filter_.units, filter_.at or at) or frozenset()
    belongs: dict[str, set[str]] = defaultdict(set)
    for each in units.units:
        if isinstance(place := units.as_of(each, at), Unit):
            belongs[place.key].add(each.key)

    def covers(line: Line) -> bool:
        return line["unit"]["key"] in belongs and belongs[line["unit"]["key"]] <= covered

    def touches(line: Line) -> bool:
        # What has no unit of the day stands under a label: nobody can tell what is in it.
        return line["unit"]["key"] is None or bool(belongs.get(line["unit"]["key"], set()) & covered)

    asked = question.chosen.get("unit")
    if asked is not None and _is_everything(units, asked, at):
        # Of that, agreements cover what they name: as if no unit had been chosen.
        question, asked = replace(question, chosen={k: v for k, v in question.chosen.items() if k != "unit"}), None
    if asked is not None:
        _require(belongs[_place(units, asked, at)], covered)
        return question, _Part()
    if exact := [key for key, members in belongs.items() if members == covered]:
        return _choosing(question, "unit", exact[0]), _Part()
    if "unit" not in question.by:
        raise Untold
    return question, _Part(covers, touches, total=False)


def _require(members: Collection[str], covered: Collection[str]) -> None:
    """Raise Nothing or Untold unless all that belongs to a unit is covered."""
    if not set(members) & set(covered):
        raise Nothing
    if not set(members) <= set(covered):
        raise Untold


def _is_everything(units: Units, asked: str, at: date) -> bool:
    """Tell whether what is chosen is the unit around all others."""
    place = units.get(_place(units, asked, at))
    return place is not None and units.is_everything(place, at)


def _place(units: Units, asked: str, at: date) -> str:
    """Return the key of what a unit is on a day; of none, the report has said so already."""
    found = units.get(asked) if "@" in asked else units.find(asked, at)
    place = None if found is None else units.as_of(found, at)
    return place.key if isinstance(place, Unit) else ""


def _periods(question: Question, filter_: Filter) -> tuple[Question, _Part]:
    first = f"{filter_.since:%Y-%m}" if filter_.since else _FIRST
    last = f"{filter_.until:%Y-%m}" if filter_.until else _LAST
    listed = next((each for each in PERIODS if each in question.by), None)

    def covers(line: Line) -> bool:
        begins, ends = months_of(line[str(listed)])
        return first <= begins and ends <= last

    def touches(line: Line) -> bool:
        begins, ends = months_of(line[str(listed)])
        return first <= ends and begins <= last

    asked = question.first or _FIRST, question.last or _LAST
    common = max(first, asked[0]), min(last, asked[1])
    if common[0] > common[1]:
        raise Nothing
    if common == asked:
        return question, _Part()
    whole = _whole(*common)
    if whole is not None and (listed is None or PERIODS.index(listed) >= PERIODS.index(kind_of(whole))):
        return replace(question, first=common[0], last=common[1]), _Part()
    if listed is None:
        raise Untold
    return question, _Part(covers, touches, total=False)


def _whole(first: str, last: str) -> str | None:
    """Return the month, quarter or year from one month to another; None where they make up none."""
    if first == _FIRST or last == _LAST:
        return None
    return next((each for each in (first, quarter_of(first), first[:4]) if months_of(each) == (first, last)), None)


def _choosing(question: Question, axis: str, value: str) -> Question:
    return replace(question, chosen={**question.chosen, axis: value})
