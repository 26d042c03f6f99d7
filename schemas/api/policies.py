"""What an organisation has decided about the data of people, as /api takes and gives it."""

import unicodedata
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import msgspec
from marshmallow import Schema, fields, post_load, validate

from schemas.api.plain import END, Instant, Strict
from schemas.api.units import Text
from schemas.registries.labels import LANGUAGES
from schemas.subjects.calendar import COUNTS, Term
from schemas.subjects.policies import Contact, Deadlines, Facts, Policies, Retention

_MOST_DAYS: Final = 366
_MOST_MONTHS: Final = 1200
_LONGEST: Final = 10_000


class Prose(fields.String):
    """Text of several lines, composed (NFC)."""

    def __init__(self, *, most: int = _LONGEST, **options: Any) -> None:
        fits = (
            validate.Length(max=most),
            validate.Regexp(rf"^[^\x00-\x08\x0b-\x1f\x7f]*{END}", error="Text without control characters."),
        )
        super().__init__(validate=fits, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> Any:
        return unicodedata.normalize("NFC", super()._deserialize(value, attr, data, **options)).strip()


class _Made(Strict):
    """Becomes a struct when it is loaded; what is not said is as usual."""

    made: ClassVar[type[msgspec.Struct]]

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> msgspec.Struct:
        return self.made(**data)


class TermSchema(_Made):
    """So many days."""

    made = Term

    days = fields.Integer(required=True, strict=True, validate=validate.Range(0, _MOST_DAYS))
    count = fields.String(
        load_default="calendar",
        validate=validate.OneOf(COUNTS),
        metadata={"description": "working: Saturdays, Sundays and /api/holidays do not count."},
    )


class DeadlinesSchema(_Made):
    """How long each step may take; by default as Decree 356/2025 has it."""

    made = Deadlines

    acknowledge = fields.Nested(TermSchema, metadata={"description": "To say that a request has arrived."})
    access = fields.Nested(TermSchema)
    correct = fields.Nested(TermSchema)
    restrict = fields.Nested(TermSchema)
    unrestrict = fields.Nested(TermSchema)
    erase = fields.Nested(TermSchema)
    withdraw = fields.Nested(TermSchema)
    object = fields.Nested(TermSchema)
    extension = fields.Nested(TermSchema, metadata={"description": "What a request may be extended by, once."})


def _months(description: str) -> fields.Integer:
    return fields.Integer(
        allow_none=True,
        strict=True,
        validate=validate.Range(1, _MOST_MONTHS),
        metadata={"description": f"Months that {description}; null for ever."},
    )


class RetentionSchema(_Made):
    """How long things are kept; what is older is removed by the worker."""

    made = Retention

    statements = _months("statements are kept after they were stored, with their records")
    documents = _months("states and profiles are kept after they were last written")
    attachments = _months("what attachments hold is kept")
    refusals = _months("it is told why statements were refused")


class ContactSchema(_Made):
    """Somebody who answers."""

    made = Contact

    name = Text()
    contact = Text(metadata={"description": "An address, a phone, a mailbox."})


def _prose(description: str) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(validate=validate.OneOf(LANGUAGES)),
        values=Prose(),
        metadata={"description": f"{description} By language: vi, en."},
    )


class FactsSchema(_Made):
    """What /api/dossier tells and cannot know by itself."""

    made = Facts

    controller = fields.Nested(ContactSchema, metadata={"description": "Who decides what data is processed for."})
    officer = fields.Nested(ContactSchema, metadata={"description": "Who looks after the protection of data."})
    purposes = _prose("What data is processed for.")
    measures = _prose("What protects it beside what this system does.")


class PoliciesSchema(_Made):
    """All decisions; what is not said is as usual."""

    made = Policies

    deadlines = fields.Nested(DeadlinesSchema)
    retention = fields.Nested(RetentionSchema)
    facts = fields.Nested(FactsSchema)


class DecidedSchema(Schema):
    """The decisions that hold."""

    policies = fields.Nested(PoliciesSchema, required=True)
    version = fields.Integer(required=True, metadata={"description": "How often they were replaced; the ETag, too."})
    changed = Instant(required=True, description="When; 1970 where they never were.")
