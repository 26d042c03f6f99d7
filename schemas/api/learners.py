"""Learners, and decisions about who is who, as /api takes and gives them."""

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from schemas.api.plain import END, Instant, Strict
from schemas.faults import Refused
from schemas.training.persons import read_identity

MOST_LINKS: Final = 1000
MOST_PAGE: Final = 1000
KINDS: Final = ("join", "split")
REASONS: Final = (
    "identity-document",
    "own-statement",
    "roster",
    "source-changed-account",
    "duplicate-account",
    "shared-account",
    "mistake",
    "other",
)
"""Why: a document was shown, the person said so, a list of the source says so, the source gave a new account, ..."""
_LONGEST: Final = 5000
_LAST: Final = 2**63 - 1


class Identity(fields.String):
    """An identity as ``GET /api/learners`` gives it, or an Agent of xAPI as JSON text; canonical inside."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validate=validate.Length(1, _LONGEST), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> Any:
        text = super()._deserialize(value, attr, data, **options)
        try:
            return read_identity(text)
        except Refused as refused:
            raise ValidationError(refused.faults[0].message) from refused


class LearnerLinkSchema(Strict):
    """A decision about who is who."""

    kind = fields.String(
        required=True,
        validate=validate.OneOf(KINDS),
        metadata={"description": "join: both are one person. split: the identity is somebody else than the others."},
    )
    identity = Identity(required=True)
    other = Identity(metadata={"description": "With join: whom it is joined with."})
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))

    @validates_schema(skip_on_field_errors=True)
    def _two_to_join(self, data: dict[str, Any], **_: Any) -> None:
        if data["kind"] == "join" and "other" not in data:
            raise ValidationError("A join is of two identities.", "other")
        if data["kind"] == "split" and "other" in data:
            raise ValidationError("A split is of one identity.", "other")
        if data.get("other") == data["identity"]:
            raise ValidationError("This is the same identity.", "other")


class LearnerLinksSchema(Strict):
    """Decisions, taken one after the other, all or none."""

    links = fields.List(fields.Nested(LearnerLinkSchema), required=True, validate=validate.Length(1, MOST_LINKS))


class DecisionSchema(Schema):
    """A decision that was taken; of whom it speaks there are keyed hashes only."""

    id = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    by = fields.String(required=True, metadata={"description": "The credential that decided."})
    decided = Instant(required=True)
    hashes = fields.List(fields.String(), required=True)
    numbers = fields.List(
        fields.Integer(), required=True, metadata={"description": "Before, and since: of the side that changed."}
    )


class LinkedSchema(Schema):
    """What became of decisions."""

    changed = fields.Integer(required=True, metadata={"description": "Decisions that were not so before."})
    settled = fields.Boolean(
        required=True,
        metadata={"description": "False while statements are still being counted anew, which goes on by itself."},
    )
    decisions = fields.List(fields.Nested(DecisionSchema), required=True)


class DecisionsSchema(Schema):
    """A page of decisions, the first one first."""

    decisions = fields.List(fields.Nested(DecisionSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class DecisionsQuerySchema(Strict):
    """Which decisions."""

    limit = fields.Integer(load_default=100, validate=validate.Range(1, MOST_PAGE))
    cursor = fields.String(
        load_default="",
        validate=validate.Regexp(rf"^([0-9a-f]{{28}})?{END}"),
        metadata={"description": "`next` of the page before."},
    )


class LearnerSchema(Schema):
    """A learner: everything that is known of who it is."""

    number = fields.Integer(required=True, metadata={"description": "Stays, unless a decision changes it."})
    identities = fields.List(fields.String(), required=True)


class LearnersSchema(Schema):
    """A page of learners in the order of their numbers."""

    learners = fields.List(fields.Nested(LearnerSchema), required=True)
    next = fields.Integer(required=True, allow_none=True)


class LearnersQuerySchema(Strict):
    """Which learners."""

    identity = Identity(metadata={"description": "Only who is known by it; what it was replaced by counts too."})
    number = fields.Integer(validate=validate.Range(1, _LAST))
    limit = fields.Integer(load_default=100, validate=validate.Range(1, MOST_PAGE))
    cursor = fields.Integer(
        load_default=0, validate=validate.Range(0, _LAST), metadata={"description": "`next` of the page before."}
    )


class MatchesQuerySchema(Strict):
    """Which statements to look at for names."""

    unit = fields.String(
        validate=validate.Length(1, 20), metadata={"description": "Only statements of the unit with this code."}
    )
    before = Instant(description="Only statements stored before: `next` of the answer before.")
    statements = fields.Integer(
        load_default=5000,
        validate=validate.Range(1, 20_000),
        metadata={"description": "How many statements to look at, the newest first."},
    )


class ProposalSchema(Schema):
    """Learners that may be one person, because statements of one unit call them by the same words."""

    unit = fields.String(required=True, metadata={"description": "The code; empty where the statements tell none."})
    alike = fields.String(
        required=True,
        validate=validate.OneOf(["spelling", "folded"]),
        metadata={"description": "spelling: with the same diacritics. folded: only without them."},
    )
    learners = fields.List(fields.Nested(LearnerSchema), required=True)


class MatchesSchema(Schema):
    """Proposals, for people to decide."""

    proposals = fields.List(fields.Nested(ProposalSchema), required=True)
    statements = fields.Integer(required=True, metadata={"description": "How many were looked at."})
    next = Instant(required=True, allow_none=True, description="`before` for older statements; null at the end.")
