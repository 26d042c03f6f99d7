"""The first organisation and its first credential, so that a new store can be used at once."""

import json
import secrets
from dataclasses import dataclass

from lrs.errors import LRSError
from lrs.services import clocks
from lrs.services.auth import digest
from lrs.services.scopes import OWN
from lrs.store import Store
from lrs.store.credentials import Credential
from lrs.store.rows import ORG_BYTES
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
    before; where they are empty that stays. Running this again with the same words changes nothing. Raise LRSError for
    a relaxation that there is not.
    """
    relaxations = frozenset(leniency.split())
    if foreign := relaxations - RELAXATIONS:
        raise LRSError(f"There is no leniency {min(foreign)}, but there is {', '.join(sorted(RELAXATIONS))}")
    created = not (key and secret)
    key = key or secrets.token_hex(_KEY_BYTES)
    secret = secret or secrets.token_urlsafe(_SECRET_BYTES)
    org = store.organisations.first(secrets.token_bytes(ORG_BYTES), "Sổ Học", clocks.now())
    authority = {"objectType": "Agent", "account": {"homePage": home_page, "name": key}}
    held = store.credentials.find(key)
    store.credentials.put(
        Credential(
            key=key,
            org=org,
            digest=digest(pepper.encode(), key, secret),
            scopes=frozenset({"all"}) | OWN,
            authority=json.dumps(authority, ensure_ascii=False).encode(),
            origins=frozenset(origins.split()) or (held.origins if held else frozenset()),
            leniency=relaxations or (held.leniency if held else frozenset()),
            label=held.label if held else "",
            created=held.created if held else clocks.now(),
            used=held.used if held else None,
            limits=held.limits if held else {},
        )
    )
    return FirstCredential(key, secret, created)
