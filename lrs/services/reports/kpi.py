"""The figures that others fetch by machine: one line for each unit, programme and group of a period."""

from dataclasses import replace
from typing import Any, Final

from lrs.services.reports.axes import months_of
from lrs.services.reports.coverage import coverage
from lrs.services.reports.tables import Question
from lrs.services.reports.view import View

COLUMNS: Final = (
    "indicator",
    "period",
    "unit",
    "unitAsOf",
    "unitName",
    "programme",
    "group",
    "value",
    "denominator",
    "percent",
    "suppressed",
    "reason",
)


def indicators(view: View, period: str, measure: str) -> list[dict[str, Any]]:
    """Return the lines in a stable order; the same figures are the same lines, whenever they are fetched.

    ``unitAsOf`` is the first day on which units were as they are on the day of the view.
    """
    first, last = months_of(period)
    question = Question(by=("unit", "programme", "group"), first=first, last=last, measure=measure)
    since = str(max((unit.begins for unit in view.registries.units.at(view.at)), default=view.at))
    # Targets are of a year: what was reached in a part of it is a part of the way.
    lines = coverage(view, replace(question, at=view.at)).lines
    return [
        {
            "indicator": f"coverage.{measure}",
            "period": period,
            "unit": line["unit"]["code"],
            "unitAsOf": since if line["unit"]["code"] else None,
            "unitName": line["unit"]["name"],
            "programme": line["programme"]["code"],
            "group": line["group"],
            "value": line["learners"],
            "denominator": line["target"]["denominator"] if line["target"] else None,
            "percent": line["percent"],
            "suppressed": line["suppressed"],
            "reason": line["reason"],
        }
        for line in lines
    ]
