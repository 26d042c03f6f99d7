"""Organisations that statements are about: a company, a school, a host, by the code that an extension carries.

A credential may be bound to one (``bound``). What it stores is stored under an account of that organisation, so that
every statement says for good whether the organisation itself told it, whatever becomes of the credential.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

from schemas.training.readings import text
from schemas.training.terms import ORGANISATIONS
from schemas.training.vocabulary import Vocabulary
from schemas.xapi.keys import organisation_key, statement_keys
from schemas.xapi.paths import member

_IRIS: Final = frozenset(iri for iri, word in Vocabulary().extensions.items() if word == "organisation")
_PLACES: Final = ("result", "context")


def named(statement: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str | None]]:
    """Yield every organisation that a statement names, with its path below ``path``, None for what is no code.

    The last one holds.
    """
    for place in _PLACES:
        extensions = statement.get(place, {}).get("extensions")
        if extensions and not _IRIS.isdisjoint(extensions):
            for iri in sorted(_IRIS & extensions.keys()):
                yield member(member(member(path, place), "extensions"), iri), text(extensions[iri])


def place_of_name(path: str) -> str:
    """Return the path at which a statement at ``path`` should name an organisation."""
    return member(member(member(path, "context"), "extensions"), min(_IRIS))


def all_keys(
    statement: Mapping[str, Any], authority: Mapping[str, Any], origin: Mapping[str, Any] | None = None
) -> list[bytes]:
    """Return everything that a valid statement can be found by, sorted, each once; see ``statement_keys``."""
    keys = statement_keys(statement, authority, origin)
    codes = [code for _, code in named(statement) if code is not None]
    return sorted({*keys, organisation_key(codes[-1])}) if codes else keys


def account_of(code: str, name: str) -> dict[str, Any]:
    """Return the authority of what an organisation's own credential stores."""
    home = f"{ORGANISATIONS}{quote(code, safe='')}"
    return {"objectType": "Agent", "account": {"homePage": home, "name": name}}


def told_by(authority: Mapping[str, Any] | None) -> str | None:
    """Return the organisation that a statement with this authority was stored for, None for any other authority."""
    home = (authority or {}).get("account", {}).get("homePage", "")
    return unquote(home[len(ORGANISATIONS) :]) if home.startswith(ORGANISATIONS) else None
