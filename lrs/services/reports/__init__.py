"""Reports: figures of the caller's own organisation, put together from cells and never from statements."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any, Final, Literal, NamedTuple

import msgspec

from lrs.services.agreements import Agreement, Agreements
from lrs.services.principals import Principal
from lrs.services.progress import Progress
from lrs.services.registries import RegistryService
from lrs.services.reports.businesses import businesses
from lrs.services.reports.coverage import coverage
from lrs.services.reports.experts import experts
from lrs.services.reports.hours import hours_of_service
from lrs.services.reports.joint import Part, Source, joined
from lrs.services.reports.kpi import COLUMNS, WITHOUT, indicators, question_of
from lrs.services.reports.narrowing import AXES, Axis, Nothing, Untold, narrowed
from lrs.services.reports.outcomes import outcomes
from lrs.services.reports.placements import placements
from lrs.services.reports.ranking import Compared, ranking
from lrs.services.reports.reach import reach
from lrs.services.reports.skills import skills
from lrs.services.reports.tables import Question, Table
from lrs.services.reports.tasks import tasks
from lrs.services.reports.teams import teams
from lrs.services.reports.view import Desk, View
from lrs.services.terms import beyond_figures, least
from lrs.store import Store
from lrs.store.transactions import Session

__all__ = ["COLUMNS", "WITHOUT", "Compared", "Indicators", "Question", "Report", "ReportService", "Source", "Table"]

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


_USUAL: Final[tuple[Axis, ...]] = ("unit", "programme", "period")
_ABLE: Final[dict[Report, tuple[Axis, ...]]] = {
    "coverage": AXES,
    "hours": AXES,
    "tasks": AXES,
    "teams": ("unit", "period"),
}
"""What can be chosen in reports, where that is not the usual."""


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

    def __init__(
        self, store: Store, registries: RegistryService, progress: Progress, timezone: str, agreements: Agreements
    ) -> None:
        self._store = store
        self._desk = Desk(store, registries, progress, timezone)
        self._agreements = agreements

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
            lines, since = coverage(view, question_of(period, measure)).lines, view.units_since()
            return Indicators(indicators(lines, period, measure, since), period, view.k or 1, since, through)

    def shared(self, principal: Principal, name: Report, question: Question) -> Table:
        """Return the table of all organisations that share figures with the caller's, and of that one itself.

        None of it is exact, whoever asks. Each who gives has it in the audit.
        """
        with self._store.snapshot() as session:
            parts = [self._own(principal, name, question, session)]
            read = self._figures(principal)
            parts += [self._given(principal, name, question, each, session) for each in read]
        views = [part.table.view for part in parts if part.table is not None]
        view = replace(
            views[0], through=min(each.through for each in views), rebuilding=any(each.rebuilding for each in views)
        )
        table = joined(parts, view)
        table.more["sources"] = [part.source for part in parts]
        for agreement, part in zip(read, parts[1:], strict=True):
            rows = sum(is_covered for _, is_covered in part.lines(question))
            self._agreements.note_read(principal, agreement, {"report": name, "rows": rows})
        return table

    def shared_indicators(self, principal: Principal, period: str, measure: str) -> tuple[Indicators, list[Source]]:
        """Return the figures of a period of all organisations that share with the caller's, and whose they are."""
        table = self.shared(principal, "coverage", question_of(period, measure))
        since = table.view.units_since()
        lines = indicators(table.lines, period, measure, since)
        found = Indicators(lines, period, table.view.small, since, table.view.through)
        return found, table.more["sources"]

    def _figures(self, principal: Principal) -> list[Agreement]:
        """Return the agreements by which the caller may have figures: of each who gives the widest, then the first."""
        widest: dict[bytes, Agreement] = {}
        found = [each for each in self._agreements.taken(principal.org) if not beyond_figures(each)]
        for each in sorted(found, key=lambda it: (len(msgspec.to_builtins(it.filter)), it.created, it.id)):
            widest.setdefault(each.giver, each)
        return sorted(widest.values(), key=lambda each: each.giver_id)

    def _own(self, principal: Principal, name: Report, question: Question, session: Session) -> Part:
        organisation = self._desk.organisation(principal.org)
        view = self._desk.told(principal, principal.org, organisation.small, session, question.at)
        source = Source(organisation.id, organisation.name, None, organisation.small)
        return Part(source, _REPORTS[name](view, question))

    def _given(
        self, principal: Principal, name: Report, question: Question, agreement: Agreement, session: Session
    ) -> Part:
        organisation = self._desk.organisation(agreement.giver)
        k = least(self._store, organisation, session)
        view = self._desk.told(principal, agreement.giver, k, session, question.at)
        source = Source(organisation.id, organisation.name, agreement.id, k)
        try:
            asked = narrowed(question, agreement.filter, view.registries, view.at, _ABLE.get(name, _USUAL))
        except Untold:
            return Part(source, None)
        except Nothing:
            return Part(source, Table(name, view, question, [], {}))
        table = _REPORTS[name](view, asked.question)
        if asked.total is not None and asked.total != asked.question:
            table.totals = _REPORTS[name](view, asked.total).totals
        return Part(source, table, asked)
