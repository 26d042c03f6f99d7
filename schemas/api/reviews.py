"""What /api/validate says of statements."""

from marshmallow import Schema, fields, validate

from schemas.api.problems import FaultSchema
from schemas.xapi.versions import VERSIONS


class ReviewSchema(Schema):
    """What is wrong with statements under one version."""

    version = fields.String(required=True, validate=validate.OneOf(VERSIONS))
    valid = fields.Boolean(required=True)
    errors = fields.List(fields.Nested(FaultSchema), required=True)
    complete = fields.Boolean(
        required=True, metadata={"description": "False where there are more faults than are told."}
    )


class ReviewsSchema(Schema):
    """What is wrong with statements under each version that was asked for."""

    versions = fields.List(fields.Nested(ReviewSchema), required=True)
