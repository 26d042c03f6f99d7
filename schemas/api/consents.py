"""Consents, withdrawals and the wordings that people were shown, as /api takes and gives them."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validate

from schemas.api.learners import Identity
from schemas.api.plain import END, Flag, Instant, Strict
from schemas.api.problems import FaultSchema
from schemas.api.units import Day
from schemas.sharing.consents import GIVERS, WAYS

MOST_CONSENTS: Final = 1000
MOST_WORDINGS: Final = 100
MOST_PAGE: Final = 500
OUTCOMES: Final = ("recorded", "unchanged", "faulty")
_LONGEST_TEXT: Final = 20_000
_LONGEST_ANSWER: Final = 40
_LAST: Final = 2**63 - 1
_FIRST: Final = 1970
_PURPOSE: Final = "The purpose by its code, that of the agreement; training is what a policy on minors asks for."
_NAME: Final = validate.Regexp(
    rf"^[a-z0-9][a-z0-9.-]{{0,63}}{END}", error="Small letters, digits, dots and hyphens, 64 at most."
)
_LANGUAGE: Final = validate.Regexp(rf"^[a-z]{{2,3}}(-[A-Za-z0-9]{{2,8}})*{END}", error="A language such as vi.")


class Given(fields.Field[int | date]):
    """An instant, or a day: microseconds since the epoch, or a date inside."""

    def __init__(self, *, description: str, **options: Any) -> None:
        super().__init__(metadata={"type": "string", "description": description}, **options)
        self._day, self._instant = Day(), Instant()

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> int | date:
        del attr, data
        try:
            instant: int = self._instant.deserialize(value)
        except ValidationError:
            day: date = self._day.deserialize(value)
            if day.year < _FIRST:
                raise ValidationError("This must lie between the years 1970 and 9999.") from None
            return day
        return instant


class Answer(fields.Field[bool | str | None]):
    """What was answered, as it stands: what it means is judged later."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> bool | str | None:
        del attr, data
        if isinstance(value, bool) or (isinstance(value, str) and len(value) <= _LONGEST_ANSWER):
            return value
        raise ValidationError("Say yes or no.")


class WordingRefSchema(Strict):
    """Which wording was shown."""

    id = fields.String(required=True, validate=_NAME)
    version = fields.String(required=True, validate=_NAME)
    language = fields.String(required=True, validate=_LANGUAGE)


class WordingSchema(WordingRefSchema):
    """A wording: what people are told before they say yes or no."""

    text = fields.String(required=True, validate=validate.Length(1, _LONGEST_TEXT))


class WordingsSchema(Strict):
    """Wordings that are to be there; others stay."""

    wordings = fields.List(fields.Nested(WordingSchema), required=True, validate=validate.Length(1, MOST_WORDINGS))


class HeldWordingSchema(WordingSchema):
    """A wording, and whether anybody was shown it."""

    used = fields.Boolean(required=True, metadata={"description": "Then its text stays as it is, for ever."})


class HeldWordingsSchema(Schema):
    """All wordings of the organisation."""

    wordings = fields.List(fields.Nested(HeldWordingSchema), required=True)


class WordingsPutSchema(Schema):
    """What became of wordings."""

    changed = fields.Integer(required=True, metadata={"description": "That were not there, or had another text."})


class NewConsentSchema(Strict):
    """What somebody has said about one purpose."""

    identity = Identity(required=True, metadata={"description": "As /api/learners has it, or an Agent as JSON text."})
    purpose = fields.String(required=True, validate=_NAME, metadata={"description": _PURPOSE})
    answer = Answer(
        load_default=None,
        metadata={
            "type": ["string", "boolean"],
            "description": "yes or no; có, đồng ý, không, too. None, or a blank, is no consent, and a fault.",
        },
    )
    wording = fields.Nested(WordingRefSchema, metadata={"description": "What was shown; needed with a yes."})
    given_by = fields.String(
        required=True,
        validate=validate.OneOf(GIVERS),
        metadata={"description": "The person, who represents the person by law, or both."},
    )
    how = fields.String(required=True, validate=validate.OneOf(WAYS), metadata={"description": "How it can be proved."})
    given = Given(required=True, description="The day in the server's time zone, or the instant; not in the future.")
    under_7 = Flag(
        load_default=False,
        metadata={"description": "With representative: the child is under seven, so that its own consent is not due."},
    )


class NewConsentsSchema(Strict):
    """What people have said; every one is judged by itself."""

    consents = fields.List(fields.Nested(NewConsentSchema), required=True, validate=validate.Length(1, MOST_CONSENTS))


class ConsentsPostQuerySchema(Strict):
    """Whether anything is to be recorded."""

    dry_run = fields.Boolean(
        load_default=False, metadata={"description": "Judge only: nothing is recorded, and ids are null."}
    )


class RecordedSchema(Schema):
    """What became of one row."""

    row = fields.Integer(
        required=True, metadata={"description": "Counted from 0 in JSON; in a file its row, the heading being 1."}
    )
    outcome = fields.String(
        required=True,
        validate=validate.OneOf(OUTCOMES),
        metadata={"description": "unchanged: the same was recorded before. faulty: nothing is recorded, see errors."},
    )
    id = fields.String(required=True, allow_none=True)
    answer = fields.String(required=True, allow_none=True, validate=validate.OneOf(["yes", "no"]))
    standing = fields.Boolean(
        required=True,
        metadata={"description": "Whether consent stands now; not after a no or a withdrawal of that time or later."},
    )
    errors = fields.List(fields.Nested(FaultSchema), required=True)


class RecordedAllSchema(Schema):
    """What became of all rows."""

    dry_run = fields.Boolean(required=True)
    consents = fields.Integer(required=True, metadata={"description": "Of what was recorded, those that say yes."})
    refusals = fields.Integer(required=True, metadata={"description": "Of what was recorded, those that say no."})
    unchanged = fields.Integer(required=True)
    faulty = fields.Integer(required=True)
    rows = fields.List(fields.Nested(RecordedSchema), required=True)


class ConsentSchema(Schema):
    """What was said, with its proof; who said it is told by number only."""

    id = fields.String(required=True)
    learner = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The number; null while nothing is counted of them."}
    )
    purpose = fields.String(required=True)
    answer = fields.String(required=True, validate=validate.OneOf(["yes", "no"]))
    standing = fields.Boolean(required=True, metadata={"description": "Whether it is the consent that stands now."})
    wording = fields.Nested(WordingRefSchema, required=True, allow_none=True)
    given_by = fields.String(required=True, validate=validate.OneOf(GIVERS))
    under_7 = fields.Boolean(required=True)
    how = fields.String(required=True, validate=validate.OneOf(WAYS))
    given = Instant(required=True)
    recorded = Instant(required=True)
    recorded_by = fields.String(required=True, metadata={"description": "The credential that recorded it."})
    withdrawn = Instant(required=True, allow_none=True)
    withdrawn_by = fields.String(required=True, allow_none=True, metadata={"description": "The credential."})
    due = Day(
        required=True, allow_none=True, description="The last day on which a withdrawal, or a no, may take effect."
    )


class ConsentsSchema(Schema):
    """A page of what was said, in the order in which it was recorded."""

    consents = fields.List(fields.Nested(ConsentSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class ConsentsQuerySchema(Strict):
    """Whose, about what."""

    identity = Identity(metadata={"description": "Only of who is known by it."})
    learner = fields.Integer(validate=validate.Range(1, _LAST), metadata={"description": "Only of this number."})
    purpose = fields.String(validate=_NAME)
    standing = fields.Boolean(metadata={"description": "Only the consents that stand now, or only the rest."})
    limit = fields.Integer(load_default=100, validate=validate.Range(1, MOST_PAGE))
    cursor = fields.String(
        load_default="",
        validate=validate.Regexp(rf"^([0-9a-f]{{32}})?{END}"),
        metadata={"description": "`next` of the page before."},
    )


class WithdrawalSchema(Strict):
    """When it was withdrawn; now, without."""

    withdrawn = Given(description="The day or the instant at which it was said; not in the future.")
