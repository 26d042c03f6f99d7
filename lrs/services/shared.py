"""What the caller's organisation is given by agreement: records, recalls and statements.

Every read goes through the door (``Agreements.open``) and is in both sides' audits before anything of it leaves.
Places to go on from are plain numbers that never expire: whoever goes on behind the last one that he was given misses
nothing, and is given nothing twice that has not changed.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from lrs.services.agreements import Agreement, Agreements
from lrs.services.departures import Departures, Parcel
from lrs.services.principals import Principal
from lrs.services.progress import Progress
from lrs.services.share_terms import TermsOf
from lrs.store import Store
from lrs.store.rows import Found
from lrs.store.shares import Row

_PAGE: Final = 100
_CHUNK: Final = 1000
"""Rows of a file that are read at a time: each within the deadline."""
_EVERYTHING: Final = 2**62
_SCANNED: Final = 1000
"""Statements that are looked at together, ..."""
_MOST_SCANS: Final = 5
"""... and how often for one page: where few are covered it ends early, and says where to go on."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Closed(Exception):
    """An agreement was suspended, or is over, while a file of it was written."""


class Page(NamedTuple):
    """Rows, where to go on from and whether there is more; see ``SharedRecordsSchema`` for the rest."""

    records: list[dict[str, Any]]
    next: int
    more: bool
    through: int | None
    pseudonyms: int


class Export(NamedTuple):
    """All rows, some at a time, and what a page tells beside them."""

    agreement: Agreement
    parts: Iterator[list[dict[str, Any]]]
    next: int
    through: int | None
    pseudonyms: int


class Recalls(NamedTuple):
    """What must be deleted, where to go on from and whether there is more."""

    recalls: list[dict[str, Any]]
    next: int
    more: bool


class Statements(NamedTuple):
    """Statements, as JSON; where to go on from and whether there is more; see ``SharedStatementsSchema``."""

    texts: list[bytes]
    next: int
    more: bool
    through: int
    pseudonyms: int


class SharedService:
    """Gives what agreements cover; needs ``share`` or ``records/read``, of the taker."""

    def __init__(
        self, store: Store, agreements: Agreements, terms: TermsOf, progress: Progress, departures: Departures
    ) -> None:
        self._store = store
        self._agreements = agreements
        self._terms = terms
        self._progress = progress
        self._departures = departures

    def readable(self, principal: Principal) -> list[Agreement]:
        """Return the agreements by which the caller may read something today."""
        return self._agreements.readable(principal)

    def page(self, principal: Principal, agreement: str, *, after: int, limit: int | None) -> Page:
        """Return a page of records; raise Forbidden, NotFound."""
        held = self._agreements.open(principal, agreement)
        through = self._through(held)
        most = limit or _PAGE
        rows = self._store.shares.page(held.id, after, _EVERYTHING, most=most + 1)
        shown = rows[:most]
        onward = shown[-1].version if shown else after
        recalls = sum(row.recall is not None for row in shown)
        self._note(principal, held, len(shown) - recalls, recalls, after, onward)
        return Page(_told(shown), onward, len(rows) > most, through, held.keys[-1].version)

    def export(self, principal: Principal, agreement: str, *, after: int, limit: int | None) -> Export:
        """Return all records, ``limit`` at most; raise as ``page`` does, before the first part."""
        held = self._agreements.open(principal, agreement)
        through = self._through(held)
        run = self._store.shares.run(held.id)
        # What changes while the file is written comes with the next one.
        until = max(after, run.version if run else 0)
        if limit is not None:
            until = min(until, self._store.shares.place(held.id, after, limit) or until)
        given = self._store.shares.count(held.id, after, until)
        self._note(principal, held, given.rows, given.recalls, after, until)
        return Export(held, self._parts(held, after, until), until, through, held.keys[-1].version)

    def recalls(self, principal: Principal, agreement: str, *, after: int, limit: int | None) -> Recalls:
        """Return what must be deleted, also once the agreement is over; raise NotFound."""
        held = self._agreements.had(principal, agreement)
        most = limit or _PAGE
        rows = self._store.shares.page(held.id, after, _EVERYTHING, most=most + 1, recalls=True)
        shown = rows[:most]
        onward = shown[-1].version if shown else after
        self._note(principal, held, 0, len(shown), after, onward)
        return Recalls(_told(shown), onward, len(rows) > most)

    def statements(self, principal: Principal, agreement: str, *, after: int, limit: int | None) -> Statements:
        """Return statements that the agreement covers, in order; raise Forbidden, NotFound.

        About ``limit``: those that were stored at one instant come together. Where to go on from is never before
        ``after``; ``through`` is what was reached here, whatever ``after`` is.
        """
        held = self._agreements.open(principal, agreement, statements=True)
        # As far as the rows are: until then it is known who is who, who is a child, and whom to recall.
        through = self._through(held) or 0
        found: list[Parcel] = []
        onward, more = after, False
        for _ in range(_MOST_SCANS):
            batch = self._store.statements.after(held.giver, onward, through=through, most=_SCANNED)
            if more := bool(batch):
                found += self._parcels(held, batch)
                onward = batch[-1].stored
            if not batch or len(found) >= (limit or _PAGE):
                break
        shown = _first(found, limit or _PAGE)
        if len(shown) < len(found):
            onward, more = shown[-1].stored, True
        self._note(principal, held, len(shown), 0, after, onward)
        return Statements([each.text for each in shown], onward, more, through, held.keys[-1].version)

    def _parcels(self, agreement: Agreement, batch: Sequence[Found]) -> list[Parcel]:
        """Return what leaves; what voids a statement follows if that would have left."""
        key = agreement.keys[-1].version
        here = {each.id: each for each in batch}
        targets = self._departures.targets(agreement, batch) - here.keys()
        raws = self._store.statements.raws(agreement.giver, [each[len(agreement.giver) :] for each in targets])
        voided = [Found(agreement.giver + id_, 0, raw, []) for id_, raw in raws.items()]
        voided += [each._replace(voided=False) for each in batch if each.voided]
        gone = {each.statement: key for each in self._departures.parcels(agreement, voided, {})}
        parcels = self._departures.parcels(agreement, batch, gone)
        return [each for each in parcels if not here[each.statement].voided]

    def _parts(self, agreement: Agreement, after: int, until: int) -> Iterator[list[dict[str, Any]]]:
        """Yield rows; raise Closed where the agreement is not in force any more: what was sent is not all of it."""
        while rows := self._store.shares.page(agreement.id, after, until, most=_CHUNK):
            # Asked after the rows were read: once it is over their contents go.
            held = self._store.agreements.get(agreement.id)
            if held is None or not self._agreements.is_running(held):
                raise Closed
            yield _told(rows)
            after = rows[-1].version

    def _through(self, agreement: Agreement) -> int | None:
        """Return until when everything stored is in the rows; asked for before these are read."""
        reached = self._progress.of(agreement.giver)
        run = self._store.shares.run(agreement.id)
        if run is None:
            return None
        done = run.phase == "changes" and run.basis == self._terms.basis(agreement) and not reached.rebuilding
        if done and not self._store.changes.any_after(agreement.giver, run.at):
            return max(reached.as_of, run.through)
        return run.through or None

    def _note(  # noqa: PLR0913, PLR0917 - what the audits tell
        self, principal: Principal, agreement: Agreement, rows: int, recalls: int, after: int, onward: int
    ) -> None:
        told = {"rows": rows, "recalls": recalls, "from": after, "to": onward}
        self._agreements.note_read(principal, agreement, told)


def _told(rows: Sequence[Row]) -> list[dict[str, Any]]:
    # Without content, once the agreement is over, there is nothing to tell of what is not recalled.
    return [_decode(row.content) | {"version": row.version} for row in rows if row.content is not None]


def _first(parcels: Sequence[Parcel], count: int) -> Sequence[Parcel]:
    """Return the first parcels: so many, and those that were stored together with the last of them."""
    if len(parcels) <= count:
        return parcels
    last = parcels[count - 1].stored
    return [each for each in parcels if each.stored <= last]
