"""Passwords of people: argon2id, so that guessing them is slow even for whoever has the database.

A check costs some 30 ms and 19 MiB, so few run at once and more are turned away: signing in must not be a way to keep
this server from its work. What tools send does not pass here.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from lrs.errors import Unavailable
from schemas.faults import Refused

LEAST: Final = 12
MOST: Final = 200
AT_ONCE: Final = 4
"""Checks at the same time in one process."""
# RFC 9106 has no smaller set; this is the least that OWASP's Password Storage Cheat Sheet names for argon2id.
_MEMORY: Final = 19 * 1024
_PASSES: Final = 2
# Of 32 random bytes that nobody kept, under these parameters: what is checked where there is no member.
_NOBODY: Final = "$argon2id$v=19$m=19456,t=2,p=1$zU0X3nGWHxNc6X2+cHiTDw$jMUx3WR1jSeD5+tOPVSYZfkS/Ov2edsXq3iea9ctf3U"


class Passwords:
    """Hashes and checks passwords, a few at once; raise Unavailable for more."""

    def __init__(self, *, at_once: int = AT_ONCE) -> None:
        self._hasher = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY, parallelism=1)
        self._free = threading.BoundedSemaphore(at_once)

    def hash(self, password: str) -> str:
        """Return what is stored of a password."""
        with self._turn():
            return self._hasher.hash(_plain(password))

    def verify(self, kept: str | None, password: str) -> bool:
        """Tell whether this is the password; takes as long where there is none to compare with."""
        with self._turn():
            try:
                return self._hasher.verify(kept or _NOBODY, _plain(password)) and kept is not None
            except (VerificationError, InvalidHashError):
                return False

    def is_outdated(self, kept: str) -> bool:
        """Tell whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(kept)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        # Nobody waits here: each would hold a thread that others need for what tools send.
        if not self._free.acquire(blocking=False):
            raise Unavailable("Too many people sign in at this moment; try again", retry_after=1)
        try:
            yield
        finally:
            self._free.release()


def require_good(password: str, email: str) -> None:
    """Raise Refused for a password that is too short, too long or the e-mail."""
    plain = normalize("NFC", password)
    if not LEAST <= len(plain) <= MOST:
        raise Refused.at("password", "length", f"It must have {LEAST} to {MOST} characters.")
    if plain.casefold() == normalize("NFC", email).casefold():
        raise Refused.at("password", "email", "It must not be the e-mail.")


def _plain(password: str) -> bytes:
    # The same password is typed as other code points on other systems: Vietnamese above all.
    return normalize("NFC", password).encode()
