"""The first organisation and its first credential, so that a new store can be used at once."""

import contextlib
import json
import secrets
from dataclasses import dataclass, replace

from lrs.errors import Conflict, LRSError
from lrs.services import clocks
from lrs.services.auth import digest
from lrs.services.scopes import OWN
from lrs.store import Store
from lrs.store.credentials import Credential
from lrs.store.entries import Entry
from lrs.store.organisations import FIRST, Organisation
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
    """Make sure that the first organisation exists and that this key and secret open it; make them up if empty.

    The authority of its statements is the account ``key`` at ``home_page``, which is the address of this store. It may
    do everything, administer included. ``origins`` and ``leniency``, with spaces between, replace what was granted
    before; where they are empty that stays, and so does what was set since: a disabled credential is not enabled.
    Running this again with the same words changes nothing. Raise LRSError for a relaxation that there is not.
    """
    relaxations = frozenset(leniency.split())
    if foreign := relaxations - RELAXATIONS:
        raise LRSError(f"There is no leniency {min(foreign)}, but there is {', '.join(sorted(RELAXATIONS))}")
    created = not (key and secret)
    key = key or secrets.token_hex(_KEY_BYTES)
    secret = secret or secrets.token_urlsafe(_SECRET_BYTES)
    org = _first_organisation(store)
    authority = {"objectType": "Agent", "account": {"homePage": home_page, "name": key}}
    held = store.credentials.find(key)
    kept = held or Credential(key, org, b"", frozenset(), b"", created=clocks.now())
    made = replace(
        kept,
        org=org,
        digest=digest(pepper.encode(), key, secret),
        scopes=frozenset({"all"}) | OWN,
        authority=json.dumps(authority, ensure_ascii=False).encode(),
        origins=frozenset(origins.split()) or kept.origins,
        leniency=relaxations or kept.leniency,
    )
    if made != held:
        _put(store, made, "credential.changed" if held else "credential.created")
    return FirstCredential(key, secret, created)


def _first_organisation(store: Store) -> bytes:
    held = store.organisations.find(FIRST)
    if held is not None:
        return held.org
    made = Organisation(FIRST, secrets.token_bytes(ORG_BYTES), "Sổ Học", created=clocks.now())

    def insert(session: Session) -> None:
        if not store.organisations.insert(made, session):
            raise Conflict

    # Two processes may come here at once: the second finds what the first has made.
    with contextlib.suppress(Conflict):
        store.administer(made.org, insert, Entry("cli", "organisation.created", FIRST))
    return _first_organisation(store)


def _put(store: Store, credential: Credential, action: str) -> None:
    entry = Entry("cli", action, credential.key, {"scopes": sorted(credential.scopes)})
    store.administer(credential.org, lambda session: store.credentials.put(credential, session), entry)
