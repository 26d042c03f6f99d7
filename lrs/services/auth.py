"""Who is calling: a key and its secret become a Principal.

Machine keys are 256 random bits, so a keyed hash is enough: it costs microseconds, and a slow hash would be the limit
of what this server can take.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from secrets import token_bytes
from typing import Any, Final, TypeVar

from lrs.errors import Forbidden, Unauthorized
from lrs.services import clocks
from lrs.store.credentials import Credential, Credentials

REMEMBERED: Final = 30.0
"""Seconds that a credential is known without asking the store: what a revocation may take."""
_UNKNOWN_FOR: Final = 5.0
_MOST_REMEMBERED: Final = 10_000

SCOPES: Final = frozenset(
    {
        "statements/write",
        "statements/read",
        "state",
        "define",
        "profile",
        "all/read",
        "all",
    }
)
"""The scopes of the specification (Communication 4.0) that have an effect here."""
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


Key = TypeVar("Key")
Value = TypeVar("Value")


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
    """Checks keys and secrets. ``pepper`` keys the hashes and lies outside the database.

    What was proven is remembered for a while, under a digest that only this process can make: no secret is kept.
    """

    def __init__(self, credentials: Credentials, pepper: str) -> None:
        self._credentials = credentials
        self._pepper = pepper.encode()
        self._process_key = token_bytes(32)
        self._proven: dict[bytes, tuple[float, Principal]] = {}
        self._unknown: dict[str, float] = {}

    def basic(self, key: str, secret: str) -> Principal:
        """Return the caller with this key and secret; raise Unauthorized, alike for unknown keys and wrong secrets."""
        presented = hashlib.blake2b(f"{key}\0{secret}".encode(), key=self._process_key).digest()
        proven = self._proven.get(presented)
        if proven is None or clocks.passed() - proven[0] > REMEMBERED:
            proven = clocks.passed(), self._prove(key, secret)
            _remember(self._proven, presented, proven)
        return proven[1]

    def _prove(self, key: str, secret: str) -> Principal:
        offered = digest(self._pepper, key, secret)
        credential = self._find(key)
        expected = credential.digest if credential else bytes(len(offered))
        if not hmac.compare_digest(offered, expected) or credential is None:
            raise Unauthorized
        return _principal(credential)

    def _find(self, key: str) -> Credential | None:
        # Whoever guesses keys must not be able to keep the database busy.
        if clocks.passed() - self._unknown.get(key, float("-inf")) < _UNKNOWN_FOR:
            return None
        found = self._credentials.find(key)
        if found is None:
            _remember(self._unknown, key, clocks.passed())
        return found


def _remember(memory: dict[Key, Value], key: Key, value: Value) -> None:
    if len(memory) >= _MOST_REMEMBERED:
        memory.clear()
    memory[key] = value


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
