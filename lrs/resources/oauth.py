"""/oauth: tokens for credentials (RFC 6749 with client credentials only, RFC 7009, RFC 8414).

Errors of the first two are in OAuth's own shape; what is no matter of OAuth, such as 429 and 503, is in the usual one.
"""

from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from flask import Blueprint, Response, jsonify, request

from lrs.errors import PayloadTooLarge, Unauthorized
from lrs.resources.alternate import FORM
from lrs.resources.bodies import whole
from lrs.resources.guards import basic_pair, refuse_unreadable
from lrs.services.auth import Authenticator
from lrs.services.limits import RateLimits
from lrs.services.mime import essence
from lrs.services.principals import Principal
from lrs.services.tokens import InvalidScope, NotYours, Tokens
from schemas.api.scopes import SCOPES

METADATA: Final = "/.well-known/oauth-authorization-server"
_LARGEST: Final = 32 * 1024
_GRANT: Final = "client_credentials"
_METHODS: Final = ["client_secret_basic", "client_secret_post"]


class OAuthError(Exception):
    """A refusal by its name (RFC 6749, 5.2)."""

    def __init__(self, name: str, description: str, status: int = 400) -> None:
        super().__init__(name)
        self.name = name
        self.description = description
        self.status = status


def oauth(tokens: Tokens, authenticator: Authenticator, limits: RateLimits) -> Blueprint:
    """Return the views."""
    blueprint = Blueprint("oauth", __name__)
    blueprint.register_error_handler(OAuthError, _refuse)
    blueprint.after_request(_never_kept)

    @blueprint.post("/oauth/token")
    def token() -> Response:
        """Give a credential a token in exchange for its secret."""
        form = _form()
        grant = _needed(form, "grant_type")
        caller = _client(form, authenticator, limits)
        if grant != _GRANT:
            raise OAuthError("unsupported_grant_type", f"The only grant here is {_GRANT}.")
        return jsonify(_issued(tokens, caller, frozenset(form.get("scope", "").split())))

    @blueprint.post("/oauth/revoke")
    def revoke() -> Response:
        """End a token of the caller's; one that holds no more is no error (RFC 7009, 2.2)."""
        form = _form()
        told = _needed(form, "token")
        _revoke(tokens, _client(form, authenticator, limits), told)
        return Response()

    @blueprint.get("/oauth/jwks")
    def jwks() -> Response:
        """Tell the keys that tokens are signed with."""
        return jsonify({"keys": tokens.jwks()})

    # Where there is a path in the issuer's address, it stands behind the name (RFC 8414, 3.1); in front, it is cut off
    # by the proxy.
    @blueprint.get(METADATA)
    @blueprint.get(METADATA + urlsplit(tokens.issuer).path)
    def metadata() -> Response:
        """Describe this server to clients that find out by themselves."""
        return jsonify(_described(tokens.issuer))

    return blueprint


def _issued(tokens: Tokens, caller: Principal, scopes: frozenset[str]) -> dict[str, str | int]:
    try:
        issued = tokens.issue(caller, scopes)
    except InvalidScope as error:
        raise OAuthError("invalid_scope", f"{error.title}.") from error
    except Unauthorized as error:
        raise OAuthError("invalid_client", "The key has ended.", Unauthorized.status) from error
    return {
        "access_token": issued.token,
        "token_type": "Bearer",
        "expires_in": issued.lifetime,
        "scope": " ".join(sorted(issued.scopes)),
    }


def _revoke(tokens: Tokens, caller: Principal, token: str) -> None:
    try:
        tokens.revoke(caller, token)
    except NotYours as error:
        raise OAuthError("invalid_request", f"{error.title}.") from error


def _refuse(error: OAuthError) -> Response:
    response = jsonify({"error": error.name, "error_description": error.description})
    response.status_code = error.status
    if error.status == Unauthorized.status:
        response.headers["WWW-Authenticate"] = 'Basic realm="xAPI", charset="UTF-8"'
    return response


def _never_kept(response: Response) -> Response:
    if request.method == "POST":
        response.headers |= {"Cache-Control": "no-store", "Pragma": "no-cache"}
    return response


def _form() -> dict[str, str]:
    """Return the parameters of the body; those without a value count as left out (RFC 6749, 3.2)."""
    refuse_unreadable()
    if essence(request.content_type or "") != FORM:
        raise OAuthError("invalid_request", f"Send the parameters as {FORM}.")
    try:
        fields = parse_qsl(whole(request, _LARGEST).decode(errors="replace"), keep_blank_values=True)
    except PayloadTooLarge as error:
        raise OAuthError("invalid_request", f"The body holds at most {_LARGEST} bytes.") from error
    if len({name for name, _ in fields}) < len(fields):
        raise OAuthError("invalid_request", "A parameter comes twice.")
    return {name: value for name, value in fields if value}


def _needed(form: dict[str, str], name: str) -> str:
    if name not in form:
        raise OAuthError("invalid_request", f"The parameter {name} is missing.")
    return form[name]


def _client(form: dict[str, str], authenticator: Authenticator, limits: RateLimits) -> Principal:
    """Return the credential that asks; by Basic or in the form, never both (RFC 6749, 2.3)."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme and ("client_secret" in form or scheme.lower() != "basic"):
        raise OAuthError("invalid_request", "Give the key and its secret once: by HTTP Basic, or in the form.")
    if not scheme and "client_id" not in form:
        raise OAuthError("invalid_client", "Give the key and its secret, by HTTP Basic.", Unauthorized.status)
    try:
        key, secret = basic_pair(value) if scheme else (form["client_id"], form.get("client_secret", ""))
        caller = authenticator.basic(*_written(key, secret, encoded=bool(scheme)), request.remote_addr or "")
    except Unauthorized as error:
        raise OAuthError("invalid_client", "The key or its secret is wrong.", Unauthorized.status) from error
    limits.request(caller)
    return caller


def _written(key: str, secret: str, *, encoded: bool) -> tuple[str, str]:
    """Return what a client meant: in Basic it should have encoded both, and many do not.

    Keys and secrets that are made here look the same either way.
    """
    if encoded and ("%" in key or "%" in secret):
        return unquote_plus(key), unquote_plus(secret)
    return key, secret


def _described(issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/oauth/token",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "jwks_uri": f"{issuer}/oauth/jwks",
        "scopes_supported": SCOPES,
        "response_types_supported": [],
        "grant_types_supported": [_GRANT],
        "token_endpoint_auth_methods_supported": _METHODS,
        "revocation_endpoint_auth_methods_supported": _METHODS,
    }
