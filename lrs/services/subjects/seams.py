"""What other services do for the requests of people."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol

from lrs.services.principals import Principal
from lrs.services.subjects.persons import Person


class Erased(Protocol):
    """What was removed, by kind."""

    @property
    def counts(self) -> Mapping[str, int]:
        """How much of each kind."""


class Erasing(Protocol):
    """Removes everything about somebody, here and at partners."""

    def erase(self, org: bytes, identities: Collection[str], request: str, by: str) -> Erased:
        """Remove it; may be called again where it broke off."""


class Withdrawing(Protocol):
    """Knows what somebody has agreed to."""

    def withdraw_all(self, principal: Principal, person: Person, purpose: str | None) -> int:
        """Withdraw what stands, of one purpose or of all; return how much that was."""

    def said_by(self, org: bytes, person: Person) -> Iterable[Mapping[str, Any]]:
        """Return everything that somebody has said about sharing."""


class Sharing(Protocol):
    """Knows to whom somebody's records went."""

    def given_of(self, org: bytes, person: Person) -> Iterable[Mapping[str, Any]]:
        """Return the agreements under which something about somebody lies with others."""
