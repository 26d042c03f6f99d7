"""What organisations are given by agreement, as /api gives it, and what it is asked by."""

from typing import Final

from marshmallow import Schema, fields, validate

from schemas.api.agreements import PurposeSchema
from schemas.api.plain import Instant, Strict
from schemas.api.records import FORMATS, MOST_PAGE, ScoreSchema, UnitOfRecordSchema
from schemas.api.units import Day
from schemas.sharing.agreements import LEVELS

_LAST: Final = 2**53
"""Whole numbers up to here are the same to every reader of JSON."""
_REASONS: Final = ("voided", "withdrawn", "erased", "restricted", "no-longer-covered")
_AFTER: Final = "`next` of the page before; it never expires. From the beginning without it."
_WHEN: Final = {"format": "date-time"}
_EVERYTHING: Final = (
    "Everything that the giver had stored until then is in this page and those before, once there is no more."
)


def _after() -> fields.Integer:
    return fields.Integer(load_default=0, validate=validate.Range(0, _LAST), metadata={"description": _AFTER})


def _limit(description: str) -> fields.Integer:
    return fields.Integer(validate=validate.Range(1, MOST_PAGE), metadata={"description": description})


class SharedQuerySchema(Strict):
    """Which records, and in which form."""

    after = _after()
    limit = _limit("Rows on a page, 100 without it; files hold all unless there is a limit.")
    format = fields.String(
        validate=validate.OneOf(FORMATS), metadata={"description": "All but json are whole, unless there is a limit."}
    )


class RecallsQuerySchema(Strict):
    """Which recalls."""

    after = _after()
    limit = _limit("Recalls on a page; 100 without it.")


class SharedStatementsQuerySchema(Strict):
    """Which statements."""

    after = _after()
    limit = _limit("About how many statements are on a page; 100 without it.")


class SharedAgreementSchema(Schema):
    """An agreement by which something can be read today."""

    id = fields.String(required=True)
    giver = fields.String(required=True, attribute="giver_id", metadata={"description": "Public id of who gives."})
    purpose = fields.Nested(PurposeSchema, required=True)
    level = fields.String(required=True, validate=validate.OneOf(LEVELS))
    fields_ = fields.List(fields.String(), required=True, data_key="fields", attribute="fields")
    statements = fields.Boolean(required=True, metadata={"description": "Whether statements travel, too."})
    starts = Day(required=True, description="The first day.")
    ends = Day(required=True, allow_none=True, description="The last day, if there is one.")


class SharedAgreementsSchema(Schema):
    """Agreements by which something can be read today."""

    agreements = fields.List(fields.Nested(SharedAgreementSchema), required=True)


class _RecallSchema(Schema):
    id = fields.String(required=True, metadata={"description": "Of the record; the same as long as the agreement is."})
    version = fields.Integer(required=True, metadata={"description": "Grows with each change of any record."})
    learner = fields.String(
        metadata={
            "description": "A pseudonym under this agreement. In a recall: everything about this person is to be"
            " deleted, statements too."
        }
    )
    learners = fields.List(
        fields.String(),
        metadata={
            "description": "In a recall with a `learner`: all pseudonyms of this person under this agreement, those of"
            " before a rotation too, the newest first. What has any of them is to be deleted. Named statements have"
            " none: delete those about the `identities` that records with this `learner` had told."
        },
    )
    recall = fields.String(
        validate=validate.OneOf(_REASONS), metadata={"description": "Why this record must be deleted, if it must be."}
    )


class SharedRecordSchema(_RecallSchema):
    """A record, with the fields of the agreement; or a recall: only its id, and why it is to be deleted.

    Pseudonymous records are still personal data.
    """

    identities = fields.List(fields.Dict(), metadata={"description": "Agents; where people are named only."})
    is_group = fields.Boolean()
    activity = fields.String()
    registration = fields.String(allow_none=True)
    type = fields.String()
    kind = fields.String()
    state = fields.String()
    first = fields.String(metadata=_WHEN)
    last = fields.String(metadata=_WHEN)
    ended = fields.String(allow_none=True, metadata=_WHEN)
    attempts = fields.Integer()
    score = fields.Nested(ScoreSchema, allow_none=True)
    seconds = fields.Integer(allow_none=True)
    unit = fields.String()
    unit_as_of = fields.Nested(UnitOfRecordSchema, allow_none=True)
    programmes = fields.List(fields.String())
    groups = fields.List(fields.String())
    age_band = fields.String()
    statements = fields.Integer()
    organisation = fields.String(allow_none=True)
    flags = fields.List(fields.String())


class _PageSchema(Schema):
    next = fields.Integer(required=True, metadata={"description": "What `after` has to be to go on from here."})
    more = fields.Boolean(required=True, metadata={"description": "Whether there is a next page now."})


class SharedRecordsSchema(_PageSchema):
    """Records in the order in which they changed last, and recalls among them."""

    records = fields.List(fields.Nested(SharedRecordSchema), required=True)
    through = Instant(required=True, allow_none=True, description=f"{_EVERYTHING} Null before all were walked through.")
    pseudonyms = fields.Integer(
        required=True,
        metadata={"description": "The version of the pseudonyms: all records come again with those of another one."},
    )


class RecallsSchema(_PageSchema):
    """What must be deleted of what was given; told after the end of the agreement, too."""

    recalls = fields.List(fields.Nested(_RecallSchema), required=True)


class SharedStatementsSchema(_PageSchema):
    """Statements in the order in which they were stored at the giver."""

    statements = fields.List(fields.Dict(), required=True)
    through = Instant(required=True, description=_EVERYTHING)
    pseudonyms = fields.Integer(
        required=True,
        metadata={
            "description": "The version of the pseudonyms. With another one, read from 0 again: ids stay the same."
        },
    )
