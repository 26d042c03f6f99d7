"""Taking statements from the stores of others, as /api takes and gives it."""

from typing import Any, Final

from marshmallow import Schema, fields, validate

from schemas.api.forwards import endpoint, partner_key, partner_secret, version
from schemas.api.plain import Flag, Instant, Name, Strict

_ENDPOINT: Final = "The xAPI endpoint that is asked, without `/statements`."
_DAY: Final = 86_400


def _credential(**options: Any) -> fields.String:
    told = {"description": "A key of the own organisation: statements are stored as if it had sent them."}
    return fields.String(validate=validate.Length(1, 200), metadata=told, **options)


def _every(**options: Any) -> fields.Integer:
    told = {"description": "Seconds between two walks."}
    return fields.Integer(strict=True, validate=validate.Range(10, _DAY), metadata=told, **options)


def _overlap(**options: Any) -> fields.Integer:
    told = {"description": "Seconds before the end of the last walk for which is asked again: what comes late there."}
    return fields.Integer(strict=True, validate=validate.Range(0, 30 * _DAY), metadata=told, **options)


def _attachments(**options: Any) -> Flag:
    return Flag(metadata={"description": "Whether the data of attachments is taken along."}, **options)


def _label(**options: Any) -> Name:
    return Name(metadata={"description": "What people call it."}, **options)


class NewPullSchema(Strict):
    """A pull that is wanted."""

    credential = _credential(required=True)
    url = endpoint(_ENDPOINT, required=True)
    key = partner_key(required=True)
    secret = partner_secret(required=True)
    version = version(load_default="2.0.0")
    every = _every(load_default=60)
    overlap = _overlap(load_default=300)
    attachments = _attachments(load_default=True)
    since = Instant(load_default=0, description="What was stored there before is not taken.")
    label = _label()


class PullChangeSchema(Strict):
    """What is to become of a pull."""

    credential = _credential()
    url = endpoint(_ENDPOINT)
    key = partner_key()
    secret = partner_secret()
    version = version()
    every = _every()
    overlap = _overlap()
    attachments = _attachments()
    label = _label()


class PullSchema(Schema):
    """A pull, without the secret, and how far it is."""

    id = fields.String(required=True)
    credential = fields.String(required=True)
    url = fields.String(required=True)
    key = fields.String(required=True)
    version = fields.String(required=True)
    every = fields.Integer(required=True)
    overlap = fields.Integer(required=True)
    attachments = fields.Boolean(required=True)
    label = fields.String(required=True)
    created = Instant(required=True)
    state = fields.String(required=True, validate=validate.OneOf(["running", "paused"]))
    through = Instant(required=True, description="All that was stored there up to then is here.")
    taken = fields.Integer(required=True, metadata={"description": "Statements that were new here."})
    dead = fields.Integer(required=True, metadata={"description": "Statements that could not be taken."})
    last_asked = Instant(required=True, allow_none=True)
    last_taken = Instant(required=True, allow_none=True)
    last_error = fields.String(required=True, allow_none=True)
    failures = fields.Integer(required=True, metadata={"description": "How often in a row nothing could be taken."})
    failing = Instant(required=True, allow_none=True, description="Since when nothing can be taken.")
    again = Instant(required=True, allow_none=True, description="When it is asked again.")


class PullsSchema(Schema):
    """All pulls of the organisation."""

    pulls = fields.List(fields.Nested(PullSchema), required=True)
