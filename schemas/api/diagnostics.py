"""What /api/diagnostics tells a sender of its own."""

from marshmallow import Schema, fields


class RefusalSchema(Schema):
    """One reason for which statements were refused."""

    status = fields.Integer(required=True)
    path = fields.String(
        required=True, metadata={"description": "Only the specification's names; others are *, indexes are []."}
    )
    rule = fields.String(required=True)
    count = fields.Integer(required=True)
    first = fields.String(required=True, metadata={"format": "date-time"})
    last = fields.String(required=True, metadata={"format": "date-time"})


class RelaxationSchema(Schema):
    """One relaxation that the credential was granted, or has used."""

    name = fields.String(required=True)
    count = fields.Integer(required=True, metadata={"description": "How often it was needed."})


class DiagnosticsSchema(Schema):
    """The last reasons, latest first, and the uses of relaxations."""

    refusals = fields.List(fields.Nested(RefusalSchema), required=True)
    leniency = fields.List(fields.Nested(RelaxationSchema), required=True)
