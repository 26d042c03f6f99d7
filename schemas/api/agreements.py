"""Agreements, by which one organisation lets another one have records or figures, as /api takes and gives them."""

from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from schemas.api.organisations import LEAST, MOST
from schemas.api.plain import END, MOST_LISTED, Flag, Instant, Name, Strict
from schemas.api.records import RecordSchema
from schemas.api.units import Day
from schemas.sharing.agreements import AGREEMENT_STATES, BASES, LEVELS, Filter
from schemas.training.records import STATE_OF_VERB, STATES
from schemas.training.terms import GROUPS, UNKNOWN
from schemas.xapi.fields import LONGEST_KEY

ALWAYS: Final = ("id", "learner")
"""Fields that travel with every record."""
FIELDS: Final = tuple(name for name in RecordSchema().fields if name not in ALWAYS)
"""The fields that may travel."""
PERSONAL: Final = "identities"
"""The field that only named records have."""
DEFAULT_K: Final = 10
_CODE: Final = rf"^[a-z0-9][a-z0-9-]{{0,39}}{END}"
_UNIT: Final = rf"^([0-9]{{2,5}}|{UNKNOWN}){END}"
_IRI: Final = rf"^[a-z][a-zA-Z0-9+.-]*:[^\s\x00-\x1f]+{END}"
_LONGEST: Final = 1000


def _several(inner: fields.Field[Any], description: str) -> fields.List[Any]:
    told = {"description": description}
    return fields.List(inner, validate=validate.Length(max=MOST_LISTED), load_default=(), metadata=told)


def _word(known: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(sorted(known)))


def _named(description: str) -> fields.List[Any]:
    return _several(fields.String(validate=validate.Length(1, LONGEST_KEY)), description)


def _one_line(text: str) -> None:
    if any(ord(letter) < ord(" ") for letter in text):
        raise ValidationError("One line of text.")


def _verb(text: str) -> None:
    if text not in STATE_OF_VERB:
        validate.Regexp(_IRI, error="This is none of our words for verbs, and no IRI.")(text)


class FilterSchema(Strict):
    """What is covered; every part that is given must hold, and one that is not is no bound."""

    verbs = _several(
        fields.String(validate=[validate.Length(1, LONGEST_KEY), _verb]),
        "Our words (completed, passed ...) or IRIs. Of records, those whose state such a verb led to.",
    )
    activities = _named("Ids of activities.")
    types = _named("Our words (course, community-class ...) or IRIs.")
    programmes = _named("Codes, with all that lies within them.")
    units = _several(
        fields.String(validate=validate.Regexp(_UNIT, error="The code of a unit, or unknown.")),
        "Codes of the day `at`, with what lies within them and what before them became a part of these. Or unknown.",
    )
    at = Day(allow_none=True, load_default=None, description="The day of the units; the day of the proposal without.")
    groups = _several(_word([*GROUPS, UNKNOWN]), "Target groups.")
    states = _several(_word(STATES), "States of records.")
    since = Day(
        data_key="from",
        allow_none=True,
        load_default=None,
        description="By the last statement of a record, the own time of a statement, in the server's time zone.",
    )
    until = Day(data_key="to", allow_none=True, load_default=None, description="To the end of this day.")

    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: dict[str, Any], **_: Any) -> None:
        if data["since"] and data["until"] and data["until"] < data["since"]:
            raise ValidationError("This lies before `from`.", "to")

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Filter:
        parts: dict[str, Any] = {name: tuple(it) if isinstance(it, list) else it for name, it in data.items()}
        return Filter(**parts)


class PurposeSchema(Strict):
    """What it is for: a code for programs, and words for people."""

    code = fields.String(
        required=True,
        validate=validate.Regexp(_CODE, error="Small letters, digits and hyphens, 40 at most."),
        metadata={"example": "joint-course"},
    )
    vi = fields.String(required=True, validate=[validate.Length(1, _LONGEST), _one_line])
    en = fields.String(required=True, validate=[validate.Length(1, _LONGEST), _one_line])


class PartnerSchema(Strict):
    """Who is outside of this server, and what was signed with it."""

    name = Name(required=True, least=1)
    document = Name(required=True, least=1, metadata={"description": "What was signed: its number and day."})


class _TermsSchema(Strict):
    purpose = fields.Nested(PurposeSchema)
    basis = fields.String(validate=validate.OneOf(BASES))
    level = fields.String(
        validate=validate.OneOf(LEVELS),
        metadata={"description": "figures; records under pseudonyms of this agreement; or records with names."},
    )
    filter = fields.Nested(FilterSchema)
    fields_ = fields.List(
        fields.String(validate=validate.OneOf(FIELDS)),
        data_key="fields",
        attribute="fields",
        metadata={"description": "Fields of records that travel, beside `id` and `learner`."},
    )
    statements = Flag(metadata={"description": "Whether statements travel, too."})
    minors = Flag(metadata={"description": "Whether people under 16 may be among them. False unless it is said."})
    k = fields.Integer(
        strict=True,
        validate=validate.Range(LEAST, MOST),
        metadata={"description": "People that a figure counts at least; the strictest that the giver agreed on holds."},
    )
    starts = Day()
    ends = Day(allow_none=True, description="The last day; null: until one side ends it.")


class NewAgreementSchema(_TermsSchema):
    """An agreement that is proposed: the caller's organisation is one of its sides."""

    giver = fields.String(required=True, validate=validate.Regexp(_CODE))
    taker = fields.String(load_default=None, allow_none=True, validate=validate.Regexp(_CODE))
    partner = fields.Nested(
        PartnerSchema, metadata={"description": "In the place of a taker: somebody outside of this server."}
    )
    purpose = fields.Nested(PurposeSchema, required=True)
    basis = fields.String(required=True, validate=validate.OneOf(BASES))
    level = fields.String(required=True, validate=validate.OneOf(LEVELS))

    @validates_schema(skip_on_field_errors=True)
    def _with_somebody(self, data: dict[str, Any], **_: Any) -> None:
        if (data["taker"] is None) == ("partner" not in data):
            raise ValidationError("Name a taker or a partner, one of the two.", "taker")


class AgreementChangeSchema(_TermsSchema):
    """Other terms of what is proposed; each member that is named is replaced as a whole."""

    partner = fields.Nested(PartnerSchema)


class GivenFilterSchema(Schema):
    """A filter as it was agreed on."""

    verbs = fields.List(fields.String(), required=True)
    activities = fields.List(fields.String(), required=True)
    types = fields.List(fields.String(), required=True)
    programmes = fields.List(fields.String(), required=True)
    units = fields.List(fields.String(), required=True)
    at = Day(required=True, allow_none=True)
    groups = fields.List(fields.String(), required=True)
    states = fields.List(fields.String(), required=True)
    since = Day(required=True, allow_none=True, data_key="from")
    until = Day(required=True, allow_none=True, data_key="to")


class FailureSchema(Schema):
    """Why the records of an agreement do not come now."""

    at = Instant(required=True, description="When it was tried last.")
    error = fields.String(required=True, metadata={"description": "The kind of error; the worker's log has the rest."})


class AgreementSchema(Schema):
    """An agreement."""

    id = fields.String(required=True)
    giver = fields.String(required=True, attribute="giver_id", metadata={"description": "Public id."})
    taker = fields.String(
        required=True, allow_none=True, attribute="taker_id", metadata={"description": "Public id; null: a partner."}
    )
    partner = fields.Nested(PartnerSchema, required=True, allow_none=True)
    purpose = fields.Nested(PurposeSchema, required=True)
    basis = fields.String(required=True, validate=validate.OneOf(BASES))
    level = fields.String(required=True, validate=validate.OneOf(LEVELS))
    filter = fields.Nested(GivenFilterSchema, required=True)
    fields_ = fields.List(fields.String(), required=True, data_key="fields", attribute="fields")
    statements = fields.Boolean(required=True)
    minors = fields.Boolean(required=True)
    k = fields.Integer(required=True)
    starts = Day(required=True)
    ends = Day(required=True, allow_none=True)
    state = fields.String(required=True, validate=validate.OneOf(AGREEMENT_STATES))
    proposed_by = fields.String(
        required=True, metadata={"description": "Who named the terms last: the other side accepts them."}
    )
    accepted_by = fields.String(required=True, allow_none=True)
    suspended_by = fields.List(fields.String(), required=True)
    created = Instant(required=True)
    changed = Instant(required=True)
    version = fields.Integer(required=True, metadata={"description": "Stands in ETag and If-Match."})
    failure = fields.Nested(
        FailureSchema,
        metadata={"description": "Where one agreement is shown: while its records cannot be brought forward."},
    )


class AgreementsSchema(Schema):
    """Agreements in the order of their ids."""

    agreements = fields.List(fields.Nested(AgreementSchema), required=True)
    more = fields.String(
        required=True, allow_none=True, metadata={"description": "`after` for the next page; null at the end."}
    )


class AgreementsQuerySchema(Strict):
    """Which page of the agreements."""

    after = fields.String(
        load_default="",
        validate=validate.Length(max=40),
        metadata={"description": "The `more` of the page before."},
    )
    limit = fields.Integer(load_default=MOST_LISTED, validate=validate.Range(1, MOST_LISTED))


class AgreementPageQuerySchema(Strict):
    """In which language a statement is told."""

    language = fields.String(
        validate=validate.OneOf(["vi", "en"]), metadata={"description": "Without it, Accept-Language says it."}
    )
