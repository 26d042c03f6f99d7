"""Ranking: units by how their coverage grew from one period to another; persons are never ranked."""

from dataclasses import dataclass, replace
from typing import Any

from lrs.services.reports.coverage import against, counted, target_of
from lrs.services.reports.cube import Line
from lrs.services.reports.tables import Question, Table
from lrs.services.reports.view import View


@dataclass(frozen=True)
class Compared:
    """The period that the one in question is compared with, and the growth that a unit needs to be ranked."""

    first: str
    last: str
    least: float = 0


def ranking(view: View, question: Question, compared: Compared) -> Table:
    """Return units by growth: of their percentage of the target where each of them has one, else of the people.

    A unit with fewer people than a figure needs has no rank, whoever asks: neither for its growth nor for its place.
    """
    by_unit = replace(question, by=("unit",))
    cube, laid = counted(view, by_unit)
    earlier = replace(by_unit, first=compared.first, last=compared.last)
    before, _ = counted(view, earlier)
    show = laid.axes[0].show
    lines = [line for line in cube.lines() if view.units.unit_of(line.values["unit"])]
    found = [
        {"unit": show(line.values["unit"])} | _grown(view, by_unit, earlier, line, before.line(line.values))
        for line in lines
    ]
    ranked, unranked = _ranked(found, view.small, compared.least)
    more = {"unranked": [line["unit"] for line in unranked], "compared": (compared.first, compared.last)}
    return Table("ranking", view, by_unit, ranked, {"ranked": len(ranked), "unranked": len(unranked)}, more)


def _grown(view: View, now: Question, earlier: Question, line: Line, before: Line) -> dict[str, Any]:
    told = against(target_of(view, now, line), line)
    told_before = against(target_of(view, earlier, before), before)
    number, was = line.figure.number, before.figure.number
    share = None if told["percent"] is None or told_before["percent"] is None else told["percent"]
    grown = None if share is None else round(share - told_before["percent"], 1)
    return {
        "learners": number,
        "before": was,
        "growth": None if number is None or was is None else number - was,
        "percent": told["percent"],
        "percentBefore": told_before["percent"],
        "percentGrowth": grown,
    }


def _ranked(found: list[dict[str, Any]], small: int, least: float) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return those that have a rank, by it, and those that have none."""
    able = [line for line in found if line["growth"] is not None and line["learners"] >= small]
    by = "percentGrowth" if able and all(line["percentGrowth"] is not None for line in able) else "growth"
    ranked = sorted((line for line in able if line[by] >= least), key=lambda line: (-line[by], line["unit"]["key"]))
    ranks = {line["unit"]["key"]: 1 + sum(other[by] > line[by] for other in ranked) for line in ranked}
    unranked = sorted(
        (line for line in found if line["unit"]["key"] not in ranks), key=lambda line: line["unit"]["key"]
    )
    return [{"rank": ranks[line["unit"]["key"]]} | line for line in ranked], unranked
