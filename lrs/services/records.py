"""Training records, for those of the organisation who may read them."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from lrs.services import clocks
from lrs.services.cursors import LIFETIME, Cursors, fingerprint
from lrs.services.learners import LearnerService
from lrs.services.principals import Bound, Principal
from lrs.services.progress import Progress, Reached
from lrs.services.registries import RegistryService
from lrs.services.unit_places import UnitPlaces
from lrs.store import Store
from lrs.store.record_pages import Asked, Position, Record
from schemas.faults import Refused
from schemas.registries.assignments import Assignments
from schemas.registries.programmes import Programmes
from schemas.registries.unit_rows import Unit
from schemas.registries.units import Place, Units
from schemas.sharing.consents import Standing as Consented
from schemas.training.persons import agent_of
from schemas.training.terms import MINORS, UNKNOWN
from schemas.xapi.keys import mention_keys, organisation_key

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PAGE: Final = 100
_CHUNK: Final = 1000
"""Records of an export that are read at a time: each within the deadline."""

Consents = Callable[[bytes, str, Collection[int]], Mapping[int, Consented]]
"""Returns the consents of learners to a purpose that stand, by their numbers."""


class _Walk(msgspec.Struct, frozen=True, array_like=True):
    credential: str
    expires: int
    asked: bytes
    value: int
    key: bytes


class Page(NamedTuple):
    """Records, how far they had come before they were read, the day of the units, and the cursor of the next page."""

    reached: Reached
    at: date
    records: list[dict[str, Any]]
    next: str | None


class Export(NamedTuple):
    """All records of a question, some at a time; how far they had come before the first was read; the units' day."""

    reached: Reached
    at: date
    parts: Iterator[list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked; ``mark`` stands for it in cursors. Of units that were split, records ``within`` the unit only."""

    asked: Asked
    mark: bytes
    places: UnitPlaces
    within: Unit | None
    after: Position | None
    bound: Bound | None

    def most(self, left: int) -> int:
        """Return how many records to read where some are left to be found."""
        return left if self.within is None else max(left, _PAGE)

    def taken(self, found: Sequence[Record]) -> Sequence[Record]:
        """Return those that belong to the unit."""
        return found if self.within is None else [each for each in found if self.places.of(each) == self.within]

    def position(self, record: Record) -> Position:
        """Return where to go on behind a record."""
        by = record.learner if self.asked.field == "learner" else getattr(record.standing, self.asked.field)
        return Position(by, record.key)


class RecordService:
    """Answers what the caller's own organisation asks of its records; needs ``records/read``.

    Who is bound sees the records of that team, and those that rest on nothing but statements about that organisation;
    where a consent is needed, of those whose consent stands. Of people who were joined, it is told no more names than
    those that stand in such statements.
    """

    def __init__(  # noqa: PLR0913 - what it works with is passed in
        self,
        store: Store,
        registries: RegistryService,
        learners: LearnerService,
        progress: Progress,
        *,
        consents: Consents,
        secret: str,
        timezone: str,
    ) -> None:
        self._store = store
        self._consents = consents
        self._registries = registries
        self._learners = learners
        self._progress = progress
        self._zone = ZoneInfo(timezone)
        self._cursors = Cursors(secret, _Walk, name="cursor")

    def reached(self, principal: Principal) -> Reached:
        """Return how far the records of the caller's organisation have come; needs ``reports/read``."""
        principal.require("reports/read")
        return self._progress.of(principal.org)

    def page(self, principal: Principal, query: Mapping[str, Any]) -> Page:
        """Return a page; raise Refused, BadRequest for a cursor of another question."""
        principal.require("records/read/own")
        reached = self._progress.of(principal.org)
        question = self._question(principal, query)
        found, position = self._seen(question, question.after, query.get("limit", _PAGE))
        walk = None
        if position is not None:
            expires = clocks.now() + LIFETIME
            walk = _Walk(principal.credential, expires, question.mark, *position)
        return Page(
            reached, question.places.at, self._told(question, found), self._cursors.token(walk) if walk else None
        )

    def export(self, principal: Principal, query: Mapping[str, Any]) -> Export:
        """Return everything that is asked for, ``limit`` at most; raise as ``page`` does, before the first part."""
        principal.require("records/read/own")
        reached = self._progress.of(principal.org)
        question = self._question(principal, query)
        return Export(reached, question.places.at, self._parts(question, query.get("limit")))

    def _parts(self, question: _Question, limit: int | None) -> Iterator[list[dict[str, Any]]]:
        after = question.after
        while True:
            found, after = self._seen(question, after, limit or _CHUNK)
            yield self._told(question, found)
            if after is None or limit is not None:
                return

    def _seen(self, question: _Question, after: Position | None, limit: int) -> tuple[list[Record], Position | None]:
        """Return up to ``limit`` records that the caller may see, and the position to go on from if there are more."""
        seen: list[Record] = []
        while True:
            found, after = self._store.record_pages.page(question.asked, after, question.most(limit - len(seen)))
            seen += self._agreed(question, question.taken(found))
            if len(seen) > limit:
                return seen[:limit], question.position(seen[limit - 1])
            if after is None or len(seen) == limit:
                return seen, after

    def _agreed(self, question: _Question, found: Sequence[Record]) -> Sequence[Record]:
        """Return those of people whose consent stands, where the caller needs it; of a child, one that is enough."""
        bound = question.bound
        if bound is None or bound.consent is None:
            return found
        people = {each.learner for each in found if not each.is_group}
        standing = self._consents(question.asked.org, bound.consent, people)
        return [
            each
            for each in found
            if (told := standing.get(each.learner)) is not None
            and not each.is_group
            and (told.for_minor or each.standing.band != MINORS)
        ]

    def _question(self, principal: Principal, query: Mapping[str, Any]) -> _Question:
        registries = self._registries.current()
        at = query.get("at") or self._registries.today()
        bound = principal.bound
        places = UnitPlaces(registries.units, at, lambda: Assignments(self._store.assignments.of(principal.org)))
        wanted = _unit(registries.units, query.get("unit"), at)
        asked = Asked(
            org=principal.org,
            learners=self._numbers(principal, query.get("learner")),
            organisation=query.get("organisation"),
            only=bound.organisation if bound else None,
            units=("",) if query.get("unit") == UNKNOWN else places.keys(wanted) if wanted else None,
            programmes=_programmes(registries.programmes, query.get("programme")),
            activity=query.get("activity"),
            type=query.get("type"),
            state=query.get("state"),
            kind=query.get("kind"),
            group=query.get("group"),
            dated=query["dated"],
            since=self._midnight(query.get("since")),
            until=self._midnight(query.get("until"), days=1),
            whose="groups" if bound and bound.team else query["whose"],
            sort=query["sort"],
        )
        after, mark = None, _asked(asked)
        if "cursor" in query:
            walk = self._cursors.read(query["cursor"], principal)
            if walk.asked != mark:
                raise self._cursors.refused()
            after = Position(walk.value, walk.key)
        # Whatever is decided meanwhile, it is the same question.
        divided = places.divided(wanted) if wanted else ()
        if divided:
            asked = replace(asked, units=(*(asked.units or ()), *divided))
        return _Question(asked, mark, places, wanted if divided else None, after, bound)

    def _numbers(self, principal: Principal, learner: str | None) -> tuple[int, ...] | None:
        if (bound := principal.bound) is not None:
            who = learner if learner is None or learner.isdigit() else principal.intake.identity(learner)
            return self._of_bound(principal.org, bound, who)
        if learner is None or learner.isdigit():
            return None if learner is None else (int(learner),)
        return tuple(each.number for each in self._learners.known_by(principal, learner))

    def _of_bound(self, org: bytes, bound: Bound, learner: str | None) -> tuple[int, ...] | None:
        """Return the numbers that are meant: of its team's, and of nobody by a name that it is not told."""
        own: set[int] | None = None
        if bound.team is not None:
            own = set(self._store.learners.find(org, [bound.team]).values())
        if learner is None:
            return None if own is None else tuple(sorted(own))
        if learner.isdigit():
            numbers = {int(learner)}
        else:
            found = self._store.learners.find(org, [learner])
            numbers = {number for who, number in found.items() if self._is_named(org, bound, who)}
        return tuple(sorted(numbers if own is None else numbers & own))

    def _is_named(self, org: bytes, bound: Bound, who: str) -> bool:
        """Tell whether anything names somebody so that the caller may read."""
        if bound.team is not None and who != bound.team:
            return False
        organisation = bound.organisation
        return organisation is None or self._store.statements.any_holds(
            org, [mention_keys(who), [organisation_key(organisation)]], lambda _: True
        )

    def _midnight(self, day: date | None, *, days: int = 0) -> int | None:
        """Return when a day begins, or one some days later; None where the calendar has no such day."""
        if day is None:
            return None
        try:
            begins = datetime.combine(day + timedelta(days=days), time.min, self._zone)
        except OverflowError:
            return None
        return (begins - _EPOCH) // timedelta(microseconds=1)

    def _told(self, question: _Question, found: Sequence[Record]) -> list[dict[str, Any]]:
        org = question.asked.org
        known = self._store.learners.identities(org, {each.learner for each in found})
        if (bound := question.bound) is not None:
            known = {
                number: [who for who in each if len(each) == 1 or self._is_named(org, bound, who)]
                for number, each in known.items()
            }
        agents = {number: [agent_of(each) for each in identities] for number, identities in known.items()}
        return [_told(each, agents.get(each.learner, []), _place(question.places.of(each))) for each in found]


def _asked(asked: Asked) -> bytes:
    return fingerprint([getattr(asked, name) for name in Asked.__slots__])


def _unit(units: Units, code: str | None, at: date) -> Unit | None:
    """Return the unit that is asked for; None for everything, which is what the unit around all others stands for.

    Raise Refused where there is none, or where others lie within it.
    """
    if code is None or code == UNKNOWN:
        return None
    wanted = units.find(code, at)
    if wanted is None:
        raise Refused.at("unit", "unknown", "No unit has this code on that day.")
    return None if units.is_everything(wanted, at) else wanted


def _programmes(programmes: Programmes, name: str | None) -> tuple[str, ...] | None:
    """Return every name that a programme and what lies within it may be recorded by; an unknown one is its own."""
    if name is None:
        return None
    found = programmes.find(name)
    below = programmes.below(found.code) if found else frozenset[str]()
    names = {name}
    for each in programmes.programmes:
        if each.code in below:
            names |= {each.code, *each.aliases, *each.labels.values()}
    return tuple(sorted(names))


def _place(place: Place | None) -> dict[str, str] | None:
    if place is None:
        return None
    return {"code": place.code, "name": place.name} if isinstance(place, Unit) else {"label": place.label}


def _told(record: Record, agents: list[dict[str, Any]], place: dict[str, str] | None) -> dict[str, Any]:
    standing = record.standing
    score = None
    if standing.best is not None and standing.latest is not None:
        score = {"best": float(standing.best), "latest": float(standing.latest)}
    return {
        "id": record.key.hex(),
        "learner": record.learner,
        "identities": agents,
        "is_group": record.is_group,
        "activity": record.activity,
        "registration": record.registration,
        "type": standing.type,
        "kind": standing.kind,
        "state": standing.state,
        "first": standing.first,
        "last": standing.last,
        "ended": standing.ended,
        "attempts": standing.attempts,
        "score": score,
        "seconds": standing.seconds,
        "unit": standing.unit,
        "unit_as_of": place,
        "programmes": standing.programmes,
        "groups": standing.groups,
        "age_band": standing.band,
        "statements": standing.statements,
        "organisation": standing.organisation,
        "flags": standing.flags,
    }
