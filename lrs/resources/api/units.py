"""/api/units: administrative units in time, and decisions on those that were split."""

from datetime import date
from typing import Any, Final

import msgspec
from flask import Response

from lrs.errors import NotFound
from lrs.resources.api.interface import Section
from lrs.resources.api.tables import Sent, body_of, file_of, gives_files, rows_sent, wants_file
from lrs.resources.bodies import Bodies
from lrs.resources.guards import principal
from lrs.services.assignments import AssignmentService, Wanted
from lrs.services.registries import RegistryService, Replaced
from lrs.services.unit_lists import Asked, listed, paged
from schemas.api.units import (
    AssignmentSchema,
    AssignmentsQuerySchema,
    AssignmentsSchema,
    FormatQuerySchema,
    NewAssignmentSchema,
    OneUnitSchema,
    ReplacedSchema,
    UnitLinksSchema,
    UnitQuerySchema,
    UnitsQuerySchema,
    UnitsSchema,
)
from schemas.faults import Refused
from schemas.registries.assignments import Decision
from schemas.registries.registries import Registries, Rows
from schemas.registries.unit_rows import Link, Unit
from schemas.registries.units import Units

_ALL: Final = "all"


def units(registries: RegistryService, bodies: Bodies) -> Section:
    """Return the views."""
    section = Section(
        "units", "Administrative units; administrators of the organisation that runs this server replace them"
    )

    @section.view("/units", "GET", query=UnitsQuerySchema, gives=UnitsSchema)
    @gives_files(section)
    def page(query: dict[str, Any]) -> dict[str, Any] | Response:
        """List units

        Those of a day, in the order of their codes or in Vietnamese order of their names. Without diacritics `q` finds
        all names that look alike without them; a word with diacritics finds only itself.
        """  # noqa: D400 - the first line is the operation's summary
        day = _day(query, registries)
        found = listed(registries.current().units, _asked(query, day))
        if wants_file(query):
            return file_of("units", Rows(units=tuple(found.units)))
        shown, following = paged(found, cursor=query["cursor"], most=query["limit"])
        return {"at": day, "units": shown, "next": following}

    @section.view("/units/<code>", "GET", query=UnitQuerySchema, gives=OneUnitSchema)
    def one(query: dict[str, Any], code: str) -> dict[str, Any]:
        """Show the unit that has a code on a day"""  # noqa: D400 - the first line is the operation's summary
        known = registries.current().units
        unit = known.find(code, query.get("at") or registries.today())
        if unit is None:
            raise NotFound("No unit has this code on that day")
        return {**msgspec.structs.asdict(unit), "key": unit.key, **_neighbours(known, unit)}

    @section.view("/units", "PUT", body=body_of("units"), gives=ReplacedSchema)
    def replace() -> Replaced:
        """Replace all units, as administrator of the host

        JSON has units and links. A file has the units only, and the links stay, which they have to fit. All or
        nothing: every row that does not fit is named.
        """  # noqa: D400 - the first line is the operation's summary
        principal().require_host()
        with rows_sent(bodies, "units") as sent:
            return registries.replace(principal(), "units", lambda before: _with_links(sent, before))

    @section.view("/unit-links", "GET", query=FormatQuerySchema, gives=UnitLinksSchema)
    @gives_files(section)
    def links(query: dict[str, Any]) -> dict[str, Any] | Response:
        """List what became of units"""  # noqa: D400 - the first line is the operation's summary
        found = registries.current().units.links
        return file_of("links", Rows(links=found)) if wants_file(query) else {"links": found}

    @section.view("/unit-links", "PUT", body=body_of("links"), gives=ReplacedSchema)
    def replace_links() -> Replaced:
        """Replace what became of units, as administrator of the host

        All or nothing: every row that does not fit the units is named.
        """  # noqa: D400 - the first line is the operation's summary
        principal().require_host()
        with rows_sent(bodies, "links") as sent:
            return registries.replace(
                principal(), "units", lambda before: Rows(units=before.units.units, links=sent.rows.links)
            )

    return section


def assignments(service: AssignmentService) -> Section:
    """Return the views."""
    section = Section("assignments", "Decisions of the own organisation on units that were split")

    @section.view("/units/assignments", "POST", takes=NewAssignmentSchema, gives=AssignmentSchema, status=201)
    def decide(body: dict[str, Any]) -> Decision:
        """Decide to which successor of a split unit records or learners belong

        With the scope `imports/write`. Statements stay as they are. The last decision counts.
        """  # noqa: D400 - the first line is the operation's summary
        return service.decide(principal(), Wanted(**body))

    @section.view("/units/assignments", "GET", query=AssignmentsQuerySchema, gives=AssignmentsSchema)
    def page(query: dict[str, Any]) -> dict[str, Any]:
        """List decisions

        With the scope `records/read`; in the order in which they were made.
        """  # noqa: D400 - the first line is the operation's summary
        # One more than asked for says whether there is a next page.
        found = service.page(principal(), after=query["cursor"], most=query["limit"] + 1)
        shown = found[: query["limit"]]
        return {"assignments": shown, "next": shown[-1].id if len(found) > len(shown) else None}

    return section


def _day(query: dict[str, Any], registries: RegistryService) -> date | None:
    """Return the day of a list; None for all times. Raise Refused for a day that does not exist."""
    asked: str | None = query.get("at")
    if asked is None:
        return registries.today()
    try:
        return None if asked == _ALL else date.fromisoformat(asked)
    except ValueError as error:
        raise Refused.at("at", "parameter", "This must be a day such as 2025-07-01, or all.") from error


def _asked(query: dict[str, Any], day: date | None) -> Asked:
    return Asked(day, query["q"], query.get("parent"), query.get("kind"), by_name=query["sort"] == "name")


def _with_links(sent: Sent, before: Registries) -> Rows:
    return Rows(units=sent.rows.units, links=before.units.links if sent.file else sent.rows.links)


def _neighbours(units: Units, unit: Unit) -> dict[str, Any]:
    return {
        "before": [_told(link, other) for link, other in units.before(unit)],
        "after": [_told(link, other) for link, other in units.after(unit)],
    }


def _told(link: Link, other: Unit) -> dict[str, Any]:
    return {
        "key": other.key,
        "code": other.code,
        "name": other.name,
        "extent": link.extent,
        "effective": link.effective,
    }
