"""OIDC discovery: what an identity provider says of itself, at an address that follows from its name."""

from typing import Any, Final, NamedTuple, NoReturn

from lrs.services.jwks import KeySet
from lrs.services.web import NoAnswer, Web, parts_of
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
        _inside(web, issuer, _address(found, "jwks_uri") or _refuse("jwks_uri")),
        _address(found, "authorization_endpoint"),
        _inside(web, issuer, _address(found, "token_endpoint")),
    )


def read_keys(web: Web, issuer: str) -> tuple[str, bytes]:
    """Return the address of a provider's key set, and the set, which is one; raise NoAnswer."""
    uri = discover(web, issuer).jwks_uri
    raw = web.get(uri)
    KeySet(raw)
    return uri, raw


def _address(found: dict[str, Any], name: str) -> str:
    """Return an address that a description names, empty where it names none; raise NoAnswer for what is no address."""
    value = found.get(name, "")
    if not isinstance(value, str) or len(value) > _LONGEST:
        _refuse(name)
    try:
        if value:
            parts_of(value)
    except NoAnswer:
        _refuse(name)
    return value


def _inside(web: Web, issuer: str, address: str) -> str:
    """Return an address that this server is to ask; raise NoAnswer for one in the private network of somebody else.

    What the operator allows for one provider is no way in for others, whose descriptions can say anything.
    """
    host = parts_of(address).hostname or "" if address else ""
    if web.is_private(host) and host != parts_of(issuer).hostname:
        raise NoAnswer("The identity provider's description names a host inside that is not its own")
    return address


def _refuse(name: str) -> NoReturn:
    raise NoAnswer(f"The identity provider's description has no good {name}")
