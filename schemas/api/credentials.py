"""Credentials, the keys of one organisation, as /api takes and gives them."""

from typing import Any, Final

from marshmallow import Schema, fields, validate

from schemas.api.plain import END, MOST_LISTED, Flag, Instant, Name, SetOf, Strict, Written
from schemas.api.scopes import scopes
from schemas.training.intake import CONTENTS, IDENTITIES
from schemas.xapi.agents import Agent
from schemas.xapi.containers import Nested
from schemas.xapi.leniency import RELAXATIONS

ORIGIN: Final = r"(?:\*|null|[a-z][a-z0-9+.-]*://[^\s/?#A-Z]*)"
"""An origin as browsers write it (RFC 6454): small letters, no path; or all of them."""
_LONGEST_ORIGIN: Final = 300
_MOST: Final = 2**31 - 1

_TEXT: Final = {"type": "string"}
_AUTHORITY: Final = {
    "type": "object",
    "description": "An Agent of xAPI, which the statements of this key are stored under. When absent, the account of"
    " this key's name at this server.",
    "properties": {
        "objectType": {"type": "string", "enum": ["Agent"]},
        "name": _TEXT,
        "mbox": {"type": "string", "pattern": "^mailto:[^@]+@[^@]+$"},
        "mbox_sha1sum": {"type": "string", "pattern": "^[0-9a-f]{40}$"},
        "openid": {"type": "string", "format": "uri"},
        "account": {
            "type": "object",
            "required": ["homePage", "name"],
            "properties": {"homePage": {"type": "string", "format": "uri"}, "name": _TEXT},
        },
    },
}


class LimitsSchema(Strict):
    """The most that one key may send; what is absent is as the server's settings say."""

    requests = fields.Integer(
        strict=True, validate=validate.Range(1, _MOST), metadata={"description": "Requests a minute."}
    )
    statements = fields.Integer(
        strict=True, validate=validate.Range(1, _MOST), metadata={"description": "Statements a minute."}
    )
    body = fields.Integer(strict=True, validate=validate.Range(1, _MOST), metadata={"description": "Bytes of a body."})
    batch = fields.Integer(
        strict=True, validate=validate.Range(1, _MOST), metadata={"description": "Statements in a request."}
    )


class IntakeSchema(Strict):
    """What becomes of statements before they are stored; what is absent is as its first word says."""

    identities = fields.String(
        validate=validate.OneOf(IDENTITIES),
        metadata={
            "description": "pseudonymise: mailboxes, OpenIDs and accounts named by a personal number, a phone or a"
            " mailbox are replaced by keyed pseudonyms, and names of Agents left out, in statements and in what is"
            " asked for. keep: they stay."
        },
    )
    contents = fields.String(
        validate=validate.OneOf(CONTENTS),
        metadata={
            "description": "Personal numbers, phones, dossiers, money and e-identity accounts are refused in statements"
            " that speak the digital-skills profile (profile), in all (refuse), in none (allow)."
        },
    )


def _label(**options: Any) -> Name:
    return Name(metadata={"description": "What people call this key."}, **options)


def _origins(**options: Any) -> SetOf:
    fits = validate.Length(max=_LONGEST_ORIGIN), validate.Regexp(rf"^{ORIGIN}{END}", error="This is not an origin.")
    told = {"description": "Origins whose pages may read the answers to this key (CORS); * for all."}
    return SetOf(fields.String(validate=fits), metadata=told, **options)


def _leniency(**options: Any) -> SetOf:
    known = fields.String(validate=validate.OneOf(sorted(RELAXATIONS)))
    return SetOf(known, metadata={"description": "What this key is forgiven, by name."}, **options)


def _relay(**options: Any) -> Flag:
    told = {
        "description": "Whether statements keep the authority they come with, where it is an Agent: for a store that"
        " passes statements on. Only `admin` may grant it."
    }
    return Flag(metadata=told, **options)


def _expires(**options: Any) -> Instant:
    return Instant(allow_none=True, description="From then on the key opens nothing; null for never.", **options)


class NewCredentialSchema(Strict):
    """A credential that is wanted."""

    label = _label()
    scopes = scopes(metadata={"description": "What the key may do; when absent, statements/write only."})
    authority = Nested(Agent, metadata=_AUTHORITY)
    origins = _origins()
    leniency = _leniency()
    expires = _expires()
    limits = fields.Nested(LimitsSchema)
    intake = fields.Nested(IntakeSchema)
    relay = _relay()


class CredentialChangeSchema(Strict):
    """What is to become of a credential: each member that is named is replaced as a whole."""

    label = _label()
    scopes = scopes()
    origins = _origins()
    leniency = _leniency()
    expires = _expires()
    disabled = Flag()
    limits = fields.Nested(LimitsSchema)
    intake = fields.Nested(IntakeSchema)
    relay = _relay()


class CredentialSchema(Schema):
    """A credential, without its secret, which nobody knows but who was told it."""

    key = fields.String(required=True)
    label = _label(required=True)
    scopes = scopes(required=True)
    authority = Written(
        required=True, metadata={"type": "object", "description": "The Agent its statements are stored under."}
    )
    origins = _origins(required=True)
    leniency = _leniency(required=True)
    created = Instant(required=True)
    expires = _expires(required=True)
    disabled = fields.Boolean(required=True)
    used = Instant(required=True, allow_none=True, description="The last use, to a minute or so; null for never.")
    limits = fields.Nested(LimitsSchema, required=True)
    intake = fields.Nested(IntakeSchema, required=True)
    relay = _relay(required=True)


class IssuedCredentialSchema(CredentialSchema):
    """A credential with its secret, told this once."""

    secret = fields.String(required=True, metadata={"description": "Told this once; only its keyed hash is kept."})


class CredentialsSchema(Schema):
    """Credentials in the order of their keys."""

    credentials = fields.List(fields.Nested(CredentialSchema), required=True)
    more = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "`after` for the next page; null at the end."},
    )


class CredentialsQuerySchema(Strict):
    """Which page of the credentials."""

    after = fields.String(load_default="", metadata={"description": "The `more` of the page before."})
    limit = fields.Integer(load_default=MOST_LISTED, validate=validate.Range(1, MOST_LISTED))
