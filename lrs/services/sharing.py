"""Records become rows that recipients are given: what the follower ``shares`` does, one transaction at a time.

An agreement's rows are what its records are, through its filter, fields and pseudonyms, as far as the people in them
travel. What is equal is not written again; what is gone, or may not be had any more, becomes a recall in its place.
Every transaction also moves on how far the agreement has come, and nobody else can have moved it since: whoever dies
between two of them leaves nothing undone, and nothing done twice.

Once an agreement is over the contents go, and rows stay as far as somebody may still have to delete what he was given:
until people withdraw, have their data restricted or erased, or the record is voided.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Final

import msgspec
from pyroaring import BitMap

from lrs.errors import Unavailable
from lrs.services import clocks
from lrs.services.coverage import Coverage, People, minors_of
from lrs.services.progress import RECORDS, Progress, place_of
from lrs.services.share_terms import Terms, TermsOf
from lrs.store import Store
from lrs.store.agreements import Agreement
from lrs.store.changes import Reason, is_split
from lrs.store.record_pages import Record
from lrs.store.record_walks import Walked
from lrs.store.records import NOBODY
from lrs.store.shares import FIRST, Row, Run
from lrs.store.transactions import Session
from schemas.sharing.rows import Whose

BATCH: Final = 500
"""Records of one transaction."""
_PERSONAL: Final = frozenset[Reason]({"withdrawn", "restricted", "erased"})

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, object]).decode


class Overtaken(Unavailable):
    """Somebody else has moved an agreement's rows on meanwhile."""


class _Nothing(Exception):
    """There is nothing to do, or not yet: what was begun must not count."""


class Sharing:
    """Brings agreements' rows forward."""

    def __init__(self, store: Store, terms: TermsOf, coverage: Coverage, progress: Progress) -> None:
        self._store = store
        self._terms = terms
        self._coverage = coverage
        self._progress = progress

    def bring(self, agreement: Agreement, *, most: int = BATCH) -> int:
        """Bring an agreement forward by one transaction; return how many records it has looked at, 1 at least.

        0 where there is nothing to do, or not yet. Raises Unavailable, Overtaken among them.
        """
        known = self._store.shares.run(agreement.id)
        if known is None:
            if self._terms.is_over(agreement) or not self._terms.has_begun(agreement):
                return 0
            self._store.shares.begin(agreement.id)
            known = Run(agreement.id)
        step = known.step
        # Asked for before anything is read: what is read is never older than that.
        as_of = self._progress.as_of(agreement.giver)
        try:
            return self._store.transact(lambda session: self._brought(agreement.id, step, as_of, most, session))
        except _Nothing:
            return 0

    def _brought(self, agreement: str, step: int, as_of: int, most: int, session: Session) -> int:
        run = self._store.shares.hold(agreement, step, session)
        if run is None:
            raise Overtaken
        held = self._store.agreements.get(agreement, session)
        if held is None:
            raise _Nothing
        forward = _Forward(self._store, self._terms.of(held), self._coverage, run, session, most)
        place = self._store.places.find(place_of(RECORDS, held.giver), session)
        if self._terms.is_over(held):
            forward.close(whole=not (place.unclean or place.rebuilding))
        elif place.unclean or place.rebuilding:
            raise _Nothing
        else:
            forward.go_on(place.resets)
        forward.save(as_of)
        return max(forward.looked, 1)


class _Forward:
    """One transaction over the rows of one agreement."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it works with is passed in
        self, store: Store, terms: Terms, coverage: Coverage, run: Run, session: Session, most: int
    ) -> None:
        self._store = store
        self._terms = terms
        self._coverage = coverage
        self._agreement = terms.agreement
        self._org = terms.agreement.giver
        self._session = session
        self._most = most
        self._rows: list[Row] = []
        self._held: dict[bytes, Row] = {}
        self._ended = False
        self._drained = False
        self._given = set[int]()
        self._before = self.run = run
        self.looked = 0

    def go_on(self, resets: int) -> None:
        """Look at the next records."""
        if self.run.basis != self._terms.basis or self.run.resets != resets:
            first = not self.run.basis
            # What was noted before the first walk is in it; later, it is still looked at afterwards.
            at = self._store.changes.now(self._org, self._session) if first else self.run.at
            again = replace(self.run, phase="records", walked=FIRST, basis=self._terms.basis, resets=resets, at=at)
            self.run = again
        if self.run.phase == "records":
            self._walk_records()
        elif self.run.phase == "rows":
            self._walk_rows()
        else:
            self._follow()

    def close(self, *, whole: bool) -> None:
        """Remove contents, and after that recall what is to be deleted; ``whole``: no records are just being made."""
        self._ended = True
        if not self.run.over:
            self._empty()
        elif not whole:
            raise _Nothing
        else:
            self._follow()

    def _empty(self) -> None:
        if self.run.phase != "closing":
            self.run = replace(self.run, phase="closing", walked=FIRST)
        live = self._store.shares.live(self._agreement.id, self.run.walked, self._session, most=self._most)
        ids = [row.id for row in live]
        self._store.shares.empty(self._agreement.id, ids, self._session)
        self.run = replace(self.run, over=len(ids) < self._most, walked=ids[-1] if ids else FIRST)
        self.looked = len(ids)

    def save(self, as_of: int) -> None:
        """Write what has come of it."""
        # No number comes again, not even where a backup has brought back an older count.
        version, live = max(self.run.version, clocks.now()) if self._rows else self.run.version, self.run.live
        numbered = []
        # Of what was written twice, the last one counts.
        for row in reversed({row.id: row for row in reversed(self._rows)}.values()):
            version += 1
            before = self._held.get(row.id)
            live += (row.recall is None) - (before is not None and before.recall is None)
            numbered.append(row._replace(version=version))
        self._store.shares.write(self._agreement.id, numbered, self._held.keys(), self._session)
        self.run = replace(self.run, version=version, live=live, error="", failed=0)
        if self._drained:
            self.run = replace(self.run, through=max(as_of, self.run.through))
        self._store.shares.save(self.run, self._before, self._session)

    def _walk_records(self) -> None:
        found = self._store.record_walks.after(
            self._org, self.run.walked, self._session, verbs=self._terms.sieve.asks_verbs, most=self._most
        )
        self._judge(found, {}, {})
        done = len(found) < self._most
        walked = FIRST if done else found[-1].record.key
        self.run = replace(self.run, phase="rows" if done else "records", walked=walked)

    def _walk_rows(self) -> None:
        """Recall what has no record any more: whatever has one was met on the walk before, or is noted."""
        live = self._store.shares.live(self._agreement.id, self.run.walked, self._session, most=self._most)
        there = self._store.record_walks.there(self._org, [row.record for row in live], self._session)
        self._held = {row.id: row for row in live}
        for row in live:
            if row.record not in there:
                self._recall(row, "no-longer-covered", NOBODY)
        self.looked = len(live)
        done = len(live) < self._most
        self.run = replace(self.run, phase="changes" if done else "rows", walked=FIRST if done else live[-1].id)

    def _follow(self) -> None:
        noted = self._store.changes.after(self._org, self.run.at, self._session, most=self._most)
        if not noted:
            raise _Nothing
        learners: dict[bytes, int] = {}
        reasons: dict[bytes, Reason] = {}
        for each in noted:
            learners |= each.learners
            reasons |= dict.fromkeys(each.learners, each.reason)
        self._judge(self._records(learners), learners, reasons)
        self._drained = sum(len(each.learners) for each in noted) < self._most and not self._ended
        self.run = replace(self.run, at=noted[-1].place)

    def _records(self, keys: Collection[bytes]) -> list[Walked]:
        verbs = self._terms.sieve.asks_verbs
        return self._store.record_walks.of(self._org, keys, self._session, verbs=verbs) if keys else []

    def _judge(self, found: list[Walked], learners: Mapping[bytes, int], reasons: Mapping[bytes, Reason]) -> None:
        """Write what records give now; recall those of these learners, for these reasons, that are not among them."""
        numbers = {*learners.values(), *(each.record.learner for each in found)} - {NOBODY}
        split = {number for key, number in learners.items() if is_split(key)}
        people, others = self._people(numbers, split)
        known = {each.record.key for each in found}
        found = [*found, *self._records(others - known - learners.keys())]
        gone = learners.keys() - known
        keys = [*gone, *(each.record.key for each in found)]
        ids = {self._terms.pseudonyms.row(key) for key in keys}
        if self._agreement.statements:
            ids |= {self._terms.pseudonyms.person(each) for each in numbers}
        self._held = self._store.shares.find(self._agreement.id, ids, self._session)
        nobody = numbers - self._store.learners.identities(self._org, numbers, self._session).keys()
        if self._agreement.statements:
            self._part(split)
        identities = self._identities(found, people)
        for each in found:
            self._give(each, people, identities, anew=each.record.learner in split)
        for key in gone:
            if (row := self._held.get(self._terms.pseudonyms.row(key))) is not None:
                self._recall(row, reasons[key], learners[key], whole=learners[key] in nobody)
        if self._agreement.statements:
            erased = {learners[key] for key in gone if reasons[key] == "erased"}
            self._turn(numbers, people, erased, nobody)
        self.looked = len(keys)

    def _part(self, split: Collection[int]) -> None:
        """Recall all about those who were told of as if they were somebody else, too; then they come again."""
        before = BitMap.deserialize(self.run.people) if self.run.people else BitMap()
        for each in split:
            if each in before:
                self._recall_person(each, "no-longer-covered")

    def _recall_person(self, number: int, reason: Reason) -> None:
        self._recall(Row(self._terms.pseudonyms.person(number), 0, None, None, FIRST), reason, number, whole=True)

    def _people(self, numbers: Collection[int], split: Collection[int] = ()) -> tuple[People, set[bytes]]:
        """Return who these learners are, and all records of those of whom all must be looked at.

        These are those who have become children, or are none any more, and those of whom another one was split off.
        """
        aged = self._coverage.aged(self._org, numbers, self._session)
        minors = minors_of(aged)
        before = BitMap.deserialize(self.run.minors) if self.run.minors else BitMap()
        turned = {number for number in numbers if (number in minors) != (number in before)}
        if turned:
            after = (before - BitMap(numbers)) | BitMap(minors)
            self.run = replace(self.run, minors=after.serialize())
        people = self._coverage.people(self._agreement, numbers, minors, self._session)
        return people, {each.key for each in aged if each.learner in turned or each.learner in split}

    def _turn(self, numbers: Collection[int], people: People, erased: Collection[int], nobody: Collection[int]) -> None:
        """Recall whatever has left about those who travelled and do not any more, statements that made no row too.

        ``nobody`` are numbers that mean nobody any more, such as of who was joined to another one: later, nothing would
        be noted of them.
        """
        before = BitMap.deserialize(self.run.people) if self.run.people else BitMap()
        reasons = {each: "erased" if each in erased else people.barred(each) for each in numbers}
        reasons |= {each: reasons[each] or "no-longer-covered" for each in nobody}
        gone = {each: reason for each, reason in reasons.items() if reason is not None and each in before}
        if self._ended:
            gone = {each: why for each, why in gone.items() if why != "no-longer-covered" or each in nobody}
        fresh = {each for each, reason in reasons.items() if reason is None and each not in before and not self._ended}
        if self._agreement.level == "named":
            # Without the identities, which a record told, nobody could find the statements that are to be deleted.
            fresh &= self._given
        for each, reason in gone.items():
            self._recall_person(each, reason)
        if fresh:
            back = [self._terms.pseudonyms.person(each) for each in fresh]
            self._store.shares.remove(self._agreement.id, back, self._session)
        if gone or fresh:
            after = (before - BitMap(gone)) | BitMap(fresh)
            self.run = replace(self.run, people=after.serialize(), known=len(after))

    def _identities(self, found: Iterable[Walked], people: People) -> dict[int, list[str]]:
        numbers = {each.record.learner for each in found if people.barred(each.record.learner) is None} - {NOBODY}
        return self._store.learners.identities(self._org, numbers, self._session) if numbers else {}

    def _give(self, walked: Walked, people: People, identities: Mapping[int, list[str]], *, anew: bool) -> None:
        record = walked.record
        row = self._held.get(self._terms.pseudonyms.row(record.key))
        if (reason := self._barred(walked, people)) is not None:
            if row is not None:
                self._recall(row, reason, record.learner)
        elif not self._ended:
            known = identities.get(record.learner, ())
            whose = Whose(record.key, record.learner, known, record.activity, record.registration)
            content = self._terms.rows.content(whose, record.standing)
            self._given.add(record.learner)
            if anew or row is None or row.content != content:
                self._rows.append(Row(self._terms.pseudonyms.row(record.key), 0, content, None, record.key))

    def _barred(self, walked: Walked, people: People) -> Reason | None:
        record: Record = walked.record
        if record.is_group or record.learner == NOBODY:
            return "no-longer-covered"
        if (reason := people.barred(record.learner, record.standing.band)) is not None:
            return reason
        covered = self._terms.sieve.takes_record(record.activity, record.standing, walked.verbs)
        return None if covered else "no-longer-covered"

    def _recall(self, row: Row, reason: Reason, learner: int, *, whole: bool = False) -> None:
        """Let a row say that it must be deleted, and whose it was where everything of that person must be."""
        # What was given is not to be deleted only because nothing is given any more.
        if row.recall is not None or (self._ended and reason == "no-longer-covered" and not whole):
            return
        told: dict[str, object] = {"id": row.id.hex(), "recall": reason}
        if whole or reason in _PERSONAL:
            # By the name that it was given out under, which a rotation may just have ended.
            known = self._terms.pseudonyms.learner(learner) if row.content is None else _decode(row.content)["learner"]
            # Statements that were given before have the names of before.
            told |= {"learner": known, "learners": self._terms.pseudonyms.learners(learner)}
        self._rows.append(Row(row.id, 0, _encode(told), reason, row.record))
