"""/api/learners: who is who in the caller's organisation."""

from typing import Any, Final

from flask import request
from marshmallow import ValidationError

from lrs.errors import NotFound, UnsupportedMediaType
from lrs.resources.api.interface import Section
from lrs.resources.api.tables import CSV
from lrs.resources.bodies import Bodies
from lrs.resources.guards import principal
from lrs.services.learners import Learner, LearnerService, Linked, Wanted
from lrs.services.mime import essence
from schemas.api.learners import (
    DecisionsQuerySchema,
    DecisionsSchema,
    LearnerLinksSchema,
    LearnerSchema,
    LearnersQuerySchema,
    LearnersSchema,
    LinkedSchema,
    MatchesQuerySchema,
    MatchesSchema,
)
from schemas.api.problems import complaints
from schemas.faults import Refused
from schemas.registries.csv_files import located
from schemas.training import link_files
from schemas.xapi.parsing import parse_json

_JSON: Final = "application/json"
_LONGEST: Final = 18
_BODY: Final = {
    "required": True,
    "content": {_JSON: {"schema": LearnerLinksSchema}, CSV: {"schema": {"type": "string"}}},
}


def learners(service: LearnerService, bodies: Bodies) -> Section:
    """Return the views."""
    section = Section("learners", "Who is who: identities, joined into one person by decisions, never by name")

    @section.view("/learners", "GET", query=LearnersQuerySchema, gives=LearnersSchema)
    def page(query: dict[str, Any]) -> dict[str, Any]:
        """List learners

        With the scope `records/read`; in the order of their numbers, or those that an identity or a number means.
        """  # noqa: D400 - the first line is the operation's summary
        if "identity" in query or "number" in query:
            return {"learners": _asked(query), "next": None}
        # One more than asked for says whether there is a next page.
        found = service.page(principal(), after=query["cursor"], most=query["limit"] + 1)
        shown = found[: query["limit"]]
        return {"learners": shown, "next": shown[-1].number if len(found) > len(shown) else None}

    def _asked(query: dict[str, Any]) -> list[Learner]:
        number: int | None = query.get("number")
        if "identity" in query:
            found = service.known_by(principal(), query["identity"])
            return [each for each in found if number in {None, each.number}]
        return [each for each in service.page(principal(), after=query["number"] - 1, most=1) if each.number == number]

    @section.view("/learners/<number>", "GET", gives=LearnerSchema)
    def get(number: str) -> Learner:
        """Show a learner

        With the scope `records/read`.
        """  # noqa: D400 - the first line is the operation's summary
        if not (number.isascii() and number.isdecimal() and len(number) <= _LONGEST):
            raise NotFound("There is no learner with this number")
        return service.get(principal(), int(number))

    @section.view("/learners/links", "POST", body=_BODY, gives=LinkedSchema)
    def link() -> dict[str, Any]:
        """Join identities into one person, or split one off

        With the scope `imports/write`. All or none: every decision that cannot be taken is named. Joined identities
        have the smaller number; one that is split off gets a new number. Records and figures count it from then on. A
        file has the columns kind, reason, and identity and other, or account_home, account_name, other_home and
        other_name.
        """  # noqa: D400 - the first line is the operation's summary
        linked = _link(service, bodies)
        return {"changed": len(linked.decisions), "settled": linked.settled, "decisions": linked.decisions}

    @section.view("/learners/links", "GET", query=DecisionsQuerySchema, gives=DecisionsSchema)
    def decisions(query: dict[str, Any]) -> dict[str, Any]:
        """List decisions about who is who

        With the scope `records/read`; in the order in which they were taken.
        """  # noqa: D400 - the first line is the operation's summary
        found = service.decisions(principal(), after=query["cursor"], most=query["limit"] + 1)
        shown = found[: query["limit"]]
        return {"decisions": shown, "next": shown[-1].id if len(found) > len(shown) else None}

    @section.view("/learners/matches", "GET", query=MatchesQuerySchema, gives=MatchesSchema)
    def matches(query: dict[str, Any]) -> dict[str, Any]:
        """Propose who may be one person

        With the scope `records/read`. By the names in statements of one unit, whatever their spelling; nothing is
        joined. Sources whose names are not kept have none.
        """  # noqa: D400 - the first line is the operation's summary
        found = service.matches(
            principal(), unit=query.get("unit"), before=query.get("before"), most=query["statements"]
        )
        told = [{"unit": each.unit, "alike": each.alike, "learners": people} for each, people in found.proposals]
        return {"proposals": told, "statements": found.statements, "next": found.next}

    return section


def _link(service: LearnerService, bodies: Bodies) -> Linked:
    """Take the decisions of the request's body; raise Refused, for a file with the numbers of the rows."""
    kind = essence(request.content_type or "")
    if kind not in {_JSON, CSV}:
        raise UnsupportedMediaType(f"Send {_JSON} or {CSV}")
    body, numbers = bodies.text(request), dict[str, int]()
    try:
        data: Any = parse_json(body) if kind == _JSON else None
        if kind == CSV:
            data, numbers = link_files.read(body)
        return service.link(principal(), [Wanted(**row) for row in _loaded(data)])
    except Refused as refused:
        raise located(refused, numbers) from refused


def _loaded(data: Any) -> list[dict[str, str]]:
    try:
        rows: list[dict[str, str]] = LearnerLinksSchema().load(data)["links"]
    except ValidationError as error:
        raise Refused(complaints(error.messages, "", "value")) from error
    return rows
