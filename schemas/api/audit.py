"""What /api/audit takes and tells."""

from typing import Any, Final, NamedTuple

from marshmallow import Schema, fields, post_load, validate

from schemas.api.plain import Instant, Strict

MOST: Final = 1000
_LAST_PLACE: Final = 2**63 - 1


class AuditQuery(NamedTuple):
    """Which records of a chain are asked for; instants in microseconds, ``after`` the place where a page ended."""

    since: int | None = None
    until: int | None = None
    actor: str | None = None
    action: str | None = None
    after: int | None = None
    limit: int = 100
    ascending: bool = False


class AuditQuerySchema(Strict):
    """Which entries of the audit are asked for."""

    since = Instant(description="Not before this instant.")
    until = Instant(description="Before this instant.")
    actor = fields.String(
        validate=validate.Length(1, 500), metadata={"description": "A key, member:ID or provider:ID:SUBJECT, or cli."}
    )
    action = fields.String(validate=validate.Length(1, 100), metadata={"description": "Such as credential.created."})
    after = fields.Integer(
        validate=validate.Range(0, _LAST_PLACE), metadata={"description": "The ``more`` of the page before."}
    )
    limit = fields.Integer(load_default=100, validate=validate.Range(1, MOST))
    ascending = fields.Boolean(load_default=False, metadata={"description": "Earliest first."})

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> AuditQuery:
        """Return what the store is asked."""
        return AuditQuery(**data)


class AuditRecordSchema(Schema):
    """One entry of the audit in its place."""

    seq = fields.Integer(required=True, metadata={"description": "Its place in the chain, from 1 on."})
    holds = fields.Boolean(
        required=True, metadata={"description": "False for what was changed in the database: believe nothing of it."}
    )
    time = fields.String(metadata={"format": "date-time"})
    actor = fields.String(
        metadata={"description": "Who did it; `hashed:` and a keyed hash where it may name a person."}
    )
    action = fields.String()
    target = fields.String(metadata={"description": "The id of what it was done to."})
    details = fields.Dict(keys=fields.String())
    hash = fields.String(metadata={"description": "The keyed hash over all of it and the hash before, in hex."})


class AuditSchema(Schema):
    """Entries of the caller's organisation."""

    records = fields.List(fields.Nested(AuditRecordSchema), required=True)
    more = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Send it as ``after`` for the next page; null at the end."},
    )
