"""Identity providers of an organisation, as /api takes and gives them."""

from typing import Any, Final

from marshmallow import Schema, fields, validate

from schemas.api.plain import END, Flag, Instant, Name, Strict
from schemas.api.scopes import scopes
from schemas.mailboxes import MAILBOX

# Neither a user name nor a mailbox belongs into the address of a provider, which the audit names.
_ISSUER: Final = rf"^https?://(?!.*(?:{MAILBOX}))[!-~]{{1,280}}{END}"
_PREFIX: Final = rf"^[!#-\[\]-~]{{1,100}}{END}"
_WORD: Final = rf"^[ -~]{{1,300}}{END}"


def _word(**options: Any) -> fields.String:
    return fields.String(validate=validate.Regexp(_WORD, error="1 to 300 plain (ASCII) characters."), **options)


def _prefix(**options: Any) -> fields.String:
    told = {"description": "What scopes in its tokens begin with that are meant for here: `xapi:statements/write`."}
    fits = validate.Regexp(_PREFIX, error="1 to 100 characters that a scope can have.")
    return fields.String(validate=fits, metadata=told, **options)


class NewProviderClientSchema(Strict):
    """What this server is called at a provider, for people who sign in."""

    client_id = _word(required=True)
    client_secret = _word(
        load_default=None, allow_none=True, metadata={"description": "Kept sealed, and never shown again."}
    )


class NewProviderSchema(Strict):
    """A provider that is to be trusted."""

    issuer = fields.String(
        required=True,
        validate=validate.Regexp(_ISSUER, error="An https address."),
        metadata={"description": "Exactly as its tokens and its description have it."},
    )
    audience = _word(required=True, metadata={"description": "The only `aud` of tokens that are meant for here."})
    scopes = scopes(required=True, metadata={"description": "The most that its tokens may do here."})
    scope_prefix = _prefix(load_default="xapi:")
    label = Name()
    sign_in = fields.Nested(NewProviderClientSchema, allow_none=True)


class ProviderChangeSchema(Strict):
    """What is to become of a provider: each member that is named is replaced as a whole."""

    scopes = scopes()
    scope_prefix = _prefix()
    label = Name()
    disabled = Flag()
    sign_in = fields.Nested(
        NewProviderClientSchema, allow_none=True, metadata={"description": "null: nobody signs in."}
    )


class ProviderClientSchema(Schema):
    """How people sign in, without the secret."""

    client_id = fields.String(required=True)
    secret = fields.Boolean(required=True, metadata={"description": "Whether there is one."})


class ProviderSchema(Schema):
    """A provider."""

    id = fields.String(required=True)
    issuer = fields.String(required=True)
    audience = fields.String(required=True)
    scopes = scopes(required=True)
    scope_prefix = fields.String(required=True)
    label = fields.String(required=True)
    disabled = fields.Boolean(required=True)
    created = Instant(required=True)
    sign_in = fields.Nested(ProviderClientSchema, required=True, allow_none=True)


class ProvidersSchema(Schema):
    """All providers of the organisation."""

    providers = fields.List(fields.Nested(ProviderSchema), required=True)
