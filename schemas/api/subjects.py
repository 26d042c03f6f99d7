"""Requests of the people concerned, as /api takes and gives them."""

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from schemas.api.learners import Identity
from schemas.api.plain import END, Flag, Instant, Strict
from schemas.api.policies import Prose
from schemas.api.units import Day
from schemas.faults import Refused
from schemas.subjects.policies import REQUEST_TYPES
from schemas.subjects.requests import CHANNELS, CORRECTIONS, EXTENSIONS, REFUSALS, STATES
from schemas.xapi.agents import load_agent
from schemas.xapi.identity import identity

MOST_PAGE: Final = 1000
MOST_CORRECTED: Final = 100
FORMATS: Final = ("json", "csv")
_NOTE: Final = 2000
_MOST_DIGITS: Final = 18
_PURPOSE: Final = rf"^[a-z0-9][a-z0-9-]{{0,59}}{END}"
_UUID: Final = rf"^[0-9A-Fa-f]{{8}}(-[0-9A-Fa-f]{{4}}){{3}}-[0-9A-Fa-f]{{12}}{END}"


class Whom(fields.Field[int | str]):
    """Somebody: a learner's number, an identity, or an Agent; a number or a canonical identity inside."""

    _identity = Identity()

    def __init__(self, **options: Any) -> None:
        told = {
            "description": "A learner's number, an identity as /api/learners has it, or an Agent of xAPI.",
            "anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "object"}],
        }
        super().__init__(metadata=told, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> int | str:
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS:
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            if not 0 < value < 10**_MOST_DIGITS:
                raise ValidationError("There are no such numbers.")
            return value
        found: str = _identity(value) if isinstance(value, dict) else self._identity.deserialize(value, attr, data)
        return found


def _identity(agent: dict[str, Any]) -> str:
    try:
        who = identity(load_agent(agent))
    except Refused:
        who = None
    if who is None:
        raise ValidationError("This must be an Agent of xAPI that can be told from others.")
    return who


def _note(description: str) -> Prose:
    return Prose(
        most=_NOTE,
        load_default="",
        metadata={"description": f"{description} Kept sealed, never audited, and gone once the person was erased."},
    )


class NewRequestSchema(Strict):
    """A request as it arrived."""

    type = fields.String(required=True, validate=validate.OneOf(REQUEST_TYPES))
    learner = Whom(required=True)
    received = Day(description="The day on which it arrived; today without it.")
    channel = fields.String(load_default="other", validate=validate.OneOf(CHANNELS))
    note = _note("What was asked.")


class RequestSchema(Schema):
    """A request, and how far its answer is."""

    id = fields.String(required=True)
    type = fields.String(required=True, validate=validate.OneOf(REQUEST_TYPES))
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    received = Day(required=True)
    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    acknowledge_by = Day(required=True, description="The last day to say that it has arrived.")
    due = Day(required=True, description="The last day to do what it asks for.")
    overdue = fields.Boolean(required=True)
    recorded = Instant(required=True, attribute="created")
    by = fields.String(required=True, metadata={"description": "The credential that recorded it."})
    acknowledged = Instant(required=True, allow_none=True)
    extended = Instant(required=True, allow_none=True)
    extension = fields.String(required=True, allow_none=True, metadata={"description": "Why it was extended."})
    closed = Instant(required=True, allow_none=True)
    reason = fields.String(
        required=True, allow_none=True, metadata={"description": "Why it was refused, or corrected."}
    )
    counts = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        allow_none=True,
        metadata={"description": "What was done, once it is fulfilled."},
    )
    downloads = fields.Integer(required=True, metadata={"description": "How often the data was read."})
    learner = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The number that the person had, if any."}
    )
    identity = fields.String(
        required=True, allow_none=True, metadata={"description": "Who asked; null once the person was erased."}
    )
    note = fields.String(required=True, allow_none=True)
    answer = fields.String(required=True, allow_none=True)


class RequestsSchema(Schema):
    """A page of requests in the order in which they were recorded."""

    requests = fields.List(fields.Nested(RequestSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class RequestsQuerySchema(Strict):
    """Which requests."""

    state = fields.String(validate=validate.OneOf(STATES))
    type = fields.String(validate=validate.OneOf(REQUEST_TYPES))
    overdue = fields.String(
        validate=validate.OneOf(["true"]), metadata={"description": "Only those whose answer is late, all of them."}
    )
    limit = fields.Integer(load_default=100, validate=validate.Range(1, MOST_PAGE))
    cursor = fields.String(
        load_default="",
        validate=validate.Regexp(rf"^([0-9a-f]{{24}})?{END}"),
        metadata={"description": "`next` of the page before."},
    )

    @validates_schema(skip_on_field_errors=True)
    def _late_ones_whole(self, data: dict[str, Any], **_: Any) -> None:
        if "overdue" in data and (data["cursor"] or "state" in data):
            raise ValidationError("Those that are late are told whole, and are open.", "overdue")


class ExtendSchema(Strict):
    """Why it takes longer."""

    reason = fields.String(required=True, validate=validate.OneOf(EXTENSIONS))
    note = _note("What the person was told.")


class RefuseSchema(Strict):
    """Why it is not done."""

    reason = fields.String(required=True, validate=validate.OneOf(REFUSALS))
    note = _note("What the person was told.")


class FulfilSchema(Strict):
    """What is to be done, and what was said to the person."""

    note = _note("What the person was told.")
    reason = fields.String(
        validate=validate.OneOf(CORRECTIONS), metadata={"description": "With a correction: what was wrong."}
    )
    void = fields.List(
        fields.String(validate=validate.Regexp(_UUID, error="The id of a statement.")),
        load_default=list,
        validate=validate.Length(max=MOST_CORRECTED),
        metadata={"description": "With a correction: statements that are wrong, whose actor is the person."},
    )
    statements = fields.List(
        fields.Dict(),
        load_default=list,
        validate=validate.Length(max=MOST_CORRECTED),
        metadata={"description": "With a correction: statements that are right, whose actor is the person."},
    )
    purpose = fields.String(
        validate=validate.Regexp(_PURPOSE),
        metadata={"description": "With a withdrawal: only consent to this purpose; all without it."},
    )
    elsewhere = Flag(
        load_default=False,
        metadata={"description": "It was done by other means; nothing is done here. Not of erasure and restriction."},
    )

    @validates_schema(skip_on_field_errors=True)
    def _each_once(self, data: dict[str, Any], **_: Any) -> None:
        if len({each.lower() for each in data["void"]}) != len(data["void"]):
            raise ValidationError("A statement stands here twice.", "void")


class DataQuerySchema(Strict):
    """In which form."""

    format = fields.String(
        load_default="json",
        validate=validate.OneOf(FORMATS),
        metadata={"description": "csv: files for spreadsheets, in a ZIP with a manifest."},
    )


class AboutSchema(Schema):
    """Whom a download is about."""

    organisation = fields.String(required=True)
    request = fields.String(required=True)
    made = fields.String(required=True, metadata={"format": "date-time"})
    identities = fields.List(fields.String(), required=True)
    learners = fields.List(fields.Integer(), required=True)
    restricted = fields.Boolean(required=True)


class SubjectDataSchema(Schema):
    """Everything about a person."""

    about = fields.Nested(AboutSchema, required=True)
    statements = fields.List(
        fields.Dict(), required=True, metadata={"description": "relation, voided, stored, and the statement itself."}
    )
    documents = fields.List(fields.Dict(), required=True, metadata={"description": "States and profiles."})
    records = fields.List(fields.Dict(), required=True)
    consents = fields.List(fields.Dict(), required=True)
    requests = fields.List(fields.Dict(), required=True)
    attachments = fields.List(fields.Dict(), required=True, metadata={"description": "What is attached to statements."})
    shared = fields.List(
        fields.Dict(), required=True, metadata={"description": "To whom something has gone, by which agreement."}
    )
