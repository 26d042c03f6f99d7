"""Who is calling: a key and its secret, or a token, become a Principal.

Machine keys are 256 random bits, so a keyed hash is enough: it costs microseconds, and a slow hash would be the limit
of what this server can take.
"""

import hashlib
import hmac
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from secrets import token_bytes
from typing import Any, Final, NamedTuple

from lrs.errors import LRSError, Unauthorized
from lrs.services import clocks
from lrs.services.limits import Attempts
from lrs.services.memory import Memory
from lrs.services.principals import Bound, Limits, Principal, bounds_of
from lrs.services.pseudonyms import intake_of
from lrs.store import Store
from lrs.store.credentials import Credential
from lrs.store.organisations import Organisation
from schemas.xapi.identity import identity

REMEMBERED: Final = 30.0
"""Seconds that a caller is known without asking the store: what a revocation may take."""
_REFUSED_FOR: Final = 5.0
_READ_ANEW: Final = 1.0
"""Seconds after which a wrong secret may have a key read again: it may have been renewed."""
_RIGHT_FOR: Final = 24 * 3600.0
_USED_EVERY: Final = 60_000_000
_LONGEST: Final = 200
"""Characters of a key or a secret at most."""

log = logging.getLogger(__name__)


class Proven(NamedTuple):
    """A caller, and the instant (microseconds since the epoch) from which it must prove itself anew, None for none."""

    principal: Principal
    until: int | None = None


class _Wrong(Exception):
    """There is no such key, or it has another secret."""


class _Found(NamedTuple):
    """What the store knows of a key."""

    credential: Credential | None

    def has(self, offered: bytes) -> bool:
        """Tell whether the key has a secret with this digest; one that there is not takes as long."""
        expected = self.credential.digest if self.credential else bytes(len(offered))
        return hmac.compare_digest(offered, expected) and self.credential is not None


class Authenticator:
    """Tells who is calling. ``pepper`` keys the hashes of secrets and lies outside the database.

    What was proven is remembered for a while, under a digest that only this process can make: no secret is kept.
    ``bearer`` proves a token, or raises Unauthorized. ``attempts`` counts wrong secrets.
    """

    def __init__(
        self,
        store: Store,
        pepper: str,
        *,
        bearer: Callable[[str], Proven] | None = None,
        attempts: Attempts | None = None,
    ) -> None:
        self._credentials = store.credentials
        self._organisations = store.organisations
        self._pepper = pepper.encode()
        self._bearer = bearer
        self._attempts = attempts or Attempts(store.allowances, pepper)
        self._process_key = token_bytes(32)
        self._proven = Memory[Proven](REMEMBERED)
        self._right = Memory[bool](_RIGHT_FOR)
        self._refused = Memory[_Found](_REFUSED_FOR)
        self._anew = Memory[bool](_READ_ANEW)

    def basic(self, key: str, secret: str, address: str = "") -> Principal:
        """Return the caller with this key and secret; raise Unauthorized, alike for unknown keys and wrong secrets.

        Raise TooManyRequests after too many wrong secrets for this key from ``address``, unless this one was right
        before, and for one more wrong secret where too many came from ``address``, or for this key.
        """
        if not (_can_be(key) and _can_be(secret)):
            key = secret = ""
        presented = self._mark(b"basic", f"{key}\0{secret}")
        if self._right.get(presented) is None:
            self._attempts.check(key, address)
        try:
            return self._known(presented, lambda: self._prove(key, secret))
        except _Wrong:
            self._right.forget(presented)
            self._attempts.failed(key, address)
            raise Unauthorized from None

    def bearer(self, token: str) -> Principal:
        """Return the caller that a token was made for; raise Unauthorized."""
        prove = self._bearer
        if prove is None:
            raise Unauthorized
        return self._known(self._mark(b"bearer", token), lambda: prove(token))

    def _mark(self, kind: bytes, presented: str) -> bytes:
        return hashlib.blake2b(presented.encode(), key=self._process_key, person=kind).digest()

    def _known(self, presented: bytes, prove: Callable[[], Proven]) -> Principal:
        proven = self._proven.get(presented)
        if proven is None or _is_over(proven):
            # As of before it was looked up: what is withdrawn meanwhile must not be remembered for longer.
            since, proven = clocks.passed(), prove()
            self._proven.put(presented, proven, since)
        return proven.principal

    def _prove(self, key: str, secret: str) -> Proven:
        offered = digest(self._pepper, key, secret)
        credential = self._find(key, offered)
        # Whoever knows the secret learns at once that the key was enabled.
        self._refused.forget(self._mark(b"key", key))
        proven = self.admit(credential)
        self._right.put(self._mark(b"basic", f"{key}\0{secret}"), value=True)
        return proven

    def admit(self, credential: Credential) -> Proven:
        """Return the caller that a proven credential stands for, as it is granted now.

        Raise Unauthorized where the credential or its organisation is disabled, or the credential has expired.
        """
        now = clocks.now()
        organisation = self._organisations.of(credential.org)
        ended = credential.expires is not None and credential.expires <= now
        if organisation is None or organisation.disabled or credential.disabled or ended:
            raise Unauthorized
        self._note_use(credential, now)
        intake = intake_of(self._pepper.decode(), credential.org, credential.intake)
        return Proven(replace(principal_of(credential, organisation), intake=intake), credential.expires)

    def _note_use(self, credential: Credential, now: int) -> None:
        if credential.used is not None and now - credential.used < _USED_EVERY:
            return
        try:
            self._credentials.touch(credential.key, now)
        except LRSError as error:  # while nothing can be written, what is stored can still be read
            log.warning("the use of a credential was not noted: %s", type(error).__name__)

    def _find(self, key: str, offered: bytes) -> Credential:
        """Return the credential with this key and the digest of its secret; raise _Wrong."""
        # Whoever guesses must neither keep the database busy nor learn from the time it takes which keys there are.
        asked = self._mark(b"key", key)
        found = self._refused.get(asked)
        if found is None or (not found.has(offered) and self._may_read_anew(asked)):
            found = _Found(self._credentials.find(key))
            self._refused.put(asked, found)
        if not found.has(offered) or found.credential is None:
            raise _Wrong
        return found.credential

    def _may_read_anew(self, asked: bytes) -> bool:
        """Tell whether it is time to read a key again that is remembered with another secret."""
        if self._anew.get(asked) is not None:
            return False
        self._anew.put(asked, value=True)
        return True


def _can_be(word: str) -> bool:
    """Tell whether a key or a secret can look like this."""
    return len(word) <= _LONGEST and word.isascii() and word.isprintable()


def _is_over(proven: Proven) -> bool:
    return proven.until is not None and proven.until <= clocks.now()


def digest(pepper: bytes, key: str, secret: str) -> bytes:
    """Return what is stored of a secret."""
    return hmac.digest(pepper, f"{key}\0{secret}".encode(), hashlib.sha256)


def principal_of(credential: Credential, organisation: Organisation) -> Principal:
    """Return the caller that a credential stands for, but for its intake."""
    agent = json.loads(credential.authority)
    bound = bound_of(credential.bound)
    return Principal(
        org=credential.org,
        credential=credential.key,
        scopes=credential.scopes,
        authority=credential.authority,
        authority_agent=agent,
        origins=credential.origins,
        leniency=credential.leniency,
        organisation=organisation.id,
        limits=Limits(**credential.limits),
        bounds=bounds_of(credential.scopes, agent, bound=bound),
        relay=credential.relay,
        bound=bound,
    )


def bound_of(told: Mapping[str, Any]) -> Bound | None:
    """Return what a credential is bound to, by what is stored of it; None where it is not."""
    if not told:
        return None
    team = told.get("team")
    return Bound(told.get("organisation"), identity(team) if team else None, told.get("consent"))
