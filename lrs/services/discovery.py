"""OIDC discovery: what an identity provider says of itself, at an address that follows from its name."""

from typing import Any, Final, NamedTuple

from lrs.services.jwks import KeySet
from lrs.services.web import NoAnswer, Web
from schemas.faults import Refused
from schemas.xapi.parsing import parse_json

_WELL_KNOWN: Final = "/.well-known/openid-configuration"
_LONGEST: Final = 1000


class Discovery(NamedTuple):
    """A provider's addresses; those for people who sign in are empty where it has none."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str = ""
    token_endpoint: str = ""


def discover(web: Web, issuer: str) -> Discovery:
    """Return what a provider says of itself; raise NoAnswer, also where it says to be another than was asked."""
    if "?" in issuer or "#" in issuer:
        raise NoAnswer("An issuer's address has neither a query nor a fragment")
    try:
        found = parse_json(web.get(issuer.rstrip("/") + _WELL_KNOWN))
    except Refused as error:
        raise NoAnswer("The identity provider's description is no JSON") from error
    if not isinstance(found, dict) or found.get("issuer") != issuer:
        raise NoAnswer("The identity provider's description is for another issuer")
    return Discovery(
        issuer,
        _address(found, "jwks_uri") or _refuse("jwks_uri"),
        _address(found, "authorization_endpoint"),
        _address(found, "token_endpoint"),
    )


def read_keys(web: Web, issuer: str) -> tuple[str, bytes]:
    """Return the address of a provider's key set, and the set, which is one; raise NoAnswer."""
    uri = discover(web, issuer).jwks_uri
    raw = web.get(uri)
    KeySet(raw)
    return uri, raw


def _address(found: dict[str, Any], name: str) -> str:
    value = found.get(name, "")
    return value if isinstance(value, str) and len(value) <= _LONGEST else _refuse(name)


def _refuse(name: str) -> str:
    raise NoAnswer(f"The identity provider's description has no good {name}")
