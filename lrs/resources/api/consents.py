"""/api/consents: what people have said about what becomes of their data, and the wordings that they were shown."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from flask import request
from marshmallow import Schema, ValidationError

from lrs.errors import NotFound, UnsupportedMediaType
from lrs.resources.api.interface import Section
from lrs.resources.api.tables import CSV
from lrs.resources.bodies import Bodies
from lrs.resources.guards import principal
from lrs.services.consents import ConsentService, Outcome, Told
from lrs.services.mime import essence
from lrs.services.wordings import Held, WordingService
from schemas.api.consents import (
    MOST_CONSENTS,
    OUTCOMES,
    ConsentSchema,
    ConsentsPostQuerySchema,
    ConsentsQuerySchema,
    ConsentsSchema,
    HeldWordingsSchema,
    NewConsentSchema,
    NewConsentsSchema,
    RecordedAllSchema,
    WithdrawalSchema,
    WordingsPutSchema,
    WordingsSchema,
)
from schemas.api.problems import complaints
from schemas.faults import Refused
from schemas.sharing.consents import Wording, read
from schemas.xapi.parsing import parse_json

_JSON: Final = "application/json"
_ID: Final = 32
_BODY: Final = {
    "required": True,
    "content": {_JSON: {"schema": NewConsentsSchema}, CSV: {"schema": {"type": "string"}}},
}
_WITHDRAWAL: Final = {"required": False, "content": {_JSON: {"schema": WithdrawalSchema}}}


def consents(service: ConsentService, wordings: WordingService, bodies: Bodies) -> Section:
    """Return the views."""
    section = Section("consents", "What people have said about what becomes of their data, purpose by purpose")

    @section.view("/consents", "POST", query=ConsentsPostQuerySchema, body=_BODY, gives=RecordedAllSchema)
    def record(query: dict[str, Any]) -> dict[str, Any]:
        """Record what people have said

        With the scope `imports/write`. Every row by itself: what can be recorded is, and of the rest it is said why
        not; sent again, the same is recorded once. Silence or a blank is no consent, but a fault; a no is recorded, and
        ends what was said before. A file has the columns identity, or account_home and account_name; purpose, answer,
        given_by, how, given; wording, version and language; under_7.
        """  # noqa: D400 - the first line is the operation's summary
        rows = _rows(bodies)
        outcomes = service.record(principal(), [row for _, row in rows], dry_run=query["dry_run"])
        return _told([number for number, _ in rows], outcomes) | {"dry_run": query["dry_run"]}

    @section.view("/consents", "GET", query=ConsentsQuerySchema, gives=ConsentsSchema)
    def page(query: dict[str, Any]) -> dict[str, Any]:
        """List what people have said

        With the scope `records/read`; in the order in which it was recorded, who said it by number. A page may be
        empty and still have a next one.
        """  # noqa: D400 - the first line is the operation's summary
        found = service.page(principal(), query)
        return {"consents": [shown(each) for each in found.rows], "next": found.next}

    @section.view("/consents/<consent>", "GET", gives=ConsentSchema)
    def get(consent: str) -> dict[str, Any]:
        """Show what somebody has said, with its proof

        With the scope `records/read`: which wording, who said it, how, when, and which credential recorded it.
        """  # noqa: D400 - the first line is the operation's summary
        return shown(service.get(principal(), _known(consent)))

    @section.view("/consents/<consent>/withdraw", "POST", body=_WITHDRAWAL, gives=ConsentSchema, refusals=[409])
    def withdraw(consent: str) -> dict[str, Any]:
        """Withdraw a consent

        With the scope `imports/write`. Nothing is shared by it from the next run of the shares on, and whoever was
        given something is told to delete it; `due` is the last day for that. Withdrawn already, it stays as it is.
        """  # noqa: D400 - the first line is the operation's summary
        return shown(service.withdraw(principal(), _known(consent), _when(bodies)))

    @section.view("/consents/wordings", "GET", gives=HeldWordingsSchema)
    def list_wordings() -> dict[str, Any]:
        """List the wordings that people are shown

        With the scope `records/read`.
        """  # noqa: D400 - the first line is the operation's summary
        held = [each.wording._asdict() | {"text": each.text, "used": each.used} for each in wordings.all(principal())]
        return {"wordings": held}

    @section.view("/consents/wordings", "PUT", takes=WordingsSchema, gives=WordingsPutSchema, refusals=[409])
    def put_wordings(data: dict[str, Any]) -> dict[str, Any]:
        """Add wordings, or change what nobody was shown yet

        With the scope `imports/write`. Those that are not named stay. From the first time that somebody has said
        something about it, a wording stays as it is: give another text another version.
        """  # noqa: D400 - the first line is the operation's summary
        given = [
            Held(Wording(each["id"], each["version"], each["language"]), each["text"]) for each in data["wordings"]
        ]
        return {"changed": wordings.put(principal(), given)}

    return section


def _known(consent: str) -> str:
    """Return an id that can be one."""
    if len(consent) != _ID or not set(consent) <= set("0123456789abcdef"):
        raise NotFound("There is no such consent")
    return consent


def _rows(bodies: Bodies) -> list[tuple[int, Mapping[str, Any] | Refused]]:
    """Return the rows of the request's body with their numbers, or why they are none; raise Refused for the body."""
    kind = essence(request.content_type or "")
    if kind not in {_JSON, CSV}:
        raise UnsupportedMediaType(f"Send {_JSON} or {CSV}")
    body = bodies.text(request)
    rows = read(body) if kind == CSV else list(enumerate(_listed(parse_json(body))))
    if not 0 < len(rows) <= MOST_CONSENTS:
        raise Refused.at("consents", "limit", f"From 1 to {MOST_CONSENTS} at a time.")
    return [(number, _loaded(row)) for number, row in rows]


def _when(bodies: Bodies) -> int | date | None:
    """Return when the request says that a consent was withdrawn; nothing has to be said."""
    body = bodies.text(request)
    if not body:
        return None
    if essence(request.content_type or "") != _JSON:
        raise UnsupportedMediaType(f"Send {_JSON}, or nothing")
    when: int | date | None = _load(WithdrawalSchema(), parse_json(body)).get("withdrawn")
    return when


def _listed(data: Any) -> list[Any]:
    """Return the rows of a body of JSON."""
    if not isinstance(data, dict) or data.keys() != {"consents"} or not isinstance(data["consents"], list):
        raise Refused.at("", "value", 'This must be {"consents": [...]}.')
    rows: list[Any] = data["consents"]
    return rows


def _loaded(row: Any) -> Mapping[str, Any] | Refused:
    try:
        return _load(NewConsentSchema(), row)
    except Refused as refused:
        return refused


def _load(schema: Schema, data: Any) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(data)
    except ValidationError as error:
        raise Refused(complaints(error.messages, "", "value")) from error
    return loaded


def _told(numbers: list[int], outcomes: list[Outcome]) -> dict[str, Any]:
    rows = [
        {
            "row": number,
            "outcome": each.kind,
            "id": each.id,
            "answer": None if each.answer is None else _word(answer=each.answer),
            "standing": each.standing,
            "errors": each.faults,
        }
        for number, each in zip(numbers, outcomes, strict=True)
    ]
    kinds: Counter[str] = Counter(each.kind for each in outcomes)
    recorded = [each for each in outcomes if each.kind == OUTCOMES[0]]
    return {
        "consents": sum(each.answer is True for each in recorded),
        "refusals": sum(each.answer is False for each in recorded),
        "unchanged": kinds["unchanged"],
        "faulty": kinds["faulty"],
        "rows": rows,
    }


def shown(told: Told) -> dict[str, Any]:
    """Return what a consent's description is made of."""
    wording = told.consent.wording
    return told.consent._asdict() | {
        "learner": told.learner,
        "answer": _word(answer=told.consent.answer),
        "standing": told.standing,
        "wording": wording and wording._asdict(),
    }


def _word(*, answer: bool) -> str:
    return "yes" if answer else "no"
