"""Coverage: how many people were trained, by unit, programme, group and time, against the targets."""

from collections.abc import Iterator
from typing import Any, Final

from lrs.services.reports.axes import NONE, nested
from lrs.services.reports.cube import Axis, Cube, Line, Row
from lrs.services.reports.tables import CLOSED, COMMON, Laid, Question, Table, Word, lay, lines_of, told
from lrs.services.reports.view import View
from schemas.faults import Refused
from schemas.registries.targets import Target
from schemas.registries.unit_rows import Unit
from schemas.training.lattice import ALL
from schemas.training.terms import COMPLETED, PASSED, TRAINED, TRAINING

REGISTERED: Final = "registered"
MEASURES: Final = {"trained": TRAINED, "completed": COMPLETED, "passed": PASSED, REGISTERED: (REGISTERED,)}

WORDS: Final = {
    **COMMON,
    "kind": Word("kind", TRAINING),
    "type": Word("type", open=False),
    "mode": Word("mode", open=False),
}
_OF_TARGETS: Final = {"unit", "programme", "group"}


def coverage(view: View, question: Question) -> Table:
    """Return who was trained; with targets where a programme is asked for, and no part of the people or of a year."""
    cube, laid = counted(view, question)
    lines = [(line, values) for line, values in lines_of(cube, laid.axes, question.by)]
    lines += _unreached(view, question, cube, laid, lines)
    rows = [values | told(line) | against(target_of(view, question, line), line) for line, values in lines]
    total = cube.total()
    totals = told(total) | against(_target_of_all(view, question), total)
    return Table("coverage", view, question, rows, totals)


def counted(view: View, question: Question) -> tuple[Cube, Laid]:
    """Return who was trained, along which axes; raise Refused for what this caller may not ask."""
    # Neither lies within the other, and what is between those who registered and those who came may be few.
    if question.measure == REGISTERED and not view.exact:
        raise Refused.at("measure", "closed", CLOSED)
    laid = lay(view, question, WORDS)
    verbs = MEASURES[question.measure]
    # Whoever passed has completed, too: for those who may not see who, what is between the two counts.
    if not view.exact and question.measure in {"completed", "passed"}:
        laid, verbs = laid.with_axis(_steps_to(question.measure), "verb"), TRAINED
    rows = view.rows("coverage", laid.dims, laid.months, kind=TRAINING, verb=verbs)
    return Cube(laid.axes, rows, view.k), laid


def _steps_to(measure: str) -> Axis:
    names = ("completed", "passed")[: 1 if measure == "completed" else 2]
    return nested("measure", [_counts(MEASURES[name]) for name in names], names, listed=False, chosen=measure)


def _counts(verbs: tuple[str, ...]) -> Any:
    def holds(row: Row) -> bool:
        return row.dims.get("verb") in verbs

    return holds


def target_of(view: View, question: Question, line: Line) -> Target | None:
    """Return the target that a line is held against, or None."""
    code = line.values.get("programme") or question.chosen.get("programme")
    if code in {None, NONE} or not _comparable(question):
        return None
    unit = view.units.unit_of(line.values["unit"]) if "unit" in line.values else _chosen_unit(view, question)
    group = line.values.get("group") or question.chosen.get("group", "")
    return None if unit is None else view.registries.targets.find(str(code), unit, _year(view, question), group)


def against(target: Target | None, line: Line) -> dict[str, Any]:
    """Return a figure as a part of the people that a target names."""
    if target is None:
        return {"target": None, "percent": None}
    number, people = line.figure.number, target.denominator
    known = {"denominator": people, "percent": target.percent, "year": target.year, "source": target.source}
    return {"target": known, "percent": round(100 * number / people, 1) if people and number is not None else None}


def _comparable(question: Question) -> bool:
    """Tell whether the figures are of all the people that a target may name, and of no part of its year."""
    return {*question.by, *question.chosen} <= _OF_TARGETS | {"year", "kind"} and "kind" not in question.by


def _year(view: View, question: Question) -> int:
    return int(question.last[:4]) if question.last else view.today.year


def _chosen_unit(view: View, question: Question) -> Unit | None:
    if (asked := question.chosen.get("unit")) is None:
        return None
    units = view.registries.units
    return units.get(asked) if "@" in asked else units.find(asked, view.at)


def _target_of_all(view: View, question: Question) -> Target | None:
    """Return the target of what was chosen: of the unit, else of the one around all others."""
    unit, code = _chosen_unit(view, question), question.chosen.get("programme")
    if unit is None and "unit" not in question.chosen:
        unit = view.registries.units.around(view.at)
    if unit is None or code is None or not _comparable(question):
        return None
    return view.registries.targets.find(code, unit, _year(view, question), question.chosen.get("group", ""))


def _unreached(
    view: View, question: Question, cube: Cube, laid: Laid, lines: list[tuple[Line, dict[str, Any]]]
) -> Iterator[tuple[Line, dict[str, Any]]]:
    """Yield the units that have a target and nobody trained."""
    if question.by != ("unit",):
        return
    axis = next(axis for axis in laid.axes if axis.name == "unit")
    if axis.total != ALL:
        return
    reached = {line.values["unit"] for line, _ in lines}
    units = view.registries.units.at(view.at)
    around = {each.parent for each in units}
    for unit in units:
        value = view.units.value_of(unit)
        if value not in reached and unit.code not in around:
            line = cube.line({"unit": value})
            if target_of(view, question, line) is not None:
                yield line, {"unit": axis.show(value)}
