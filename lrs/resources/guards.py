"""What every xAPI request passes: who is calling, in which version; and the headers that every answer carries."""

import binascii
from base64 import b64decode
from collections.abc import Callable

from flask import Blueprint, Response, g, request

from lrs.errors import Unauthorized
from lrs.services.auth import Authenticator, Principal
from schemas.xapi.timestamps import iso
from schemas.xapi.versions import HEADER, Version, negotiate

CONSISTENT_THROUGH = "X-Experience-API-Consistent-Through"
_OPEN_TO_ALL = frozenset({"xapi.about"})


def guard(
    blueprint: Blueprint,
    authenticator: Authenticator,
    default_version: Version,
    consistent_through: Callable[[], int],
) -> None:
    """Let only callers with a credential and a version we speak reach the views; ``about`` is open to all."""

    @blueprint.before_request
    def check() -> None:
        g.version = default_version
        if request.endpoint in _OPEN_TO_ALL:
            return
        g.principal = authenticated(authenticator)
        g.version = negotiate(request.headers.get(HEADER))

    @blueprint.after_request
    def standard_headers(response: Response) -> Response:
        response.headers[HEADER] = g.get("version", default_version)
        response.headers[CONSISTENT_THROUGH] = iso(consistent_through())
        return response


def authenticated(authenticator: Authenticator) -> Principal:
    """Return the caller of this request; raise Unauthorized."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise Unauthorized
    try:
        key, colon, secret = b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Unauthorized from error
    if not colon:
        raise Unauthorized
    return authenticator.basic(key, secret)


def principal() -> Principal:
    """Return the caller of this request."""
    found: Principal = g.principal
    return found


def version() -> Version:
    """Return the version of this request."""
    found: Version = g.version
    return found
