"""/api/reports: what the own organisation's training comes to, as JSON or for spreadsheets."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

import msgspec
from flask import Response
from marshmallow import Schema

from lrs.resources.api.interface import Section
from lrs.resources.api.tables import CSV, gives_files, wants_file
from lrs.resources.encodings import vary
from lrs.resources.guards import principal
from lrs.services.reports import Compared, Question, Report, ReportService, Source, Table
from schemas.api.report_queries import (
    BusinessesQuerySchema,
    CoverageQuerySchema,
    ExpertsQuerySchema,
    HoursQuerySchema,
    OutcomesQuerySchema,
    PlacementsQuerySchema,
    RankingQuerySchema,
    ReachQuerySchema,
    SkillsQuerySchema,
    TasksQuerySchema,
    TeamsQuerySchema,
)
from schemas.api.reports import ReportSchema
from schemas.registries.csv_files import written
from schemas.xapi.timestamps import iso

Query = dict[str, Any]

_COMMAND: Final = ("=", "+", "-", "@", "\t", "\r")
"""What spreadsheets take for the beginning of a formula."""
_HIDDEN: Final = "..."
"""Written in the place of a figure that would tell of few people elsewhere."""
_NOT_CHOSEN: Final = {
    "first",
    "last",
    "by",
    "measure",
    "as_of",
    "format",
    "compared_first",
    "compared_last",
    "least",
    "sharing",
}
_SHAPE: Final = (
    "\n\nNeeds the scope `reports/read`. With `records/read` all figures are told; without it those of fewer than `k`"
    " people are hidden (`suppressed`), and so is what would tell of them."
)
_SHARED: Final = (
    " With `sharing=all`, organisations that share figures with the own one are in it, too (`organisations`); none of"
    " it is exact then, and a line names those that do not tell their part of it (`without`)."
)
_COVERAGE: Final = (
    "Report who was trained\n\nDifferent people by unit, programme, group, age band and time, against the targets of a"
    " programme. Whoever is in several lines is one person in the totals. Units are those of the day `as_of`."
)
_SKILLS: Final = (
    "Report skills and levels\n\nWho passed, by framework, skill and level, with what comes near in other frameworks:"
    " `approximate` where it is not one to one."
)
_OUTCOMES: Final = (
    "Report what came of training\n\nOf those who answered a follow-up survey, people with a new job, and people who"
    " use what they have learned, by when they answered. Whoever answered about no programme counts in those that he or"
    " she was trained in by then."
)
_PLACEMENTS: Final = (
    "Report placements\n\nPeople sent to hosts, as interns, by when they began. `awaiting-confirmation` is what one"
    " side only has told the end of. By which hosts with `records/read` only."
)
_REPORTS: Final[dict[Report, tuple[type[Schema], str]]] = {
    "coverage": (CoverageQuerySchema, _COVERAGE),
    "hours": (HoursQuerySchema, "Report hours of service\n\nBy unit, team or, with `records/read`, learner."),
    "teams": (
        TeamsQuerySchema,
        "Report what teams did\n\nSessions, the people whom they helped, and the members who were there.",
    ),
    "skills": (SkillsQuerySchema, _SKILLS),
    "reach": (ReachQuerySchema, "Report head-counts\n\nBeside the people who are known, never added to them."),
    "tasks": (
        TasksQuerySchema,
        "Report tasks done on services and platforms\n\nBy type, procedure, level, platform, and whether alone.",
    ),
    "experts": (
        ExpertsQuerySchema,
        "Report teaching by experts\n\nSessions and hours; by whom with `records/read` only.",
    ),
    "businesses": (BusinessesQuerySchema, "Report organisations reached\n\nAnd people of them, never added to them."),
    "outcomes": (OutcomesQuerySchema, _OUTCOMES),
    "placements": (PlacementsQuerySchema, _PLACEMENTS),
}


def reports(service: ReportService) -> Section:
    """Return the views."""
    section = Section("reports", "Figures of the own organisation, and of those that share theirs with it")
    for name, (query, told) in _REPORTS.items():
        _declare(section, f"/reports/{name}", query, told + _SHAPE + _SHARED, _asking(service, name))

    def rank(query: Query) -> Table:
        compared = Compared(query["compared_first"], query["compared_last"], query["least"])
        return service.ranking(principal(), _question(query), compared)

    told = (
        "Rank units by growth\n\nOf their coverage from one period to another. Units with fewer than `k` people have no"
        " rank, whoever asks."
    )
    _declare(section, "/reports/ranking", RankingQuerySchema, told + _SHAPE, rank)
    return section


def _asking(service: ReportService, name: Report) -> Callable[[Query], Table]:
    def ask(query: Query) -> Table:
        answer = service.shared if query["sharing"] == "all" else service.report
        return answer(principal(), name, _question(query))

    return ask


def _declare(section: Section, path: str, schema: type[Schema], told: str, ask: Callable[[Query], Table]) -> None:
    def view(query: Query) -> Response:
        table = ask(query)
        return _file(table) if wants_file(query) else _json(table)

    view.__doc__ = told
    view.__name__ = path.rpartition("/")[2]
    section.view(path, "GET", query=schema, gives=ReportSchema)(gives_files(section)(view))


def _question(query: Query) -> Question:
    return Question(
        by=query.get("by", ()),
        chosen={name: value for name, value in query.items() if name not in _NOT_CHOSEN},
        first=query["first"],
        last=query["last"],
        at=query.get("as_of"),
        measure=query.get("measure", "trained"),
    )


def _json(table: Table) -> Response:
    k = table.view.k or 1
    told = {
        "report": table.name,
        "asOf": table.view.at,
        "through": iso(table.view.through),
        "rebuilding": table.view.rebuilding,
        "k": k,
        "by": table.question.by,
        "from": table.question.first or None,
        "to": table.question.last or None,
        "rows": [shown(line, k) for line in table.lines],
        "totals": shown(table.totals, k),
    }
    if "unranked" in table.more:
        told["unranked"] = table.more["unranked"]
    if "sources" in table.more:
        told |= shared_by(table.more["sources"])
    return for_this_caller(Response(msgspec.json.encode(told), content_type="application/json"))


def shared_by(sources: list[Source]) -> dict[str, Any]:
    """Return what is told of figures of several organisations."""
    return {"distinct": "per organisation", "organisations": [asdict(each) for each in sources]}


def shown(line: dict[str, Any], k: int) -> dict[str, Any]:
    """Return a line with its number of people as it is to be written."""
    if "suppressed" not in line:
        return line
    hidden = f"<{k}" if line["reason"] == "small" else _HIDDEN
    return line | {"shown": hidden if line["suppressed"] else str(line["learners"])}


def _file(table: Table) -> Response:
    k = table.view.k or 1
    rows = [flat(shown(line, k)) for line in table.lines]
    columns = list(dict.fromkeys(name for row in rows for name in row)) or ["learners"]
    response = file_of(table.name, columns, rows)
    response.headers["Sohoc-As-Of"] = str(table.view.at)
    response.headers["Sohoc-Through"] = iso(table.view.through)
    response.headers["Sohoc-Rebuilding"] = str(table.view.rebuilding).lower()
    response.headers["Sohoc-K"] = str(k)
    if "sources" in table.more:
        response.headers["Sohoc-Organisations"] = names_of(table.more["sources"])
    return response


def names_of(sources: list[Source]) -> str:
    """Return the organisations whose figures are in an answer, for a header."""
    return " ".join(each.id for each in sources)


def file_of(name: str, columns: list[str], rows: list[dict[str, str]]) -> Response:
    """Answer with a file that spreadsheets open with its diacritics intact."""
    response = Response(written(columns, rows), content_type=f"{CSV}; charset=utf-8")
    response.headers["Content-Disposition"] = f"attachment; filename={name}.csv"
    return for_this_caller(response)


def for_this_caller(response: Response) -> Response:
    """Let caches give the answer to nobody else, and not later without asking."""
    response.headers["Cache-Control"] = "private, no-cache"
    vary(response, "Accept, Authorization, Cookie")
    return response


def flat(line: dict[str, Any]) -> dict[str, str]:
    """Return a line as the cells of a row; what is in several parts becomes several columns."""
    cells: dict[str, str] = {}
    for name, value in line.items():
        if isinstance(value, dict):
            cells |= {f"{name}_{part}": cell(each) for part, each in value.items()}
        elif isinstance(value, list):
            cells[name] = cell(" ".join(map(str, value)))
        else:
            cells[name] = cell(value)
    return cells


def cell(value: Any) -> str:
    """Return a value as text that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_COMMAND) else text
