"""What every xAPI request passes: who is calling, in which version; and the headers that every answer carries."""

from base64 import b64decode
from collections.abc import Callable, Collection

from flask import Blueprint, Response, g, request
from flask.globals import app_ctx, request_ctx

from lrs.errors import Unauthorized
from lrs.resources import cors
from lrs.resources.cookies import Cookies
from lrs.resources.encodings import REFUSAL, compress
from lrs.services.auth import Authenticator
from lrs.services.confinement import refuse_launch
from lrs.services.limits import RateLimits
from lrs.services.principals import Principal
from schemas.xapi.leniency import MISSING_VERSION
from schemas.xapi.timestamps import iso
from schemas.xapi.versions import HEADER, Version, negotiate

CONSISTENT_THROUGH = "X-Experience-API-Consistent-Through"
_OPEN_TO_ALL = frozenset({"xapi.about"})
_IN_A_LAUNCH = frozenset({"batches.store", "validation.validate"})
"""What content with a launch token may use of the own API; whatever else a key may do is not for a browser."""


def guard(
    blueprint: Blueprint,
    authenticator: Authenticator,
    limits: RateLimits,
    default_version: Version,
    consistent_through: Callable[[], int],
) -> None:
    """Let only callers with a credential and a version we speak reach the views; ``about`` is open to all.

    A request is counted as soon as it is known whose it is, whatever else may be wrong with it.
    """

    @blueprint.before_request
    def check() -> Response | None:
        # Flask looks its request up anew at every mention, which here, on the way of every request, would add up.
        asked, kept = request_ctx.request, app_ctx.g
        # Before anything is read: what is committed after that may lie before a later safe time, and unseen.
        kept.consistent_through = consistent_through()
        kept.version = default_version
        if asked.method == "OPTIONS":
            return cors.preflight()
        if asked.endpoint in _OPEN_TO_ALL:
            return None
        kept.principal = caller = authenticated(authenticator)
        limits.request(caller)
        kept.version = _negotiated()
        refuse_unreadable()
        return None

    prefix = f"{blueprint.url_prefix}/"

    # For the whole application: a wrong method or an unknown path below the endpoint belongs to no blueprint.
    @blueprint.after_app_request
    def standard_headers(response: Response) -> Response:
        if not request_ctx.request.path.startswith(prefix):
            return response
        headers, kept = response.headers, app_ctx.g
        headers[HEADER] = kept.get("version", default_version)
        through = kept.consistent_through if "consistent_through" in kept else consistent_through()
        headers[CONSISTENT_THROUGH] = iso(through)
        return compress(cors.share(response))


def guard_api(
    blueprint: Blueprint,
    authenticator: Authenticator,
    limits: RateLimits,
    cookies: Cookies,
    open_to_all: Collection[str] = (),
) -> None:
    """Let only callers with a credential or a session reach the views of the own API, but for those open to all.

    They are counted as in ``guard``.
    """

    @blueprint.before_request
    def check() -> Response | None:
        if request.method == "OPTIONS":
            return cors.preflight()
        if (request.endpoint or "").rpartition(".")[2] not in open_to_all:
            # Whoever says who it is means that, whatever cookie the browser adds.
            g.principal = authenticated(authenticator) if "Authorization" in request.headers else cookies.caller()
            limits.request(g.principal)
            if request.endpoint not in _IN_A_LAUNCH:
                refuse_launch(g.principal)
        refuse_unreadable()
        return None


def refuse_unreadable() -> None:
    """Raise what is wrong with how the request was encoded, now that the answer can be what its caller expects."""
    if (refusal := request_ctx.request.environ.get(REFUSAL)) is not None:
        raise refusal


def _negotiated() -> Version:
    header = request_ctx.request.headers.get(HEADER)
    if header is None and MISSING_VERSION in principal().leniency:
        forgive(MISSING_VERSION)
        return "1.0.3"
    return negotiate(header)


def authenticated(authenticator: Authenticator) -> Principal:
    """Return the caller of this request; raise Unauthorized."""
    asked = request_ctx.request
    scheme, _, value = asked.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return authenticator.bearer(value.strip())
    if scheme.lower() != "basic":
        raise Unauthorized
    key, secret = basic_pair(value)
    return authenticator.basic(key, secret, asked.remote_addr or "")


def basic_pair(value: str) -> tuple[str, str]:
    """Return the key and secret in the value of an Authorization header (RFC 7617); raise Unauthorized."""
    try:
        key, colon, secret = b64decode(value.strip(), validate=True).decode().partition(":")
    except ValueError as error:
        raise Unauthorized from error
    if not colon:
        raise Unauthorized
    return key, secret


def principal() -> Principal:
    """Return the caller of this request."""
    found: Principal = g.principal
    return found


def version() -> Version:
    """Return the version of this request."""
    found: Version = g.version
    return found


def forgive(*names: str) -> None:
    """Note that relaxations were used for this request."""
    if names:
        g.forgiven = (*forgiven(), *names)


def forgiven() -> tuple[str, ...]:
    """Return the relaxations that were used for this request."""
    found: tuple[str, ...] = g.get("forgiven", ())
    return found
