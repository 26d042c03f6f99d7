"""What was noticed in statements, as /api tells it."""

from typing import Any

from marshmallow import Schema, fields

from schemas.api.records import ReachedSchema


def _examples() -> fields.List[Any]:
    return fields.List(
        fields.String(), required=True, metadata={"description": "Ids of the last statements, the latest last."}
    )


class NamedSchema(Schema):
    """Something that was noticed, and in how many statements."""

    name = fields.String(required=True)
    statements = fields.Integer(required=True)
    examples = _examples()


class AsideSchema(Schema):
    """Statements that count nowhere, since nothing could be done with them: a defect of this version."""

    statements = fields.Integer(required=True)
    examples = _examples()


class BrokenRuleSchema(Schema):
    """A rule of a template that statements break."""

    path = fields.String(required=True, metadata={"description": "Where in a statement the rule looks."})
    rule = fields.String(required=True, metadata={"description": "included, excluded, any, all or none."})
    statements = fields.Integer(required=True)
    examples = _examples()


class FollowedSchema(Schema):
    """A template, the statements that were meant to follow it, and how many do not."""

    template = fields.String(
        required=True, metadata={"description": "Its id; empty for statements that fit none of the profile."}
    )
    statements = fields.Integer(required=True)
    broken = fields.Integer(required=True, metadata={"description": "Those that break at least one of its rules."})
    rules = fields.List(fields.Nested(BrokenRuleSchema), required=True)


class NoticedSchema(ReachedSchema):
    """What was noticed; of each kind what most statements have."""

    templates = fields.List(fields.Nested(FollowedSchema), required=True)
    verbs = fields.List(
        fields.Nested(NamedSchema), required=True, metadata={"description": "Verbs that count nowhere."}
    )
    types = fields.List(
        fields.Nested(NamedSchema), required=True, metadata={"description": "Activity types without a word of ours."}
    )
    extensions = fields.List(
        fields.Nested(NamedSchema),
        required=True,
        metadata={"description": "Extensions in the profile's namespace that it does not have."},
    )
    flags = fields.List(
        fields.Nested(NamedSchema),
        required=True,
        metadata={"description": "What could not be used or is odd: clock-skew, unknown-unit, unknown-skill, ..."},
    )
    aside = fields.Nested(
        AsideSchema,
        required=True,
        metadata={"description": "What was set aside: it counts nowhere until records are made anew."},
    )
