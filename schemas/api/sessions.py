"""Signing in, as /api takes and gives it."""

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import Schema, fields, pre_load, validate

from schemas.api.members import MemberSchema
from schemas.api.plain import MOST_EMAIL, Instant, Strict

# A password has 200 characters at most once it is composed (NFC); typed, each of them can be some more.
_MOST_PASSWORD: Final = 800
_MOST_CODE: Final = 200
_MOST_ANSWERED: Final = 4096


def _password(**told: str) -> fields.String:
    metadata = {"format": "password"} | told
    return fields.String(required=True, validate=validate.Length(max=_MOST_PASSWORD), metadata=metadata)


def _new_password() -> fields.String:
    return _password(description="12 to 200 characters, and not the e-mail.")


class SignInSchema(Strict):
    """Who somebody claims to be."""

    organisation = fields.String(
        required=True, validate=validate.Length(max=40), metadata={"description": "Its public id."}
    )
    email = fields.String(required=True, validate=validate.Length(max=MOST_EMAIL))
    password = _password()


class AcceptSchema(Strict):
    """The code of an invitation, and the password that is to hold from now on."""

    code = fields.String(required=True, validate=validate.Length(max=_MOST_CODE))
    password = _new_password()


class PasswordSchema(Strict):
    """The password that holds, and the one that is to."""

    current = _password()
    password = _new_password()


class AcceptedSchema(Schema):
    """Where somebody can sign in now."""

    organisation = fields.String(required=True)
    email = fields.String(required=True)


class OwnOrganisationSchema(Schema):
    """The organisation that somebody is signed in to."""

    id = fields.String(required=True)
    name = fields.String(required=True)


class SessionSchema(Schema):
    """Who is signed in, and what writes need."""

    member = fields.Nested(MemberSchema, required=True)
    organisation = fields.Nested(OwnOrganisationSchema, required=True)
    scopes = fields.List(fields.String(), required=True)
    csrf = fields.String(
        required=True, metadata={"description": "Every write with the session's cookie needs this in X-CSRF-Token."}
    )
    expires = Instant(required=True, description="Its end at the latest; half an hour without use ends it before.")


class OidcQuerySchema(Strict):
    """Where somebody wants to sign in by an identity provider."""

    organisation = fields.String(required=True, validate=validate.Length(max=40))
    provider = fields.String(
        validate=validate.Length(max=40), metadata={"description": "Its id; without it, the organisation's first."}
    )


class OidcAnswerSchema(Schema):
    """What an identity provider sends somebody back with."""

    state = fields.String(required=True, validate=validate.Length(max=_MOST_CODE))
    code = fields.String(validate=validate.Length(max=_MOST_ANSWERED))
    iss = fields.String(validate=validate.Length(max=_MOST_ANSWERED))
    error = fields.String(validate=validate.Length(max=_MOST_ANSWERED))

    @pre_load
    def ignore_others(self, data: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        """Leave out what this does not know, as everybody must (RFC 6749, 4.1.2)."""
        return {name: data[name] for name in self.fields if name in data}
