"""The ``providers`` collection: issuers of tokens outside, each trusted by one organisation."""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.writing import insert_new

_EVERY: Final = 60_000_000
_BUT_KEYS: Final = {"keys": 0}
PREFIX: Final = "xapi:"
"""What the scopes that are meant for this server usually begin with, in tokens of others."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """How people sign in at a provider: what this server is called there; ``secret`` sealed, or None."""

    client_id: str
    secret: bytes | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """An issuer whose tokens for ``audience`` an organisation takes, and the most that they may do here.

    Of the scopes in its tokens those count that begin with ``scope_prefix``, which is no part of their names here.
    Its key set was read at ``fetched``, from the address ``jwks_uri``. Instants are microseconds since the epoch.
    """

    id: str
    org: bytes
    issuer: str
    audience: str
    scopes: frozenset[str]
    jwks_uri: str
    fetched: int
    created: int
    label: str = ""
    disabled: bool = False
    sign_in: SignIn | None = None
    scope_prefix: str = PREFIX


class Keys(NamedTuple):
    """A provider's key set (JSON) as it was read at ``fetched``."""

    fetched: int
    raw: bytes


class Providers:
    """Keeps providers, and what all processes know of their keys, which are large: they are read one by one."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["providers"]
        self._deadline = deadline

    def all(self) -> list[Provider]:
        """Return the providers of all organisations."""
        with translated(), pymongo.timeout(self._deadline):
            return [_provider(row) for row in self._rows.find({}, _BUT_KEYS)]

    def of(self, org: bytes) -> list[Provider]:
        """Return an organisation's providers, the oldest first."""
        with translated(), pymongo.timeout(self._deadline):
            found = [_provider(row) for row in self._rows.find({"org": org}, _BUT_KEYS)]
        return sorted(found, key=lambda provider: (provider.created, provider.id))

    def find(self, org: bytes, provider: str, session: ClientSession | None = None) -> Provider | None:
        """Return an organisation's provider, or None."""
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one({"_id": provider, "org": org}, _BUT_KEYS, session=session)
        return None if row is None else _provider(row)

    def keys(self, provider: str) -> Keys | None:
        """Return the key set of a provider; None without the provider."""
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one({"_id": provider}, {"keys": 1, "fetched": 1})
        return None if row is None else Keys(int(row["fetched"]), row["keys"])

    def count(self, org: bytes, session: ClientSession | None = None) -> int:
        """Return how many providers an organisation has."""
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.count_documents({"org": org}, session=session)

    def insert(self, provider: Provider, keys: bytes, session: ClientSession | None = None) -> bool:
        """Store a new provider with its key set; False where somebody has registered its issuer and audience."""
        row = {
            "_id": provider.id,
            "org": provider.org,
            "issuer": provider.issuer,
            "audience": provider.audience,
            "created": provider.created,
            "jwks_uri": provider.jwks_uri,
            "keys": keys,
            "fetched": provider.fetched,
            "tried": provider.fetched,
            **_changeable(provider),
        }
        with translated(), pymongo.timeout(self._deadline):
            return insert_new(self._rows, row, session)

    def replace(self, provider: Provider, session: ClientSession | None = None) -> bool:
        """Store what may change of a provider; False where there is none."""
        mine = {"_id": provider.id, "org": provider.org}
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.update_one(mine, {"$set": _changeable(provider)}, session=session).matched_count == 1

    def delete(self, org: bytes, provider: str, session: ClientSession | None = None) -> bool:
        """Remove an organisation's provider; False where there is none."""
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.delete_one({"_id": provider, "org": org}, session=session).deleted_count == 1

    def try_now(self, provider: str, now: int) -> bool:
        """Tell whether the caller is to fetch the keys: once a minute, of all processes, one is."""
        # Another process's clock may be a little ahead; one that was far ahead must not stop everybody for long.
        due = {"_id": provider, "tried": {"$not": {"$gt": now - _EVERY, "$lt": now + _EVERY}}}
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.update_one(due, {"$set": {"tried": now}}).matched_count == 1

    def fetched(self, provider: str, jwks_uri: str, keys: bytes, now: int) -> None:
        """Remember a key set that was read just now."""
        known = {"jwks_uri": jwks_uri, "keys": keys, "fetched": now}
        with translated(), pymongo.timeout(self._deadline):
            self._rows.update_one({"_id": provider}, {"$set": known})


def _changeable(provider: Provider) -> dict[str, Any]:
    sign_in = provider.sign_in
    return {
        "scopes": sorted(provider.scopes),
        "scope_prefix": provider.scope_prefix,
        "label": provider.label,
        "disabled": provider.disabled,
        "sign_in": sign_in and {"client_id": sign_in.client_id, "secret": sign_in.secret},
    }


def _provider(row: dict[str, Any]) -> Provider:
    sign_in = row["sign_in"]
    return Provider(
        id=row["_id"],
        org=bytes(row["org"]),
        issuer=row["issuer"],
        audience=row["audience"],
        scopes=frozenset(row["scopes"]),
        jwks_uri=row["jwks_uri"],
        fetched=int(row["fetched"]),
        created=int(row["created"]),
        label=row["label"],
        disabled=row["disabled"],
        sign_in=SignIn(sign_in["client_id"], sign_in["secret"]) if sign_in else None,
        scope_prefix=row.get("scope_prefix", PREFIX),
    )
