"""Reports: figures of the caller's own organisation, put together from cells and never from statements."""

from collections.abc import Callable
from datetime import date
from typing import Any, Final, Literal, NamedTuple

from lrs.services.principals import Principal
from lrs.services.progress import Progress
from lrs.services.registries import RegistryService
from lrs.services.reports.businesses import businesses
from lrs.services.reports.coverage import coverage
from lrs.services.reports.experts import experts
from lrs.services.reports.hours import hours_of_service
from lrs.services.reports.kpi import COLUMNS, indicators
from lrs.services.reports.outcomes import outcomes
from lrs.services.reports.placements import placements
from lrs.services.reports.ranking import Compared, ranking
from lrs.services.reports.reach import reach
from lrs.services.reports.skills import skills
from lrs.services.reports.tables import Question, Table
from lrs.services.reports.tasks import tasks
from lrs.services.reports.teams import teams
from lrs.services.reports.view import Desk, View
from lrs.store import Store

__all__ = ["COLUMNS", "Compared", "Indicators", "Question", "Report", "ReportService", "Table"]

Report = Literal[
    "coverage",
    "hours",
    "teams",
    "skills",
    "reach",
    "tasks",
    "experts",
    "businesses",
    "outcomes",
    "placements",
]

_REPORTS: Final[dict[Report, Callable[[View, Question], Table]]] = {
    "coverage": coverage,
    "hours": hours_of_service,
    "teams": teams,
    "skills": skills,
    "reach": reach,
    "tasks": tasks,
    "experts": experts,
    "businesses": businesses,
    "outcomes": outcomes,
    "placements": placements,
}


class Indicators(NamedTuple):
    """Lines of figures for machines, and what they stand on.

    Units have been what they are ``since`` that day. ``through`` is the last statement that was counted, and no part of
    the figures: it moves with others than theirs, too.
    """

    lines: list[dict[str, Any]]
    period: str
    k: int
    since: date
    through: int


class ReportService:
    """Answers questions; all need ``reports/read``, and raise Forbidden, Refused, BadRequest and Unavailable."""

    def __init__(self, store: Store, registries: RegistryService, progress: Progress, timezone: str) -> None:
        self._store = store
        self._desk = Desk(store, registries, progress, timezone)

    def report(self, principal: Principal, name: Report, question: Question) -> Table:
        """Return the table that answers a question."""
        # What decides on figures and the figures are of one instant, whatever is counted meanwhile.
        with self._store.snapshot() as session:
            return _REPORTS[name](self._desk.view(principal, session, question.at), question)

    def ranking(self, principal: Principal, question: Question, compared: Compared) -> Table:
        """Return units by their growth."""
        with self._store.snapshot() as session:
            return ranking(self._desk.view(principal, session, question.at), question, compared)

    def indicators(self, principal: Principal, period: str, measure: str) -> Indicators:
        """Return the figures of a period that others fetch by machine."""
        through = self._desk.counted(principal)
        with self._store.snapshot() as session:
            view = self._desk.view(principal, session)
            since = view.units_since()
            return Indicators(indicators(view, period, measure, since), period, view.k or 1, since, through)
