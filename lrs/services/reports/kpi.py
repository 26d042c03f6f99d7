"""The figures that others fetch by machine: one line for each unit, programme and group of a period."""

from datetime import date
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


def indicators(view: View, period: str, measure: str, since: date) -> list[dict[str, Any]]:
    """Return the lines in a stable order; the same figures are the same lines, whenever they are fetched.

    Units have been as they are on the day of the view ``since`` that day.
    """
    first, last = months_of(period)
    question = Question(by=("unit", "programme", "group"), first=first, last=last, measure=measure)
    # Targets are of a year: what was reached in a part of it is a part of the way.
    lines = coverage(view, question).lines
    return [
        {
            "indicator": f"coverage.{measure}",
            "period": period,
            "unit": line["unit"]["code"],
            "unitAsOf": str(since) if line["unit"]["code"] else None,
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
