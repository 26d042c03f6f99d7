"""The figures that others fetch by machine: one line for each unit, programme and group of a period."""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from lrs.services.reports.axes import months_of
from lrs.services.reports.tables import Question

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


WITHOUT: Final = "without"
"""The column of figures of several organisations, in the end: those that do not tell all of it."""


def question_of(period: str, measure: str) -> Question:
    """Return what is asked of coverage.

    Targets are of a year: what was reached in a part of it is a part of the way.
    """
    first, last = months_of(period)
    return Question(by=("unit", "programme", "group"), first=first, last=last, measure=measure)


def indicators(lines: Iterable[dict[str, Any]], period: str, measure: str, since: date) -> list[dict[str, Any]]:
    """Return lines of coverage in a stable order; the same figures are the same lines, whenever they are fetched.

    Units have been as they are ``since`` that day.
    """
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
        | ({WITHOUT: line[WITHOUT]} if WITHOUT in line else {})
        for line in lines
    ]
