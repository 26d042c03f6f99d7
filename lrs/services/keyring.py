"""The keys that this server's own tokens are signed with (Ed25519).

All processes share them through the store, where the private halves lie sealed under the pepper. A key counts only if
it opens: whoever can write to the database alone cannot add one. The newest signs. An older one goes on being accepted
until the last token that it signed is over, so that a new key breaks nothing.
"""

import hashlib
import logging
import threading
from base64 import urlsafe_b64encode
from itertools import pairwise
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from lrs.errors import Conflict, NotFound, Unavailable
from lrs.services import clocks
from lrs.services.seals import Seals, WrongPepper
from lrs.store import Store
from lrs.store.entries import Entry
from lrs.store.organisations import HOST
from lrs.store.signing_keys import SigningKey
from lrs.store.transactions import Session

LONGEST: Final = 24 * 3600
"""Seconds that a token of ours may last at most."""
REFRESH: Final = 25.0
"""Seconds after which the keys are read anew; with what callers are remembered for, less than a minute."""
_SECOND: Final = 1_000_000
_AGE: Final = 90 * 24 * 3600 * _SECOND
# Other processes go on signing with an old key until they read the keys anew; their clocks may differ a little.
_OVERLAP: Final = (LONGEST + 300) * _SECOND
_SEEN_AGAIN: Final = 3.0
_LOCKED: Final = (
    "The signing keys were made under another LRS_PEPPER: set that one again, or make a new key with"
    " `lrs admin keys rotate`, which ends all tokens"
)
# Who changes the keys when nobody asked for it, in the audit.
_ITSELF: Final = "server"

log = logging.getLogger(__name__)


class Signer(NamedTuple):
    """The key that signs, and the name that tokens call it by."""

    kid: str
    key: Ed25519PrivateKey


class _Known(NamedTuple):
    """What was read from the store at ``read``: the highest number there is, and the keys that open, newest first."""

    read: float
    highest: int
    signer: Signer | None
    since: int
    public: dict[str, Ed25519PublicKey]


class Keyring:
    """The signing keys as one process knows them."""

    def __init__(self, store: Store, pepper: str) -> None:
        self._store = store
        self._keys = store.signing_keys
        self._seals = Seals(pepper, "signing keys")
        self._lock = threading.Lock()
        self._known = _Known(float("-inf"), 0, None, 0, {})

    def signer(self) -> Signer:
        """Return the key to sign with: the first one is made here, and so is the next when the newest is old.

        Raise WrongPepper where all were made under another pepper.
        """
        known = self._current(REFRESH)
        if known.signer is None and known.highest:
            raise WrongPepper(_LOCKED)
        if known.signer is None or known.since < clocks.now() - _AGE:
            known = self._after(known.highest)
        return known.signer or self.signer()

    def tell_state(self) -> None:
        """Say in the log, for the start of a process, that no key opens: until that is mended, nobody gets a token."""
        try:
            known = self._current(REFRESH)
        except Unavailable:  # then the process has worse to tell
            return
        if known.signer is None and known.highest:
            log.error(_LOCKED)

    def find(self, kid: str) -> Ed25519PublicKey | None:
        """Return the key to verify with, or None. One that is unknown may have just been made elsewhere."""
        found = self._current(REFRESH).public.get(kid)
        return found or self._current(_SEEN_AGAIN).public.get(kid)

    def public(self) -> dict[str, Ed25519PublicKey]:
        """Return all keys that tokens are accepted under, by their names, the one that signs first."""
        return self._current(_SEEN_AGAIN).public

    def rotate(self, by: str, *, forget: bool = False) -> str:
        """Make a new key, which signs at once; return its name. With ``forget`` the old ones end now.

        ``by`` is who does it, for the audit of the organisation that runs this server.
        """

        def change(session: Session) -> str:
            held = self._keys.all(session)
            made = self._made(held[0].number + 1 if held else 1)
            if not self._keys.add(made, session):
                raise Unavailable
            if forget:
                self._keys.drop(made.number, session)
            return made.kid

        host = self._store.organisations.find(HOST)
        if host is None:
            raise NotFound("There is no organisation yet that runs this server")
        ended = {"earlier": "ended" if forget else "accepted"}
        kid = self._store.administer(host.org, change, lambda made: Entry(by, "keys.rotated", made, ended))
        self._read()
        return kid

    def _after(self, highest: int) -> _Known:
        """Make the next key, unless another process does so at the same time."""
        if self._added(self._made(highest + 1)):
            keys = [key for key in self._keys.all() if self._opened(key)]
            ended = [older.number for newer, older in pairwise(keys) if _is_over(newer)]
            if ended:
                self._keys.drop(ended[0] + 1)
        return self._read()

    def _added(self, made: SigningKey) -> bool:
        """Store a key that nobody asked for, and tell of it in the audit; False where another process was faster."""
        host = self._store.organisations.find(HOST)
        if host is None:  # then there is nobody yet to be told
            return self._keys.add(made)

        def change(session: Session) -> None:
            if not self._keys.add(made, session):
                raise Conflict

        try:
            entry = Entry(_ITSELF, "keys.rotated", made.kid, {"earlier": "accepted"})
            self._store.administer(host.org, change, entry)
        except Conflict:
            return False
        return True

    def _made(self, number: int) -> SigningKey:
        private = Ed25519PrivateKey.generate()
        kid = thumbprint(private.public_key())
        return SigningKey(number, kid, self._seals.seal(private.private_bytes_raw(), kid), clocks.now())

    def _current(self, most: float) -> _Known:
        """Return what is known, no older than ``most`` seconds; one thread reads, for all that wait."""
        if clocks.passed() - self._known.read <= most:
            return self._known
        with self._lock:
            return self._known if clocks.passed() - self._known.read <= most else self._read()

    def _read(self) -> _Known:
        read = clocks.passed()
        rows = self._keys.all()
        keys = [(row, private) for row in rows if (private := self._opened(row)) is not None]
        # Each one was used until the next one was made.
        good = keys[:1] + [older for (newer, _), older in pairwise(keys) if not _is_over(newer)]
        self._known = _Known(
            read,
            highest=rows[0].number if rows else 0,
            signer=Signer(keys[0][0].kid, keys[0][1]) if keys else None,
            since=keys[0][0].created if keys else 0,
            public={row.kid: private.public_key() for row, private in good},
        )
        return self._known

    def _opened(self, key: SigningKey) -> Ed25519PrivateKey | None:
        try:
            return Ed25519PrivateKey.from_private_bytes(self._seals.open(key.sealed, key.kid))
        except WrongPepper:
            return None


def _is_over(newer: SigningKey) -> bool:
    """Tell whether all tokens have ended that the key before this one signed."""
    return newer.created < clocks.now() - _OVERLAP


def coordinate(key: Ed25519PublicKey) -> str:
    """Return a public key as it stands in a JWK (RFC 8037)."""
    return urlsafe_b64encode(key.public_bytes_raw()).decode().rstrip("=")


def thumbprint(key: Ed25519PublicKey) -> str:
    """Return the name of a key that only this key has (RFC 7638)."""
    canonical = f'{{"crv":"Ed25519","kty":"OKP","x":"{coordinate(key)}"}}'
    return urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).decode().rstrip("=")
