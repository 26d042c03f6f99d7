"""Statements become training records and cells: what the records follower does with a batch of the feed.

Everything here is a function of the set of statements that are stored and not voided, of what there is beside them
(the *basis*: registries, vocabulary, time zone, and the rules themselves), and of decisions about who is who. So it may
be made anew at any time, and gives the same; on another basis it must be, and the follower sees to it.

Who is who is decided elsewhere and takes effect here: identities whose numbers have changed are *moves*, and their
statements are counted anew, so many at a time that a transaction bears it, before anything else is counted. Counting
and deciding exclude one another (``Links.hold``), so no statement is ever counted half as one and half as another.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, tzinfo
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from lrs.errors import Unavailable
from lrs.services import clocks
from lrs.services.counting import Change, Counted
from lrs.services.progress import RECORDS, place_of
from lrs.services.reading import Reader, Reading, Told, UnitKey, without_collection
from lrs.services.registries import RegistryService
from lrs.services.reviewing import HasSkill, Reviewing
from lrs.store import Store
from lrs.store.changes import Reason
from lrs.store.links import Move
from lrs.store.places import Place
from lrs.store.records import NOBODY, Line
from lrs.store.rows import ORG_BYTES, Found
from lrs.store.transactions import Session
from schemas.training.cells import Key, month_of
from schemas.training.facts import MOST_MEMBERS, Facts
from schemas.training.readings import Skill
from schemas.training.vocabulary import Vocabulary
from schemas.xapi.keys import mention_keys

MOST_MOVED: Final = 50
"""Identities of one move: each is looked for by two keys, and MongoDB merges a hundred in order."""
_TOGETHER: Final = 1000
"""Statements of a move that are counted anew in one transaction."""
_MOST_HALVED: Final = 5
_LOOKED_AT: Final = 500

RULES: Final = 6
"""The version of what is made of statements: another one wherever the same statements give anything else."""

T = TypeVar("T")


class Unsettled(Exception):
    """Statements are still counted under numbers of before."""


class _Stale(Unavailable):
    """What there is rests on something else than this process knows: the worker makes it anew."""


class Folding:
    """Folds statements into records and cells; months are cut in ``zone``.

    ``has_skill`` tells whether the registry knows a skill; where it does not, that is noticed and no more. ``basis``
    stands for all that these rest on at the moment.
    """

    def __init__(  # noqa: PLR0913 - what it works with is passed in
        self,
        store: Store,
        unit_key: UnitKey,
        vocabulary: Vocabulary,
        zone: tzinfo,
        has_skill: HasSkill = lambda _: True,
        *,
        basis: Callable[[], str] = lambda: "",
    ) -> None:
        self.basis = basis
        self._store = store
        self._zone = zone
        self._halved = 0
        self._reader = Reader(unit_key, vocabulary, zone)
        self._reviewing = Reviewing(store, vocabulary, lambda facts: bool(self._reader.unit(facts)), has_skill)

    def fold(self, org: bytes, batch: Sequence[Found], move: Callable[[Session], None]) -> None:
        """Count a batch, all or nothing, together with what ``move`` writes. Counting it again changes nothing.

        But for what is noticed, which counts on ``move``: it must write that the batch is behind. Raises Unavailable.
        """
        self.count(org, self.read(batch), move)

    def read(self, batch: Sequence[Found]) -> Reading:
        """Return what is to be counted of a batch; this asks nobody, and may be done ahead."""
        return self._reader.read(batch, self._reviewing.begin(batch))

    def count(self, org: bytes, reading: Reading, move: Callable[[Session], None]) -> None:
        """Count what was read, as ``fold`` does."""
        voided = self._store.statements.raws(org, reading.targets)
        told = reading.told + self._reader.told(voided.items())
        self._reviewing.end(reading.notes, org, reading.targets)

        def write(session: Session) -> None:
            counted = self._counted(org, told, session)
            removed = [each for each in counted if each.statement in voided]
            added = [each for each in counted if each.statement not in voided]
            self._change(org, session).apply(added, removed)
            self._reviewing.write(reading.notes, org, session)
            move(session)

        with without_collection():
            self.settled(org, lambda: self._store.transact(lambda session: self.alone(org, session, write)))

    def alone(self, org: bytes, session: Session, write: Callable[[Session], T]) -> T:
        """Do something in a transaction while nobody else counts or decides; raise Unsettled where moves are left."""
        if self._store.links.hold(org, session):
            raise Unsettled
        return write(session)

    def settled(self, org: bytes, work: Callable[[], T]) -> T:
        """Return what the work returns; where it raises Unsettled, settle and do it again."""
        while True:
            try:
                return work()
            except Unsettled:
                self.settle(org)

    def settle(self, org: bytes, seconds: float | None = None) -> bool:
        """Count anew what has moved, for about so many seconds; tell whether nothing is left. Raises Unavailable.

        What one has left, another goes on with. Without ``seconds``, it is also Unavailable on another basis.
        """
        until = None if seconds is None else clocks.passed() + seconds
        try:
            while self._settle_some(org):
                if until is not None and clocks.passed() > until:
                    return False
        except _Stale:
            if seconds is None:
                raise
            return False
        return True

    def _settle_some(self, org: bytes) -> bool:
        """Count some anew; tell whether anything may be left. After a failure fewer: transactions have a lifetime."""
        try:
            left = self._store.transact(lambda session: self._go_on(org, session))
        except Unavailable:
            self._halved = min(self._halved + 1, _MOST_HALVED)
            raise
        self._halved = max(self._halved - 1, 0)
        return left

    def _go_on(self, org: bytes, session: Session) -> bool:
        """Count anew the next statements of the first move; tell whether anything may be left."""
        moves = self._store.links.hold(org, session)
        if not moves:
            return False
        self._placed(org, session)
        first, *later = moves
        keys = [key for identity in first.was for key in mention_keys(identity)]
        most = _TOGETHER >> self._halved
        found = self._store.statements.having_any(org, keys, first.place, most=most)
        self._recount(org, found, first, later, session)
        if found:
            later = [first._replace(place=found[-1].stored), *later]
        self._store.links.leave(org, later, session)
        return bool(later)

    def _recount(self, org: bytes, found: Sequence[Found], move: Move, later: Sequence[Move], session: Session) -> None:
        told = self._reader.told((each.id[ORG_BYTES:], each.raw) for each in found)
        names = {who for each in told for who in _identities(each.facts)}
        # What nobody has counted yet may name somebody without a number: it is not for us.
        numbers = self._store.learners.find(org, names, session)
        numbers |= {identity: number for each in later for identity, number in each.was.items()}
        known = [each for each in told if numbers.keys() >= set(_identities(each.facts))]
        before = [self._count(each, numbers | move.was) for each in known]
        after = {each.statement: self._count(each, numbers) for each in known}
        moved = [each for each in before if each != after[each.statement]]
        if not moved:
            return
        # What was not counted before, as it is voided or yet to come, must not be counted now.
        were = self._change(org, session, "no-longer-covered").apply([], moved)
        self._change(org, session).apply([after[each] for each in were], [])

    def mend(  # noqa: PLR0913, PLR0917 - what goes, what stays, for whom and why
        self,
        org: bytes,
        before: Sequence[Found],
        after: Mapping[bytes, bytes],
        session: Session,
        gone: Reason,
        leaving: AbstractSet[int] = frozenset(),
    ) -> None:
        """Count statements no longer, or as another text has it: ``after`` has those of what stays, by their ids.

        Within a transaction that is ``alone``, before the statements themselves are changed. ``leaving`` are learners
        of whom nothing stays. Raise Unavailable where the worker is about to make everything anew.
        """
        if self._store.places.find(place_of(RECORDS, org), session).unclean:
            return  # all that was derived goes, and is made anew from what there is then
        place = self._placed(org, session)
        told = self._reader.told((each.id[ORG_BYTES:], each.raw) for each in before)
        numbers = self._store.learners.find(org, {who for each in told for who in _identities(each.facts)}, session)
        # What nobody has counted yet may name somebody without a number.
        counted = [self._count(each, numbers) for each in told if numbers.keys() >= set(_identities(each.facts))]
        were = set(self._change(org, session, gone, leaving).apply([], counted))
        stays = self._reader.told((each, raw) for each, raw in after.items() if each in were)
        self._change(org, session, gone, leaving).apply(self._counted(org, stays, session), [])
        self._reviewing.mend(org, [each for each in before if each.stored <= place.place], place.place, after, session)

    def _placed(self, org: bytes, session: Session) -> Place:
        """Return how far statements are counted: by the same rules and registries, for what was put in is taken out."""
        held = self._store.places.find(place_of(RECORDS, org), session)
        if (held.place or held.unclean) and held.basis != self.basis():
            raise _Stale("Records are about to be made anew")
        return held

    def _change(
        self, org: bytes, session: Session, gone: Reason = "voided", leaving: AbstractSet[int] = frozenset()
    ) -> Change:
        def others(learner: int, *about: Any) -> AbstractSet[Key]:
            return frozenset() if learner in leaving else self._others(org, learner, *about)

        return Change(self._store, org, session, others, gone=gone)

    def _counted(self, org: bytes, told: Sequence[Told], session: Session) -> list[Counted]:
        identities = {who for each in told for who in _identities(each.facts)}
        numbers = self._store.learners.numbers(org, identities, session) if identities else {}
        return [self._count(each, numbers) for each in told]

    def _count(self, told: Told, numbers: dict[str, int]) -> Counted:
        statement, facts, evidence, cells = told
        actor = numbers[facts.learner] if facts.learner is not None else NOBODY
        members = _numbered(facts.member_learners, numbers)
        lines = [Line(actor, facts.activity, facts.registration, is_group=facts.is_group)]
        lines += [Line(each, facts.activity, facts.registration) for each in members if each != actor]
        return Counted(
            statement,
            facts,
            evidence,
            tuple([(line.key(), line) for line in lines]),
            cells,
            members if facts.is_group else (actor,),
            _numbered(facts.team_members, numbers),
        )

    def _others(
        self, org: bytes, learner: int, left: Collection[Key], without: AbstractSet[bytes], session: Session
    ) -> AbstractSet[Key]:
        """Tell in which of these cells a learner is by other statements than those ``without``."""
        if learner != NOBODY and not self._store.learners.identities(org, [learner], session):
            return frozenset()  # a number that stands for nobody any more is on its way out
        places = {(cell.month, cell.unit) for cell in left}
        ids = [
            each
            for each, evidence in self._store.records.evidence_of(org, learner, session).items()
            if each not in without and (month_of(evidence.timestamp, self._zone), evidence.unit) in places
        ]
        kept: set[Key] = set()
        for begin in range(0, len(ids), _LOOKED_AT):
            raws = self._store.statements.raws(org, ids[begin : begin + _LOOKED_AT])
            counted = self._counted(org, self._reader.told(raws.items()), session)
            kept |= {key for each in counted if learner in each.people for key in each.cells}
            if kept.issuperset(left):
                break
        return kept


def folding_of(store: Store, registries: RegistryService, timezone: str) -> Folding:
    """Return the folding by these registries and the shipped vocabulary."""

    def unit_key(code: str, day: date) -> str:
        return registries.current().units.key_of(code, day)

    def has_skill(skill: Skill) -> bool:
        return registries.current().frameworks.skill(skill.framework, skill.version or None, skill.code) is not None

    vocabulary = Vocabulary()

    def basis() -> str:
        versions = registries.current().versions
        found = RULES, vocabulary.digest, timezone, versions.get("units", 0), versions.get("frameworks", 0)
        return " ".join(map(str, found))

    return Folding(store, unit_key, vocabulary, ZoneInfo(timezone), has_skill, basis=basis)


def _numbered(identities: Sequence[str], numbers: dict[str, int]) -> tuple[int, ...]:
    return tuple(sorted({numbers[each] for each in identities[:MOST_MEMBERS]})) if identities else ()


def _identities(facts: Facts) -> Iterator[str]:
    if facts.learner is not None:
        yield facts.learner
    yield from facts.member_learners[:MOST_MEMBERS]
    yield from facts.team_members[:MOST_MEMBERS]
