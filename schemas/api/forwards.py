"""Forwarding statements to the stores of partners, as /api takes and gives it."""

from typing import Any, Final

from marshmallow import Schema, fields, validate

from schemas.api.plain import END, MOST_LISTED, Instant, Name, Strict
from schemas.xapi.versions import VERSIONS

MOST_TOGETHER: Final = 50
_URL: Final = rf"^https?://[!-~]{{1,480}}{END}"
# Paths and queries are put behind it.
_BASE: Final = rf"^https?://[!-\"$->@-~]{{1,480}}{END}"
_KEY: Final = rf"^[!-9;-~]{{1,200}}{END}"
_SECRET: Final = rf"^[ -~]{{1,300}}{END}"
_UUID: Final = rf"^[0-9a-fA-F]{{8}}-[0-9a-fA-F]{{4}}-[0-9a-fA-F]{{4}}-[0-9a-fA-F]{{4}}-[0-9a-fA-F]{{12}}{END}"
_ID: Final = rf"^[0-9a-f]{{16}}{END}"


def url(told: str, **options: Any) -> fields.String:
    """Return the field of an address that a worker asks."""
    fits = validate.Regexp(_URL, error="An https address.")
    return fields.String(validate=fits, metadata={"description": told}, **options)


def endpoint(told: str, **options: Any) -> fields.String:
    """Return the field of an xAPI endpoint, which has neither a query nor a fragment."""
    fits = validate.Regexp(_BASE, error="An https address without a query.")
    return fields.String(validate=fits, metadata={"description": told}, **options)


def partner_key(**options: Any) -> fields.String:
    """Return the field of a key at somebody else's store."""
    fits = validate.Regexp(_KEY, error="1 to 200 plain (ASCII) characters without blanks and colons.")
    return fields.String(validate=fits, metadata={"description": "The key there (HTTP Basic)."}, **options)


def partner_secret(**options: Any) -> fields.String:
    """Return the field of its secret."""
    fits = validate.Regexp(_SECRET, error="1 to 300 plain (ASCII) characters.")
    told = {"description": "Its secret there: kept sealed, and never shown again."}
    return fields.String(validate=fits, metadata=told, **options)


def version(**options: Any) -> fields.String:
    """Return the field of the version of xAPI that is spoken."""
    told = {"description": "The version of xAPI that is spoken there; for 1.0.3 what is new in 2.0 is left out."}
    return fields.String(validate=validate.OneOf(VERSIONS), metadata=told, **options)


def statement_ids(**options: Any) -> fields.List[Any]:
    """Return the field of ids of statements."""
    one = fields.String(validate=validate.Regexp(_UUID, error="The id of a statement."))
    return fields.List(one, validate=validate.Length(1, MOST_LISTED), **options)


def _label(**options: Any) -> Name:
    return Name(metadata={"description": "What people call it."}, **options)


def _batch(**options: Any) -> fields.Integer:
    told = {"description": "Statements in one request at most."}
    return fields.Integer(strict=True, validate=validate.Range(1, MOST_TOGETHER), metadata=told, **options)


_ENDPOINT: Final = "The xAPI endpoint of the partner, without `/statements`: `https://lrs.partner.example.vn/xapi`."


class NewForwardSchema(Strict):
    """A forward that is wanted."""

    agreement = fields.String(
        required=True,
        validate=validate.Regexp(_ID, error="The id of an agreement."),
        metadata={"description": "By which the own organisation gives statements."},
    )
    url = endpoint(_ENDPOINT, required=True)
    key = partner_key(required=True)
    secret = partner_secret(required=True)
    version = version(load_default="2.0.0")
    batch = _batch(load_default=MOST_TOGETHER)
    label = _label()


class ForwardChangeSchema(Strict):
    """What is to become of a forward."""

    url = endpoint(_ENDPOINT)
    key = partner_key()
    secret = partner_secret()
    version = version()
    batch = _batch()
    label = _label()


class ForwardSchema(Schema):
    """A forward, without the secret, and how far it is."""

    id = fields.String(required=True)
    agreement = fields.String(required=True)
    url = fields.String(required=True)
    key = fields.String(required=True)
    version = fields.String(required=True)
    batch = fields.Integer(required=True)
    label = fields.String(required=True)
    created = Instant(required=True)
    state = fields.String(
        required=True,
        validate=validate.OneOf(["running", "paused", "stopped"]),
        metadata={"description": "stopped: the agreement was not in force any more; resume it when it is."},
    )
    sent = fields.Integer(required=True, metadata={"description": "Statements that have arrived."})
    dead = fields.Integer(required=True, metadata={"description": "Statements that could not be sent."})
    last_sent = Instant(required=True, allow_none=True)
    last_error = fields.String(
        required=True, allow_none=True, metadata={"description": "Why nothing can be sent; null while it can."}
    )
    failures = fields.Integer(required=True, metadata={"description": "How often in a row nothing could be sent."})
    failing = Instant(required=True, allow_none=True, description="Since when nothing can be sent.")
    again = Instant(required=True, allow_none=True, description="When it is tried again.")
    through = Instant(required=True, description="Everything stored up to then was looked at.")
    lag = fields.Float(
        required=True, metadata={"description": "Seconds that the oldest statement waits which was not looked at."}
    )


class ForwardsSchema(Schema):
    """All forwards of the organisation."""

    forwards = fields.List(fields.Nested(ForwardSchema), required=True)


class LetterSchema(Schema):
    """A statement that could not be sent or taken; its text is not kept here."""

    statement = fields.String(
        required=True,
        metadata={
            "description": "The id that it has here. Of what was to be taken and came without one it is no id of a"
            " statement, but made of its bytes: the same for the same."
        },
    )
    status = fields.Integer(required=True, metadata={"description": "Of the answer; 0 without one."})
    reason = fields.String(required=True, metadata={"description": "The first 300 characters of what was said."})
    tried = fields.Integer(required=True)
    at = Instant(required=True, description="When it was tried last.")


class LettersSchema(Schema):
    """Dead letters in the order of their ids."""

    letters = fields.List(fields.Nested(LetterSchema), required=True)
    more = fields.String(
        required=True, allow_none=True, metadata={"description": "`after` for the next page; null at the end."}
    )


class LettersQuerySchema(Strict):
    """Which page of the dead letters."""

    after = fields.String(
        load_default="",
        validate=validate.Regexp(rf"^$|{_UUID}", error="The `more` of the page before."),
        metadata={"description": "The `more` of the page before."},
    )
    limit = fields.Integer(load_default=MOST_LISTED, validate=validate.Range(1, MOST_LISTED))


class ChosenLettersSchema(Strict):
    """Some dead letters, or all of them."""

    statements = statement_ids(metadata={"description": "The ids of statements; without this, all."})


class CountSchema(Schema):
    """How many there were."""

    count = fields.Integer(required=True)
