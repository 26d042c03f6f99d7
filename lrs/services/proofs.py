"""Signed tokens (JWS, RFC 7515), looked at with the least trust: what is in them proves nothing before it is verified.

Whoever verifies names the key, the one algorithm of that key, the issuer and the audience. Nothing that a token points
to is fetched, and no key is taken out of a token.
"""

from base64 import urlsafe_b64decode
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from lrs.errors import Unauthorized
from schemas.faults import Refused
from schemas.xapi.parsing import parse_json

PublicKey = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey

LARGEST: Final = 8 * 1024
"""Characters that a token has at most; a larger one is not looked at."""
_DOTS: Final = 2
# Keys, and addresses of keys, that a stranger names; extensions that change what the rest means.
_REFUSED_HEADERS: Final = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc"})


class Envelope(NamedTuple):
    """What a token says of itself, unproven; ``typ`` in small letters, without the "application/" it may begin with."""

    algorithm: str
    kid: str
    typ: str
    issuer: str
    audience: str


def opened(token: str) -> Envelope:
    """Return what a token says of itself; raise Unauthorized for one that nobody's here can look like."""
    if len(token) > LARGEST or not token.isascii() or token.count(".") != _DOTS:
        raise Unauthorized
    header, claims, _ = token.split(".")
    members, said = _object(header), _object(claims)
    if not _REFUSED_HEADERS.isdisjoint(members):
        raise Unauthorized
    return Envelope(
        algorithm=_text(members.get("alg")),
        kid=_text(members.get("kid")),
        typ=_text(members.get("typ", "JWT")).lower().removeprefix("application/"),
        issuer=_text(said.get("iss")),
        audience=_only(said.get("aud")),
    )


def verified(  # noqa: PLR0913 - each of them is a check
    token: str,
    key: PublicKey,
    algorithm: str,
    *,
    issuer: str,
    audience: str,
    required: Sequence[str],
    leeway: float,
) -> dict[str, Any]:
    """Return the claims of a token that was signed with this key and is valid now; raise Unauthorized.

    ``leeway`` is the seconds that clocks may differ by. ``exp`` is required of every token.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=issuer,
            audience=audience,
            leeway=leeway,
            options={"require": [*required, "exp", "iss", "aud"]},
        )
    except jwt.PyJWTError as error:
        raise Unauthorized from error
    # PyJWT takes a text for a number, too.
    if not all(isinstance(claims.get(name, 0), int | float) for name in ("exp", "nbf", "iat")):
        raise Unauthorized
    return claims


def _object(part: str) -> dict[str, Any]:
    try:
        found = parse_json(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, Refused) as error:
        raise Unauthorized from error
    if not isinstance(found, dict):
        raise Unauthorized
    return found


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Unauthorized
    return value


def _only(value: object) -> str:
    """Return the audience; raise Unauthorized where there are two: one of them could pass the token on to the other."""
    if isinstance(value, list) and len(value) == 1:
        return _text(value[0])
    return _text(value)
