"""Tokens of others: verified with the keys that their issuer publishes.

Issuers and their keys are in the store, so that all processes know the same and a provider that is down, or a restart
meanwhile, stops nobody. Keys are fetched by a thread of their own, one at a time and at most once a minute from each
provider, whatever the tokens ask for; a request waits for it, shortly, only where without it there is no key.
"""

import hashlib
import hmac
import json
import logging
import threading
from typing import Any, Final, NamedTuple

from lrs.errors import LRSError, Unauthorized, Unavailable
from lrs.services import clocks
from lrs.services.auth import Proven
from lrs.services.discovery import read_keys
from lrs.services.grants import common
from lrs.services.jwks import ALGORITHMS, KeySet
from lrs.services.principals import Principal, bounds_of
from lrs.services.proofs import Envelope, PublicKey, opened, verified
from lrs.services.web import NoAnswer, Web
from lrs.store import Store
from lrs.store.providers import Provider

LEEWAY: Final = 30.0
"""Seconds that a provider's clock may differ from ours."""
FRESH: Final = 300_000_000
"""Microseconds after which the keys of a provider in use are fetched anew."""
KEPT: Final = 72 * 3600 * 1_000_000
"""Microseconds that its keys last while it cannot be reached."""
_READ_ANEW: Final = 25.0
_SEEN_AGAIN: Final = 3.0
_ONCE_A: Final = 60.0
# Of the time that a request to a provider may take: one that is cut off is slow, which says nothing of its keys.
_PATIENCE: Final = 0.95
_MOST_SETS: Final = 200
_TYPES: Final = frozenset({"at+jwt", "jwt"})
# Marks of tokens that say who somebody is, or need another proof beside them: they open nothing by themselves.
_NO_ACCESS: Final = frozenset({"nonce", "at_hash", "c_hash", "s_hash", "cnf", "events"})
_LONGEST_SUBJECT: Final = 255
_MILLION: Final = 1_000_000

log = logging.getLogger(__name__)


class _Known(NamedTuple):
    read: float
    providers: dict[tuple[str, str], Provider]


class Issuers:
    """Proves tokens of registered providers. ``pepper`` keys the names that their subjects get here."""

    def __init__(self, store: Store, web: Web, pepper: str) -> None:
        self._organisations = store.organisations
        self._store = store.providers
        self._web = web
        self._names = hmac.digest(pepper.encode(), b"subjects", hashlib.sha256)
        self._lock = threading.Lock()
        self._known = _Known(float("-inf"), {})
        self._sets: dict[str, tuple[int, KeySet]] = {}
        self._running: dict[str, threading.Thread] = {}
        self._tried: dict[str, float] = {}

    def prove(self, token: str) -> Proven:
        """Return the caller that a provider vouches for; raise Unauthorized, or Unavailable where its keys are unknown.

        The issuer and the one audience must be registered, and the organisation that did so be enabled.
        """
        envelope = opened(token)
        key = envelope.issuer, envelope.audience
        # One that is unknown may have just been registered.
        provider = self._current(_READ_ANEW).get(key) or self._current(_SEEN_AGAIN).get(key)
        if provider is None or provider.disabled or envelope.typ not in _TYPES or envelope.algorithm not in ALGORITHMS:
            raise Unauthorized
        claims = self._claims(token, envelope, provider, provider.audience)
        if not _NO_ACCESS.isdisjoint(claims):
            raise Unauthorized
        organisation = self._organisations.of(provider.org)
        if organisation is None or organisation.disabled:
            raise Unauthorized
        scopes = common(_scopes(claims, provider.scope_prefix), provider.scopes)
        return Proven(self._principal(provider, claims["sub"], scopes, organisation.id), int(claims["exp"]) * _MILLION)

    def identity(self, provider: Provider, token: str, nonce: str) -> dict[str, Any]:
        """Return the claims of an ID token that was made for signing in here, with this nonce; raise Unauthorized."""
        envelope = opened(token)
        client = provider.sign_in.client_id if provider.sign_in else None
        expected = (provider.issuer, client, "jwt")
        if (envelope.issuer, envelope.audience, envelope.typ) != expected or envelope.algorithm not in ALGORITHMS:
            raise Unauthorized
        claims = self._claims(token, envelope, provider, envelope.audience)
        told = claims.get("nonce")
        if not isinstance(told, str) or not hmac.compare_digest(told.encode(), nonce.encode()):
            raise Unauthorized
        return claims

    def name(self, provider: Provider, subject: str) -> str:
        """Return what a provider's subject is called here: it may be a mailbox, and stands in statements only."""
        return hmac.digest(self._names, f"{provider.issuer} {subject}".encode(), hashlib.sha256).hex()[:32]

    def stop(self) -> None:
        """Wait for fetches that have begun."""
        for thread in list(self._running.values()):
            thread.join(2 * self._web.seconds)

    def _claims(self, token: str, envelope: Envelope, provider: Provider, audience: str) -> dict[str, Any]:
        key = self._key(provider, envelope)
        found = verified(
            token,
            key,
            envelope.algorithm,
            issuer=provider.issuer,
            audience=audience,
            required=("sub",),
            leeway=LEEWAY,
        )
        if not 0 < len(found["sub"]) <= _LONGEST_SUBJECT:
            raise Unauthorized
        return found

    def _principal(self, provider: Provider, subject: str, scopes: frozenset[str], organisation: str) -> Principal:
        agent = {"objectType": "Agent", "account": {"homePage": provider.issuer, "name": subject}}
        return Principal(
            org=provider.org,
            credential=f"provider:{provider.id}:{self.name(provider, subject)}",
            scopes=scopes,
            authority=json.dumps(agent, ensure_ascii=False).encode(),
            authority_agent=agent,
            organisation=organisation,
            bounds=bounds_of(scopes, agent),
        )

    def _key(self, provider: Provider, envelope: Envelope) -> PublicKey:
        """Return the key that a token names; raise Unauthorized, or Unavailable while that is not known yet."""
        keys = self._keys(provider)
        if keys is not None and keys.knows(envelope.kid):
            if provider.fetched < clocks.now() - FRESH:
                self._fetch(provider)
            return _found(keys, envelope)
        provider = self._again(provider)
        keys = self._keys(provider)
        if (keys is None or not keys.knows(envelope.kid)) and self._fetched(provider):
            keys = self._keys(self._again(provider, 0.0))
        if keys is None:
            raise NoAnswer
        return _found(keys, envelope)

    def _fetched(self, provider: Provider) -> bool:
        """Fetch the keys if it is time, and wait for them; raise Unavailable while that goes on."""
        mine = self._fetch(provider)
        if mine is not None:
            with self._web.turn():
                mine.join(_PATIENCE * self._web.seconds)
        if provider.id in self._running:
            raise Unavailable("The keys of the identity provider are being read; send the same again", retry_after=1)
        return mine is not None

    def _fetch(self, provider: Provider) -> threading.Thread | None:
        """Begin to fetch the keys; None where that was done within the last minute, here or in another process."""
        now = clocks.passed()
        with self._lock:
            self._tried = {each: tried for each, tried in self._tried.items() if now - tried < _ONCE_A}
            if provider.id in self._tried:
                return None
            self._tried[provider.id] = now
        if not self._store.try_now(provider.id, clocks.now()):
            return None
        thread = threading.Thread(target=self._fetch_now, args=[provider], name="provider keys", daemon=True)
        self._running[provider.id] = thread
        thread.start()
        return thread

    def _fetch_now(self, provider: Provider) -> None:
        try:
            uri, raw = read_keys(self._web, provider.issuer)
            self._store.fetched(provider.id, uri, raw, clocks.now())
        except LRSError as error:  # what was known stays
            log.warning("the keys of provider %s could not be fetched: %s", provider.id, error.title)
        finally:
            del self._running[provider.id]

    def _keys(self, provider: Provider) -> KeySet | None:
        """Return the keys of a provider, None where they are too old to be trusted."""
        if provider.fetched < clocks.now() - KEPT:
            return None
        held = self._sets.get(provider.id)
        if held is None or held[0] < provider.fetched:
            found = self._store.keys(provider.id)
            if found is None:
                raise Unauthorized
            held = found.fetched, KeySet(found.raw)
            with self._lock:
                self._sets.pop(provider.id, None)
                while len(self._sets) >= _MOST_SETS:
                    del self._sets[next(iter(self._sets))]
                self._sets[provider.id] = held
        return held[1]

    def _again(self, provider: Provider, most: float = _SEEN_AGAIN) -> Provider:
        """Return a provider as the store has it now, or had it so many seconds ago."""
        key = provider.issuer, provider.audience
        return self._current(most).get(key, provider)

    def _current(self, most: float) -> dict[tuple[str, str], Provider]:
        if clocks.passed() - self._known.read > most:
            with self._lock:
                read = clocks.passed()
                if read - self._known.read > most:
                    found = {(each.issuer, each.audience): each for each in self._store.all()}
                    self._known = _Known(read, found)
        return self._known.providers


def _found(keys: KeySet, envelope: Envelope) -> PublicKey:
    key = keys.find(envelope.kid, envelope.algorithm)
    if key is None:
        raise Unauthorized
    return key


def _scopes(claims: dict[str, Any], prefix: str) -> frozenset[str]:
    """Return the scopes that are meant for this server: ``profile`` means another thing to every provider (OIDC)."""
    said = claims.get("scope", claims.get("scp", ""))
    words = said.split() if isinstance(said, str) else said if isinstance(said, list) else []
    return frozenset(word.removeprefix(prefix) for word in words if isinstance(word, str) and word.startswith(prefix))
