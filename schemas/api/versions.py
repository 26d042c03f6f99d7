"""Which version of xAPI a request to /api is about."""

from marshmallow import fields, validate

from schemas.api.plain import Strict
from schemas.xapi.versions import VERSIONS


class VersionQuerySchema(Strict):
    """The query string that names a version, or none."""

    version = fields.String(validate=validate.OneOf(VERSIONS), metadata={"description": "Version of xAPI."})
