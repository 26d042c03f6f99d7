"""What statements are searched by beyond the filters of xAPI, and what is answered."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from schemas.api.plain import Instant, Strict
from schemas.faults import Refused
from schemas.xapi.agents import load_agent
from schemas.xapi.base import StrictField
from schemas.xapi.fields import UUID, KeyIRI
from schemas.xapi.identity import identity
from schemas.xapi.parsing import parse_json

MOST_ALTERNATIVES: Final = 50
"""Values of one filter: MongoDB merges two hundred ranges of an index in order, and each may need two."""


class _Identified(fields.String):
    """An Agent or Group with an identifier, as JSON text."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> Any:
        text = super()._deserialize(value, attr, data, **options)
        try:
            agent = load_agent(parse_json(text.encode("utf-8", "surrogatepass")))
        except Refused as refused:
            raise ValidationError(refused.faults[0].message) from refused
        if identity(agent) is None:
            raise ValidationError("This must be an Agent or a Group with an identifier of its own.")
        return agent


def _any_of(inner: fields.Field[Any] | StrictField, told: str) -> fields.List[Any]:
    return fields.List(
        inner,
        load_default=list,
        validate=validate.Length(max=MOST_ALTERNATIVES),
        metadata={"description": f"{told} Given several times, any of them."},
    )


def _score(description: str) -> fields.Decimal:
    # The bounds again: those of the field would be described as texts.
    told = {"description": description, "minimum": -1, "maximum": 1}
    return fields.Decimal(validate=validate.Range(Decimal(-1), Decimal(1)), metadata=told)


class SearchQuerySchema(Strict):
    """Which statements: all of the filters, and of each one any of its values."""

    verb = _any_of(KeyIRI(), "A verb.")
    agent = _any_of(_Identified(), "An Agent or Group as JSON: the actor or object, or a member of one.")
    activity = _any_of(KeyIRI(), "An Activity: the object.")
    registration = _any_of(UUID(), "A registration.")
    related_agents = fields.Boolean(load_default=False, metadata={"description": "Agents anywhere in a statement."})
    related_activities = fields.Boolean(load_default=False, metadata={"description": "Activities anywhere, likewise."})
    since = Instant(description="Stored after this instant.")
    until = Instant(description="Stored not after this instant.")
    type = _any_of(
        KeyIRI(), "The type of the object's definition, an IRI. Looked for in each statement, as what follows."
    )
    success = fields.Boolean(metadata={"description": "`result.success`."})
    completion = fields.Boolean(metadata={"description": "`result.completion`."})
    score_min = _score("`result.score.scaled`, at least.")
    score_max = _score("`result.score.scaled`, at most.")
    ascending = fields.Boolean(load_default=False, metadata={"description": "The first stored comes first."})
    count = fields.Boolean(load_default=False, metadata={"description": "Count them, instead of giving them back."})
    limit = fields.Integer(validate=validate.Range(1, 10**6), metadata={"description": "Statements on a page."})
    cursor = fields.String(
        validate=validate.Length(1, 4000), metadata={"description": "`next` of the page before, to the same question."}
    )

    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("score_min", Decimal(-1)) > data.get("score_max", Decimal(1)):
            raise ValidationError("This lies below `score_min`.", "score_max")


class SearchSchema(Schema):
    """A page of statements as they are; or a count of them."""

    through = Instant(required=True, description="Nothing will be found later that was stored until then.")
    scanned = fields.Integer(required=True, metadata={"description": "Statements that were looked at for this page."})
    complete = fields.Boolean(
        required=True,
        metadata={
            "description": "False where more is to be looked at: with `next`. A page may be empty before the end."
        },
    )
    next = fields.String(required=True, allow_none=True)
    statements = fields.List(fields.Dict())
    count = fields.Integer(metadata={"description": "With `count=true`: those found since the walk began."})
