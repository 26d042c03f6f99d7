"""To whom something about somebody has gone, and by which agreement."""

from collections.abc import Collection, Mapping
from typing import Any

from lrs.services.agreements import Agreement, Agreements
from lrs.store import Store
from schemas.sharing.pseudonyms import Pseudonyms


class Recipients:
    """Looks through what an organisation gives."""

    def __init__(self, store: Store, agreements: Agreements) -> None:
        self._store = store
        self._agreements = agreements

    def of(self, org: bytes, records: Collection[bytes], statements: Collection[bytes]) -> list[dict[str, Any]]:
        """Return the agreements by which these records, by key, or statements, by ``_id``, have gone or may have.

        Also those that have ended: what went by them may still lie there. Statements that a recipient on this server
        reads are not noted one by one: ``statements`` says that it may.
        """
        forwarded = self._forwarded(org, statements)
        found = []
        for each in self._store.agreements.of(org):
            if each.giver != org or each.level == "figures" or each.accepted_by is None:
                continue
            live, recalled = self._rows(each, records)
            sent = forwarded.get(each.id, 0)
            if live or recalled or sent or (each.statements and statements):
                counts = {"records": live, "recalled": recalled, "forwarded": sent}
                found.append(_told(each) | counts)
        return found

    def _rows(self, agreement: Agreement, records: Collection[bytes]) -> tuple[int, int]:
        """Return how many rows lie with the recipient, and how many were recalled."""
        secrets = self._agreements.secrets(agreement)
        names = Pseudonyms(secrets.rows, secrets.pseudonyms)
        with self._store.snapshot() as session:
            rows = self._store.shares.find(agreement.id, [names.row(each) for each in records], session)
        recalled = sum(each.recall is not None for each in rows.values())
        return len(rows) - recalled, recalled

    def _forwarded(self, org: bytes, statements: Collection[bytes]) -> Mapping[str, int]:
        counts: dict[str, int] = {}
        for each in self._store.forwards.of(org):
            gone = len(self._store.forwarded.among(each.id, statements)) if statements else 0
            counts[each.agreement] = counts.get(each.agreement, 0) + gone
        return counts


def _told(agreement: Agreement) -> dict[str, Any]:
    partner = agreement.partner or {}
    return {
        "agreement": agreement.id,
        "recipient": agreement.taker_id or partner.get("name", ""),
        "purpose": dict(agreement.purpose),
        "basis": agreement.basis,
        "level": agreement.level,
        "state": agreement.state,
        "starts": agreement.starts,
        "ends": agreement.ends,
        "fields": list(agreement.fields),
        "statements": agreement.statements,
    }
