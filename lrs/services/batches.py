"""Storing many statements one by one, with an outcome for each; the xAPI batch is all or nothing.

For senders that cannot mend a bad line before the good ones are safe.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from lrs.errors import Forbidden, Unavailable
from lrs.services.binding import Binding
from lrs.services.confinement import confine_statement
from lrs.services.definitions import Definitions
from lrs.services.drafts import Draft, draft, erased, stamp
from lrs.services.erasing.people import ErasedPeople
from lrs.services.files import Files
from lrs.services.minors import Minors
from lrs.services.principals import Principal
from lrs.services.room import Room
from lrs.services.safetime import SafeTime, Stamps
from lrs.store import Store
from lrs.store.statements import Taken
from schemas.faults import Fault, Refused
from schemas.training.minors import Policy
from schemas.xapi.equality import same
from schemas.xapi.statements import Statement
from schemas.xapi.versions import Version

GROUP: Final = 50
"""Statements that are written in one transaction, unless some of their ids are taken."""

_TAKEN: Final = Fault("id", "taken", "another statement is stored under this id")


class Candidate(NamedTuple):
    """A statement that was judged, and the client's own text of it."""

    statement: Statement
    text: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row.

    ``kind``: stored now; duplicate, for the same statement was stored before; refused, for ``faults``; or unconfirmed,
    as the store went away: sent again under this id it cannot be stored twice.
    """

    kind: Literal["stored", "duplicate", "refused", "unconfirmed"]
    statement_id: str | None
    faults: tuple[Fault, ...] = ()


@dataclass(slots=True)
class _Held:
    """What is known of the ids: the statement that each holds, and which of them this batch has written.

    Those ``erased`` held a statement that is gone. Of a statement that the sender may not see there is no text: nothing
    is told to be the same.
    """

    raws: dict[bytes, bytes | None] = field(default_factory=dict)
    written: set[bytes] = field(default_factory=set)
    erased: set[bytes] = field(default_factory=set)

    def outcome(self, each: Draft, *, is_first: bool) -> Outcome:
        if each.row.id not in self.raws:
            return Outcome("unconfirmed", each.statement_id)
        raw = self.raws[each.row.id]
        if is_first and each.row.id in self.written:
            return Outcome("stored", each.statement_id)
        if each.row.id in self.erased or (raw is not None and same(raw, each.row.raw)):
            return Outcome("duplicate", each.statement_id)
        return Outcome("refused", each.statement_id, (_TAKEN,))


class BatchService:
    """Stores rows: whatever is wrong with one never stops the others."""

    def __init__(self, store: Store, safetime: SafeTime, *, room: Room, erased: ErasedPeople | None = None) -> None:
        self._statements = store.statements
        self._binding = Binding(store)
        self._minors = Minors(store)
        self._files = Files(store.attachments)
        self._definitions = Definitions(store.activities)
        self._safetime = safetime
        self._room = room
        self._erased = erased

    def store(self, principal: Principal, rows: Sequence[Candidate | Outcome], version: Version) -> list[Outcome]:
        """Store the rows that can be stored; return the outcome of each, also of those that had theirs already.

        Raises Forbidden and Unavailable, with nothing stored then and no id given.
        """
        principal.require("statements/write")
        self._room.check()
        if self._erased is not None:
            principal = self._erased.vouching(principal)
        judged = [row if isinstance(row, Outcome) else self._judged(principal, row) for row in rows]
        if principal.intake.minors is not None:
            judged = self._consented(principal, principal.intake.minors, judged)
        prepared = [row if isinstance(row, Outcome) else self._drafted(principal, row) for row in judged]
        drafts = [each for each in prepared if isinstance(each, Draft)]
        firsts: dict[bytes, Draft] = {}
        for each in drafts:
            firsts.setdefault(each.row.id, each)
        # What is not written needs a text too, to be compared.
        stamp([each for each in drafts if firsts[each.row.id] is not each], 0, principal, version)
        held = self._stored(principal, list(firsts.values()), version)
        return [
            held.outcome(each, is_first=firsts[each.row.id] is each) if isinstance(each, Draft) else each
            for each in prepared
        ]

    def _judged(self, principal: Principal, row: Candidate) -> Candidate | Outcome:
        try:
            row = Candidate(*principal.intake.admit(*row))
            if self._erased is not None:
                row = Candidate(*self._erased.admit(principal.org, *row))
            confine_statement(principal, row.statement)
            self._binding.require(principal, row.statement)
        except (Forbidden, Refused) as refused:
            return Outcome("refused", row.statement.get("id"), refused.faults)
        return row

    def _consented(
        self, principal: Principal, policy: Policy, rows: Sequence[Candidate | Outcome]
    ) -> list[Candidate | Outcome]:
        """Return rows as they may be stored of children."""
        sent = [(row.statement, row.text) for row in rows if isinstance(row, Candidate)]
        judged = iter(self._minors.admit(principal, policy, sent, [""] * len(sent)))

        def as_judged(row: Candidate) -> Candidate | Outcome:
            found = next(judged)
            if isinstance(found, Refused):
                return Outcome("refused", row.statement.get("id"), found.faults)
            return Candidate(*found)

        return [as_judged(row) if isinstance(row, Candidate) else row for row in rows]

    def _drafted(self, principal: Principal, row: Candidate) -> Draft | Outcome:
        try:
            (files,) = self._files.keep(principal.org, [row.statement], (), single=True)
        except (Forbidden, Refused) as refused:
            return Outcome("refused", row.statement.get("id"), refused.faults)
        return draft(principal, row.statement, row.text, files)

    def _stored(self, principal: Principal, drafts: Sequence[Draft], version: Version) -> _Held:
        """Store drafts of different ids where those are free; tell what is known of the ids then."""
        held = _Held()
        # Once the store is away, every further group would wait as long for nothing.
        with suppress(Unavailable):
            for begin in range(0, len(drafts), GROUP):
                self._store_group(principal, drafts[begin : begin + GROUP], version, held)
        return held

    def _store_group(self, principal: Principal, group: Sequence[Draft], version: Version, held: _Held) -> None:
        taken: dict[bytes, bytes | None] = {}
        rows = [each.row for each in group]

        def move(stamps: Stamps) -> None:
            stamp(group, stamps.first, principal, version)
            self._statements.restamp(rows)

        with self._safetime.in_flight(len(group), move) as stamps:
            stamp(group, stamps.first, principal, version)
            while rows:
                try:
                    self._statements.insert(rows)
                    break
                except Taken as error:
                    taken |= {
                        holder.id: holder.raw if principal.may_see(holder.keys) else None for holder in error.taken
                    }
                    held.erased |= erased(error.taken)
                    rows = [row for row in rows if row.id not in taken]
        held.written |= {row.id for row in rows}
        held.raws |= {row.id: row.raw for row in rows} | taken
        if principal.may("define"):
            accepted = [
                each
                for each in group
                if each.row.id not in held.erased and held.outcome(each, is_first=True).kind != "refused"
            ]
            self._definitions.learn(principal.org, [each.statement for each in accepted])
