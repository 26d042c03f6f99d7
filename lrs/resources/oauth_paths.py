"""What /oauth takes and gives, as OpenAPI has it: written by hand, for it is OAuth's and not made of our schemas."""

from typing import Any, Final

from lrs.resources.alternate import FORM

TAG: Final = {"name": "oauth", "description": "Tokens for keys (OAuth 2.0, client credentials)"}
_TEXT: Final = {"type": "string"}
_CLIENT: Final[dict[str, Any]] = {"client_id": _TEXT, "client_secret": _TEXT}
_BY_KEY: Final[list[dict[str, Any]]] = [{"basic": []}, {}]
"""By Basic, or with the key and its secret in the form."""
_NUMBERS: Final = ("kty", "crv", "x", "kid", "use", "alg")


def _json(required: tuple[str, ...], **members: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "required": list(required), "properties": members}
    return {"application/json": {"schema": schema}}


def _form(required: str, **members: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "required": [required], "properties": members | _CLIENT}
    return {"required": True, "content": {FORM: {"schema": schema}}}


_REFUSED: Final = _json(("error", "error_description"), error=_TEXT, error_description=_TEXT)
_PROBLEM: Final = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_REFUSALS: Final[dict[str, Any]] = {
    "400": {"description": "In OAuth's own words (RFC 6749, 5.2)", "content": _REFUSED | _PROBLEM},
    "401": {"description": "The key or its secret is wrong", "content": _REFUSED},
    "415": {"description": "An encoding that is not known here", "content": _PROBLEM},
}
_PAIR: Final = {"type": "object", "required": ["kid"], "properties": dict.fromkeys(_NUMBERS, _TEXT)}

PATHS: Final[dict[str, dict[str, Any]]] = {
    "/oauth/token": {
        "post": {
            "summary": "Give a key a token",
            "description": "In exchange for its secret; the token holds for a while, and opens what `scope` asks for.",
            "security": _BY_KEY,
            "requestBody": _form("grant_type", grant_type={"enum": ["client_credentials"]}, scope=_TEXT),
            "responses": {
                "200": {
                    "description": "The token",
                    "content": _json(
                        ("access_token", "token_type", "expires_in", "scope"),
                        access_token=_TEXT,
                        token_type={"const": "Bearer"},
                        expires_in={"type": "integer"},
                        scope=_TEXT,
                    ),
                },
                **_REFUSALS,
            },
        }
    },
    "/oauth/revoke": {
        "post": {
            "summary": "End a token",
            "description": "One that the same key was given; one that holds no more is no error (RFC 7009).",
            "security": _BY_KEY,
            "requestBody": _form("token", token=_TEXT, token_type_hint=_TEXT),
            "responses": {"200": {"description": "It opens nothing any more"}, **_REFUSALS},
        }
    },
    "/oauth/jwks": {
        "get": {
            "summary": "Tell the keys that tokens are signed with",
            "security": [],
            "responses": {
                "200": {"description": "A JWK set", "content": _json(("keys",), keys={"type": "array", "items": _PAIR})}
            },
        }
    },
}
