"""The first organisation and its first credential, so that a new store can be used at once."""

import contextlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

from lrs.errors import Conflict, LRSError
from lrs.services import clocks
from lrs.services.auth import digest
from lrs.services.scopes import OWN
from lrs.store import Store
from lrs.store.credentials import Credential
from lrs.store.entries import Entry
from lrs.store.organisations import HOST, Organisation
from lrs.store.rows import ORG_BYTES
from lrs.store.transactions import Session
from schemas.xapi.leniency import RELAXATIONS

_KEY_BYTES = 12
_SECRET_BYTES = 32


@dataclass(frozen=True)
class FirstCredential:
    """The first key and secret; ``created`` if they were made up here."""

    key: str
    secret: str
    created: bool


def first_credential(  # noqa: PLR0913 - all that makes up a credential
    store: Store,
    pepper: str,
    key: str = "",
    secret: str = "",
    *,
    home_page: str = "http://localhost",
    origins: str = "",
    leniency: str = "",
) -> FirstCredential:
    """Make sure that the first organisation exists and has this key; make key and secret up if empty.

    A new key may do everything, administer included. The authority of its statements is the account ``key`` at
    ``home_page``, which is the address of this store. A key that is there keeps what was changed by hand, its secret
    and scopes included: it gets only what has changed in these words since they were last given to it, and empty
    ``origins`` and ``leniency``, with spaces between, say nothing. Raise LRSError for a relaxation that there is not,
    and for a key of another organisation.
    """
    relaxations = frozenset(leniency.split())
    if foreign := relaxations - RELAXATIONS:
        raise LRSError(f"There is no leniency {min(foreign)}, but there is {', '.join(sorted(RELAXATIONS))}")
    created = not (key and secret)
    key = key or secrets.token_hex(_KEY_BYTES)
    secret = secret or secrets.token_urlsafe(_SECRET_BYTES)
    authority = {"objectType": "Agent", "account": {"homePage": home_page, "name": key}}
    asked: dict[str, Any] = {
        "digest": digest(pepper.encode(), key, secret),
        "authority": json.dumps(authority, ensure_ascii=False).encode(),
        "origins": frozenset(origins.split()),
        "leniency": relaxations,
    }
    org = _first_organisation(store)
    try:
        _provide(store, org, key, asked)
    except Conflict:  # another process has just made it
        _provide(store, org, key, asked)
    return FirstCredential(key, secret, created)


def _provide(store: Store, org: bytes, key: str, asked: dict[str, Any]) -> None:
    """Make a key as asked for, or give it what is new in that; raise Conflict where it was just made."""
    given = {name: _plain(value) for name, value in asked.items() if value}

    def provide(session: Session) -> Entry | None:
        held = store.credentials.find(key, session)
        if held is None:
            scopes = frozenset({"all"}) | OWN
            made = Credential(key, org, scopes=scopes, created=clocks.now(), given=given, **asked)
            if not store.credentials.insert(made, session):
                raise Conflict
            return Entry("cli", "credential.created", key, {"scopes": sorted(scopes)})
        if held.org != org:
            raise LRSError(f"The key {key} belongs to another organisation: LRS_KEY must name another")
        new = [name for name in given if held.given.get(name) != given[name]]
        changed = {name: asked[name] for name in new if getattr(held, name) != asked[name]}
        if new:
            store.credentials.change(org, key, {**changed, "given": {**held.given, **given}}, session)
        return Entry("cli", "credential.changed", key, {"fields": sorted(changed)}) if changed else None

    store.administer(org, provide, lambda entry: entry)


def _plain(value: bytes | frozenset[str]) -> str:
    return value.hex() if isinstance(value, bytes) else " ".join(sorted(value))


def _first_organisation(store: Store) -> bytes:
    held = store.organisations.find(HOST)
    if held is not None:
        return held.org
    made = Organisation(HOST, secrets.token_bytes(ORG_BYTES), "Sổ Học", created=clocks.now())

    def insert(session: Session) -> None:
        if not store.organisations.insert(made, session):
            raise Conflict

    # Two processes may come here at once: the second finds what the first has made.
    with contextlib.suppress(Conflict):
        store.administer(made.org, insert, Entry("cli", "organisation.created", HOST))
    return _first_organisation(store)
