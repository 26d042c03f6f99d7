"""Verbs (Data 2.4.3)."""

from schemas.xapi.base import StrictSchema
from schemas.xapi.containers import language_map
from schemas.xapi.fields import KeyIRI


class Verb(StrictSchema):
    """What was done."""

    id = KeyIRI(required=True)
    display = language_map()
