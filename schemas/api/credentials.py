"""Credentials, the keys of one organisation, as /api takes and gives them."""

import unicodedata
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from schemas.api.plain import END, MOST_LISTED, MOST_NAMED, Flag, Instant, Name, SetOf, Strict, Written
from schemas.api.scopes import scopes
from schemas.training.intake import CONTENTS, IDENTITIES, MINORS
from schemas.xapi.agents import IDENTIFIERS, Agent, Group
from schemas.xapi.containers import Nested
from schemas.xapi.fields import Text
from schemas.xapi.leniency import RELAXATIONS

ORIGIN: Final = r"(?:\*|null|[a-z][a-z0-9+.-]*://[^\s/?#A-Z]*)"
"""An origin as browsers write it (RFC 6454): small letters, no path; or all of them."""
_LONGEST_ORIGIN: Final = 300
_MOST: Final = 2**31 - 1

_TEXT: Final = {"type": "string"}
_IDENTIFIED: Final = {
    "name": _TEXT,
    "mbox": {"type": "string", "pattern": "^mailto:[^@]+@[^@]+$"},
    "mbox_sha1sum": {"type": "string", "pattern": "^[0-9a-f]{40}$"},
    "openid": {"type": "string", "format": "uri"},
    "account": {
        "type": "object",
        "required": ["homePage", "name"],
        "properties": {"homePage": {"type": "string", "format": "uri"}, "name": _TEXT},
    },
}
_AUTHORITY: Final = {
    "type": "object",
    "description": "An Agent of xAPI, which the statements of this key are stored under. When absent, the account of"
    " this key's name at this server.",
    "properties": {
        **_IDENTIFIED,
        "name": {"type": "string", "maxLength": MOST_NAMED},
        "objectType": {"type": "string", "enum": ["Agent"]},
    },
}
_TEAM: Final = {
    **_AUTHORITY,
    "description": "A Group of xAPI with an identifier; its name and its members play no part.",
    "properties": {**_IDENTIFIED, "objectType": {"type": "string", "enum": ["Group"]}},
    "required": ["objectType"],
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
    minors = fields.String(
        validate=validate.OneOf(MINORS),
        metadata={
            "description": "What tells of somebody under 16 without a consent to the purpose training is stored (keep),"
            " refused (refuse), or stored as a head-count of the organisation, without the person (headcount)."
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


class BoundSchema(Strict):
    """What a key is bound to: it writes and reads only what is about that."""

    organisation = fields.String(
        validate=(
            validate.Length(1, 50),
            validate.Regexp(rf"^[^\s\x00-\x1f\x7f](.*[^\s\x00-\x1f\x7f])?{END}", error="This is no code."),
        ),
        metadata={
            "description": "The code of a company, a school or a host, as the extension `organisation` carries it."
            " What the key stores must carry it, and is stored under an account of that organisation.",
            "example": "vnuhcm-lab",
        },
    )
    team = Nested(Group, metadata=_TEAM)
    consent = fields.String(
        validate=validate.Regexp(rf"^[a-z0-9][a-z0-9-]{{0,39}}{END}", error="This is no purpose."),
        metadata={
            "description": "A purpose: people are told of whose consent to it stands, and of nobody else.",
            "example": "employer",
        },
    )

    @post_load
    def _spelled(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if "organisation" in data:
            data["organisation"] = unicodedata.normalize("NFC", data["organisation"])
        if "team" in data:
            data["team"] = {name: data["team"][name] for name in ("objectType", *IDENTIFIERS) if name in data["team"]}
        return data

    @validates_schema(skip_on_field_errors=True)
    def _known(self, data: dict[str, Any], **_: Any) -> None:
        if not data.keys() & {"organisation", "team"}:
            raise ValidationError("Name an organisation, a team, or both.")
        if "team" in data and data["team"].keys().isdisjoint(IDENTIFIERS):
            raise ValidationError("A team needs an identifier.", "team")


def _bound(**options: Any) -> fields.Nested:
    return fields.Nested(BoundSchema, **options)


def _relay(**options: Any) -> Flag:
    told = {
        "description": "Whether statements keep the authority they come with, where it is an Agent: for a store that"
        " passes statements on. Only `admin` may grant it."
    }
    return Flag(metadata=told, **options)


def _expires(**options: Any) -> Instant:
    return Instant(allow_none=True, description="From then on the key opens nothing; null for never.", **options)


class _Called(Text):
    longest = MOST_NAMED


class AuthoritySchema(Agent):
    """An Agent that is written into every statement of a key: its name is short."""

    name = _Called()


class NewCredentialSchema(Strict):
    """A credential that is wanted."""

    label = _label()
    scopes = scopes(metadata={"description": "What the key may do; when absent, statements/write only."})
    authority = Nested(AuthoritySchema, metadata=_AUTHORITY)
    origins = _origins()
    leniency = _leniency()
    expires = _expires()
    limits = fields.Nested(LimitsSchema)
    intake = fields.Nested(IntakeSchema)
    relay = _relay()
    bound = _bound()


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
    bound = _bound(allow_none=True)


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
    bound = _bound(required=True)


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
