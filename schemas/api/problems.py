"""Refusals as they go out: problem+json (RFC 9457)."""

from marshmallow import Schema, fields


class FaultSchema(Schema):
    """One thing wrong with what was sent."""

    path = fields.String(required=True, metadata={"description": "The way to it; empty for the whole."})
    rule = fields.String(required=True, metadata={"description": "A stable word for programs."})
    message = fields.String(required=True, metadata={"description": "A sentence for people."})


class ProblemSchema(Schema):
    """Why a request was refused."""

    title = fields.String(required=True)
    status = fields.Integer(required=True)
    errors = fields.List(fields.Nested(FaultSchema), required=True)
