"""Which version of xAPI a request to /api is about."""

from marshmallow import RAISE, Schema, fields, validate

from schemas.xapi.versions import VERSIONS


class VersionQuerySchema(Schema):
    """The query string that names a version, or none."""

    class Meta:
        """Nothing passes that is not named."""

        unknown = RAISE

    version = fields.String(validate=validate.OneOf(VERSIONS), metadata={"description": "Version of xAPI."})
