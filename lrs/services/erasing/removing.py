"""Statements and what rests on them are removed, or rewritten, together: a transaction at a time.

What is derived is mended in the same transaction, by the folding itself, so that making it anew gives the same.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from lrs.services import clocks
from lrs.services.folding import Folding
from lrs.store import Store
from lrs.store.changes import Reason
from lrs.store.removals import Changed, Held
from lrs.store.rows import ORG_BYTES
from lrs.store.transactions import Session
from schemas.training.erased import Rewritten
from schemas.xapi.formats import activities_of
from schemas.xapi.keys import activity_keys

Counts = dict[str, int]


class Step(NamedTuple):
    """What one transaction does: statements that go, and what becomes of others, by their ``_id``."""

    gone: list[Held]
    rewritten: dict[bytes, tuple[Held, Rewritten]]

    @property
    def any(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.gone or self.rewritten)


class Removing:
    """Removes statements with their records and figures, references, attachments and what they alone named."""

    def __init__(self, store: Store, folding: Folding) -> None:
        self._store = store
        self._folding = folding

    def alone(self, org: bytes, write: Callable[[Session], Counts]) -> Counts:
        """Do something in a transaction in which nobody else counts, and return what it returns. Raise Unavailable."""

        def work() -> Counts:
            return self._store.transact(lambda session: self._folding.alone(org, session, write))

        return self._folding.settled(org, work)

    def apply(
        self, org: bytes, step: Step, session: Session, reason: Reason, leaving: AbstractSet[int] = frozenset()
    ) -> Counts:
        """Do a step within a transaction that is ``alone``; return what was done, by kind.

        ``leaving`` are the numbers of learners of whom nothing stays. Raise Unavailable where the worker is about to
        make everything anew.
        """
        store, removals = self._store, self._store.removals
        held = [*step.gone, *(each for each, _ in step.rewritten.values())]
        # First: whoever has read these statements must read them again.
        store.places.disturb(org.hex(), max(each.found.stored for each in held), session)
        gone = [each.found.id for each in step.gone]
        records = removals.count_records(org, leaving, session)
        after = {each[ORG_BYTES:]: made.raw for each, (_, made) in step.rewritten.items()}
        self._folding.mend(org, [each.found for each in held], after, session, reason, leaving)
        removals.remove(gone, clocks.now(), session)
        changes, taken_off = self._changes(org, step)
        removals.change(changes, session)
        left = [file for each in step.gone for file in each.found.files] + taken_off
        activities = {activity for each in step.gone for activity in activities_of(each.found.raw)}
        return {
            "statements": len(gone),
            "mentions": len(changes),
            "records": records - removals.count_records(org, leaving, session),
            "attachments": removals.leave_files(left, session),
            "activities": removals.forget_activities(org, {a: activity_keys(a) for a in activities}, session),
            # Partners keep what they were given for as long as they may: it is not called back for its age.
            "recalls": store.forwarded.recall([*gone, *step.rewritten], reason, session) if reason == "erased" else 0,
            # What a partner said of a statement may name whom the statement did.
            "letters": store.dead_letters.forget([*gone, *step.rewritten], session),
        }

    def _changes(self, org: bytes, step: Step) -> tuple[list[Changed], list[object]]:
        """Return what becomes of rewritten statements, and the files of signatures that were taken off."""
        changes: list[Changed] = []
        taken_off: list[object] = []
        for held, made in step.rewritten.values():
            files = held.found.files
            if made.signatures:
                signed = {f.file for f in self._store.attachments.find(org, files) if f.sha2 in made.signatures}
                taken_off += [file for file in files if file in signed]
                files = [file for file in files if file not in signed]
            changes.append(Changed(held.found.id, made.raw, made.keys, files))
        return changes, taken_off
