"""Who is calling: a key and its secret become a Principal.

Machine keys are 256 random bits, so a keyed hash is enough: it costs microseconds, and a slow hash would be the limit
of what this server can take.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any, Final

from lrs.errors import Forbidden, Unauthorized
from lrs.services import clocks
from lrs.store.credentials import Credential, Credentials

REMEMBERED: Final = 30.0
"""Seconds that a credential is known without asking the store: what a revocation may take."""
_MOST_REMEMBERED: Final = 10_000

SCOPES: Final = frozenset(
    {
        "statements/write",
        "statements/read/mine",
        "statements/read",
        "state",
        "define",
        "profile",
        "all/read",
        "all",
    }
)
"""The scopes of the specification (Communication 4.0)."""
_ALLOWED_BY: Final[dict[str, frozenset[str]]] = {
    "statements/read": frozenset({"statements/read", "all/read", "all"}),
    "statements/write": frozenset({"statements/write", "all"}),
    "state/read": frozenset({"state", "all/read", "all"}),
    "state": frozenset({"state", "all"}),
    "profile/read": frozenset({"profile", "all/read", "all"}),
    "profile": frozenset({"profile", "all"}),
    "activities/read": frozenset({"define", "statements/read", "all/read", "all"}),
    "agents/read": frozenset({"statements/read", "all/read", "all"}),
    "define": frozenset({"define", "all"}),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of one request: an organisation's credential, its scopes and the authority of its statements.

    ``authority`` is JSON as it goes into statements, ``authority_agent`` the same parsed. ``origins`` are those whose
    pages may read the answers, ``leniency`` names what is forgiven.
    """

    org: bytes
    credential: str
    scopes: frozenset[str]
    authority: bytes
    authority_agent: dict[str, Any]
    origins: frozenset[str] = frozenset()
    leniency: frozenset[str] = frozenset()

    def may(self, right: str) -> bool:
        """Tell whether one of the scopes allows this."""
        return not self.scopes.isdisjoint(_ALLOWED_BY[right])

    def require(self, right: str) -> None:
        """Raise Forbidden unless one of the scopes allows this."""
        if not self.may(right):
            raise Forbidden(f"This needs a credential with the scope {' or '.join(sorted(_ALLOWED_BY[right]))}")


class Authenticator:
    """Checks keys and secrets. ``pepper`` keys the hashes and lies outside the database."""

    def __init__(self, credentials: Credentials, pepper: str) -> None:
        self._credentials = credentials
        self._pepper = pepper.encode()
        self._known: dict[str, tuple[float, Credential, Principal]] = {}

    def basic(self, key: str, secret: str) -> Principal:
        """Return the caller with this key and secret; raise Unauthorized, alike for unknown keys and wrong secrets."""
        offered = digest(self._pepper, key, secret)
        known = self._known.get(key)
        if known is None or clocks.passed() - known[0] > REMEMBERED:
            known = self._look_up(key)
        expected = known[1].digest if known else bytes(len(offered))
        if not hmac.compare_digest(offered, expected) or known is None:
            raise Unauthorized
        return known[2]

    def _look_up(self, key: str) -> tuple[float, Credential, Principal] | None:
        asked = clocks.passed()
        credential = self._credentials.find(key)
        if credential is None:
            self._known.pop(key, None)
            return None
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[key] = found = asked, credential, _principal(credential)
        return found


def digest(pepper: bytes, key: str, secret: str) -> bytes:
    """Return what is stored of a secret."""
    return hmac.digest(pepper, f"{key}\0{secret}".encode(), hashlib.sha256)


def _principal(credential: Credential) -> Principal:
    agent = json.loads(credential.authority)
    return Principal(
        credential.org,
        credential.key,
        credential.scopes,
        credential.authority,
        agent,
        credential.origins,
        credential.leniency,
    )
