"""GET /api/shared: what other organisations let the own one have."""

import json
from typing import Any, Final

from flask import Response

from lrs.resources.api.interface import Section
from lrs.resources.api.record_files import Layout, asked_for, file_of, gives_files
from lrs.resources.guards import principal
from lrs.services.shared import Export, SharedService
from schemas.api.shared import (
    RecallsQuerySchema,
    RecallsSchema,
    SharedAgreementsSchema,
    SharedQuerySchema,
    SharedRecordsSchema,
    SharedStatementsQuerySchema,
    SharedStatementsSchema,
)
from schemas.xapi.identity import identity
from schemas.xapi.timestamps import iso, microseconds

NEXT: Final = "Sohoc-Next"
THROUGH: Final = "Sohoc-Through"
PSEUDONYMS: Final = "Sohoc-Pseudonyms"
_INSTANTS: Final = frozenset({"first", "last", "ended"})
_PARTS: Final = {
    "score": ("score_best", "score_latest"),
    "unit_as_of": ("unit_code", "unit_name", "unit_label"),
}
_ALWAYS: Final = ("id", "version", "recall", "learner", "learners")


def shared(service: SharedService) -> Section:
    """Return the views."""
    section = Section("shared", "What other organisations let the own one have, by agreement")
    _records(section, service)
    _statements(section, service)
    return section


def _records(section: Section, service: SharedService) -> None:
    @section.view("/shared", "GET", gives=SharedAgreementsSchema)
    def readable() -> dict[str, Any]:
        """List the agreements by which something can be read today

        Of other organisations, by which the own one is given something. Needs the scope share or records/read.
        """  # noqa: D400 - the first line is the operation's summary
        return {"agreements": service.readable(principal())}

    @section.view("/shared/<agreement>/records", "GET", query=SharedQuerySchema, gives=SharedRecordsSchema)
    @gives_files(section)
    def records(query: dict[str, Any], agreement: str) -> Any:
        """Read the records of an agreement

        In the order in which they changed last, with recalls among them: keep `next`, and go on behind it at any time.
        A record that has changed comes again under its id. Files tell it in Sohoc-Next, with Sohoc-Through and
        Sohoc-Pseudonyms. Each read is in the audits of both sides. Pseudonymous records are still personal data.
        """  # noqa: D400 - as above
        asked, form = {"after": query["after"], "limit": query.get("limit")}, asked_for(query)
        if form == "json":
            return service.page(principal(), agreement, **asked)._asdict()
        return _file(form, service.export(principal(), agreement, **asked))

    @section.view("/shared/<agreement>/recalls", "GET", query=RecallsQuerySchema, gives=RecallsSchema)
    def recalls(query: dict[str, Any], agreement: str) -> dict[str, Any]:
        """Read what must be deleted

        The recalls among the records of an agreement. They go on when it has ended: what was given must still be
        deleted when people withdraw or have their data erased.
        """  # noqa: D400 - as above
        found = service.recalls(principal(), agreement, after=query["after"], limit=query.get("limit"))
        return found._asdict()


def _statements(section: Section, service: SharedService) -> None:
    @section.view(
        "/shared/<agreement>/statements", "GET", query=SharedStatementsQuerySchema, gives=SharedStatementsSchema
    )
    def statements(query: dict[str, Any], agreement: str) -> Response:
        """Read the statements of an agreement

        Where it covers statements: in the order in which they were stored, and voiding ones among them. Without names:
        people by the agreement's pseudonyms, and nothing that anybody wrote. With names: as they were stored. Of
        attachments there is no content. What people withdraw or have erased is told by `recalls`.
        """  # noqa: D400 - as above
        found = service.statements(principal(), agreement, after=query["after"], limit=query.get("limit"))
        told = {"next": found.next, "more": found.more, "through": iso(found.through), "pseudonyms": found.pseudonyms}
        # The texts go out as they are, numbers as they were written.
        body = b'{"statements":[' + b",".join(found.texts) + b"]," + json.dumps(told).encode()[1:]
        return Response(body, content_type="application/json")


def _file(form: str, export: Export) -> Response:
    names = [part for name in export.agreement.fields for part in _PARTS.get(name, (name,))]
    columns = list(dict.fromkeys((*_ALWAYS, *names)))
    layout = Layout("shared", columns, lambda each: _flat(each, columns), _line, frozenset({"learner"}))
    response = file_of(form, export.parts, layout)
    response.headers[NEXT] = f"{export.next}"
    response.headers[PSEUDONYMS] = f"{export.pseudonyms}"
    if export.through is not None:
        response.headers[THROUGH] = iso(export.through)
    return response


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False)


def _flat(record: dict[str, Any], columns: list[str]) -> dict[str, Any]:
    place, score = record.get("unit_as_of") or {}, record.get("score") or {}
    row = {name: record.get(name) for name in columns}
    row |= {f"unit_{name}": place.get(name) for name in ("code", "name", "label") if f"unit_{name}" in row}
    row |= {f"score_{name}": score.get(name) for name in ("best", "latest") if f"score_{name}" in row}
    row |= {name: microseconds(told) for name in _INSTANTS if (told := record.get(name)) is not None}
    if "identities" in row:
        row["identities"] = [identity(each) for each in record.get("identities", ())]
    return row
