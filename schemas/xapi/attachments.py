# ruff: noqa: N815  # the properties are named by the specification
"""What a statement says about files that belong to it (Data 2.4.11)."""

from schemas.xapi.base import StrictSchema
from schemas.xapi.containers import language_map
from schemas.xapi.fields import IRI, SHA2, Count, KeyIRI, MediaType


class Attachment(StrictSchema):
    """One file, described."""

    usageType = KeyIRI(required=True)
    display = language_map(required=True)
    description = language_map()
    contentType = MediaType(required=True)
    length = Count(required=True)
    sha2 = SHA2(required=True)
    fileUrl = IRI()
