"""Training records as /api gives them, and what they are asked by."""

from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from schemas.api.learners import Identity
from schemas.api.plain import END, Instant, Strict
from schemas.api.units import Day
from schemas.training.records import STATES
from schemas.training.terms import GROUPS, KINDS, UNKNOWN
from schemas.xapi.fields import LONGEST_KEY

SORTS: Final = ("learner", "last", "-last", "first")
WHOSE: Final = ("persons", "groups", "nobody", "all")
FORMATS: Final = ("json", "ndjson", "csv", "parquet")
MOST_PAGE: Final = 1000
_MOST_DIGITS: Final = 10


class _Learner(Identity):
    """A learner's number, as digits, or an identity."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if isinstance(value, str) and value.isascii() and value.isdigit():
            if len(value) > _MOST_DIGITS:
                raise ValidationError("There are no such numbers.")
            return value
        return super()._deserialize(value, attr, data, **options)


class RecordsQuerySchema(Strict):
    """Which records, in which order and form."""

    learner = _Learner(
        metadata={"description": "A learner's number, an identity as /api/learners has it, or an Agent as JSON."}
    )
    programme = fields.String(
        validate=validate.Length(1, 200), metadata={"description": "Code or name; with all that lies within it."}
    )
    unit = fields.String(
        validate=validate.Regexp(rf"^([0-9]{{2,5}}|{UNKNOWN}){END}"),
        metadata={"description": "The code of a unit of the day `at`: records of what has become it, too. Or unknown."},
    )
    at = Day(description="The day whose units are meant and told; today without it.")
    activity = fields.String(validate=validate.Length(1, LONGEST_KEY), metadata={"description": "The id of one."})
    type = fields.String(
        validate=validate.Length(1, LONGEST_KEY), metadata={"description": "Such as community-class, or an IRI."}
    )
    state = fields.String(validate=validate.OneOf(STATES))
    kind = fields.String(validate=validate.OneOf(sorted(KINDS)))
    group = fields.String(validate=validate.OneOf([*GROUPS, UNKNOWN]))
    organisation = fields.String(
        validate=validate.Length(1, 200),
        metadata={"description": "The code of a company, a school or a host, as the record has it."},
    )
    dated = fields.String(
        load_default="last",
        validate=validate.OneOf(["last", "ended"]),
        metadata={
            "description": "What `from` and `to` are about: the latest statement, or when the state was reached."
        },
    )
    since = Day(data_key="from", description="From this day on, in the server's time zone.")
    until = Day(data_key="to", description="To the end of this day.")
    whose = fields.String(
        load_default="persons",
        validate=validate.OneOf(WHOSE),
        metadata={"description": "nobody: of groups without an identity. What is not asked for is left out."},
    )
    sort = fields.String(
        load_default="learner",
        validate=validate.OneOf(SORTS),
        metadata={
            "description": "Only in the order of learners every record is met once, whatever is counted meanwhile;"
            " by time, one that changes may be met again in its new place, or be missed there."
        },
    )
    format = fields.String(
        validate=validate.OneOf(FORMATS),
        metadata={"description": "All but json are whole, unless there is a limit; else Accept says it."},
    )
    limit = fields.Integer(
        validate=validate.Range(1, MOST_PAGE), metadata={"description": "Records on a page; 100 without it."}
    )
    cursor = fields.String(
        validate=validate.Length(1, 1000), metadata={"description": "`next` of the page before, to the same question."}
    )

    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: dict[str, Any], **_: Any) -> None:
        if "since" in data and "until" in data and data["until"] < data["since"]:
            raise ValidationError("This lies before `from`.", "to")


class UnitOfRecordSchema(Schema):
    """A unit of the day that was asked for; or only a ``label`` where the record has no place on that day."""

    code = fields.String()
    name = fields.String()
    label = fields.String()


class ScoreSchema(Schema):
    """Scaled scores."""

    best = fields.Float(required=True)
    latest = fields.Float(required=True)


class RecordSchema(Schema):
    """How a learner stands in an activity."""

    id = fields.String(required=True)
    learner = fields.Integer(
        required=True, metadata={"description": "A number of this organisation's own; 0 is nobody who is known."}
    )
    identities = fields.List(
        fields.Dict(), required=True, metadata={"description": "Agents, as in the statements: these are personal data."}
    )
    is_group = fields.Boolean(required=True)
    activity = fields.String(required=True)
    registration = fields.String(required=True, allow_none=True)
    type = fields.String(required=True)
    kind = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    first = Instant(required=True)
    last = Instant(required=True)
    ended = Instant(required=True, allow_none=True)
    attempts = fields.Integer(required=True)
    score = fields.Nested(ScoreSchema, required=True, allow_none=True)
    seconds = fields.Integer(required=True, allow_none=True)
    unit = fields.String(
        required=True, metadata={"description": "The unit as recorded, by code and first day; empty if not known."}
    )
    unit_as_of = fields.Nested(UnitOfRecordSchema, required=True, allow_none=True)
    programmes = fields.List(fields.String(), required=True)
    groups = fields.List(fields.String(), required=True)
    age_band = fields.String(required=True)
    statements = fields.Integer(required=True)
    organisation = fields.String(
        required=True,
        metadata={
            "description": "The code of the company, the school or the host: the latest that others than such"
            " organisations name, else the latest; empty if not known."
        },
    )
    flags = fields.List(fields.String(), required=True)


class ReachedSchema(Schema):
    """Through when the records of the organisation hold what was stored."""

    through = Instant(required=True, description="Everything that was stored until then is in the records.")
    lag = fields.Float(required=True, metadata={"description": "Seconds that the oldest of the others has waited."})
    rebuilding = fields.Boolean(
        required=True, metadata={"description": "True while records are made anew: there are fewer than before."}
    )


class RecordsSchema(ReachedSchema):
    """A page of records."""

    as_of = Day(data_key="asOf", required=True, description="The day whose units are told in `unit_as_of`.")
    records = fields.List(fields.Nested(RecordSchema), required=True)
    next = fields.String(
        required=True, allow_none=True, metadata={"description": "What `cursor` has to be for the next page."}
    )
