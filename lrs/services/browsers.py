"""Browsers in which somebody has signed in before: whoever guesses from elsewhere does not shut these out.

What a browser keeps says nothing and opens nothing: it only proves that this name signed in there once.
"""

import hashlib
import hmac
from secrets import token_urlsafe
from typing import Final

KEPT: Final = 180 * 24 * 3600
"""Seconds that a browser keeps its mark."""
_RANDOM_BYTES: Final = 16


class Browsers:
    """Makes marks, and knows them again; ``pepper`` keys them."""

    def __init__(self, pepper: str) -> None:
        self._key = hmac.digest(pepper.encode(), b"browsers", hashlib.sha256)

    def mark(self, name: str) -> str:
        """Return a new mark for a browser in which this name has signed in."""
        chosen = token_urlsafe(_RANDOM_BYTES)
        return f"{chosen}.{self._proof(name, chosen)}"

    def known(self, name: str, mark: str) -> str:
        """Return what tells this browser from others; empty where this name has never signed in there."""
        chosen, _, proof = mark.partition(".")
        return chosen if hmac.compare_digest(self._proof(name, chosen).encode(), proof.encode()) else ""

    def _proof(self, name: str, chosen: str) -> str:
        return hmac.digest(self._key, f"{chosen}\0{name}".encode(), hashlib.sha256).hex()
