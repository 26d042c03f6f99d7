"""What /api/batches says of the rows it was sent."""

from marshmallow import Schema, fields, validate

from schemas.api.problems import FaultSchema

OUTCOMES = ("stored", "duplicate", "refused", "unconfirmed")


class RowSchema(Schema):
    """What became of one row."""

    row = fields.Integer(
        required=True, metadata={"description": "Counted from 0, in the array or in the lines of the body."}
    )
    id = fields.String(allow_none=True, metadata={"description": "The statement's id; one was made where none was."})
    outcome = fields.String(
        required=True,
        validate=validate.OneOf(OUTCOMES),
        metadata={"description": "unconfirmed: the store went away; send the row again under this id."},
    )
    errors = fields.List(fields.Nested(FaultSchema), required=True)


class BatchSchema(Schema):
    """What became of a batch, in figures and row by row."""

    stored = fields.Integer(required=True)
    duplicate = fields.Integer(required=True)
    refused = fields.Integer(required=True)
    unconfirmed = fields.Integer(required=True)
    rows = fields.List(fields.Nested(RowSchema), required=True)
