"""The scopes by name, as /api takes them."""

from typing import Final

from marshmallow import fields, validate

from schemas.api.plain import SetOf

SCOPES: Final = (
    "statements/write",
    "statements/read/mine",
    "statements/read",
    "state",
    "define",
    "profile",
    "all/read",
    "all",
    "records/read",
    "reports/read",
    "imports/write",
    "share",
    "admin",
    "credentials",
    "audit/read",
    "subjects",
)
"""The specification's (Communication 4.0), which are about xAPI only, and ours."""


def scopes(**options: object) -> SetOf:
    """Return the field of a list of scopes."""
    return SetOf(fields.String(validate=validate.OneOf(SCOPES)), **options)
