"""Withdrawing what somebody has agreed to, and telling all that somebody has said."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from lrs.services.consents import ConsentService, Told
from lrs.services.principals import Principal
from lrs.services.subjects.persons import Person

_PAGE: Final = 1000
_READ: Final = frozenset({"records/read"})
_WRITE: Final = frozenset({"imports/write"})


class Withdrawals:
    """Consents of one person; whoever answers requests needs no other scope for them."""

    def __init__(self, consents: ConsentService) -> None:
        self._consents = consents

    def said_by(self, principal: Principal, person: Person, purpose: str | None = None) -> list[Told]:
        """Return everything that somebody has said, about a purpose or about all, in the order of recording."""
        reader = replace(principal, scopes=_READ)
        found = {each.consent.id: each for who in person.identities for each in self._pages(reader, who, purpose)}
        return [found[each] for each in sorted(found)]

    def withdraw_all(self, principal: Principal, person: Person, purpose: str | None) -> int:
        """Withdraw what was agreed to, of one purpose or of all; return how much that was. Can be done again."""
        writer = replace(principal, scopes=_WRITE)
        count = 0
        for told in self.said_by(principal, person, purpose):
            if told.consent.answer and told.consent.withdrawn is None:
                self._consents.withdraw(writer, told.consent.id)
                count += 1
        return count

    def _pages(self, reader: Principal, who: str, purpose: str | None) -> Iterator[Told]:
        query: dict[str, Any] = {"identity": who, "limit": _PAGE, "cursor": ""}
        if purpose is not None:
            query["purpose"] = purpose
        while True:
            page = self._consents.page(reader, query)
            yield from page.rows
            if page.next is None:
                return
            query = query | {"cursor": page.next}
