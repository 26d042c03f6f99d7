"""What an agreement between two organisations covers.

A *filter* names what travels; every part of it that is given must hold, and one that is not given is no bound. What it
names in codes (units, programmes) is looked up in registries first: ``Sieve`` is a filter made ready for these.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final, Literal

import msgspec

from schemas.registries.programmes import Programmes
from schemas.registries.registries import Registries
from schemas.registries.unit_rows import Unit
from schemas.registries.units import Units
from schemas.training.facts import Facts
from schemas.training.records import STATE_OF_VERB, Standing, state_of
from schemas.training.terms import UNKNOWN
from schemas.training.vocabulary import Vocabulary
from schemas.xapi.keys import VOIDED
from schemas.xapi.timestamps import microseconds

Basis = Literal["consent", "public-task", "contract", "legal-obligation"]
Level = Literal["figures", "pseudonymous", "named"]
State = Literal["proposed", "active", "suspended", "ended"]

BASES: Final[tuple[Basis, ...]] = ("consent", "public-task", "contract", "legal-obligation")
LEVELS: Final[tuple[Level, ...]] = ("figures", "pseudonymous", "named")
"""From the least that travels to the most; whoever gets records may have figures of them."""
AGREEMENT_STATES: Final[tuple[State, ...]] = ("proposed", "active", "suspended", "ended")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Filter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an agreement covers.

    ``verbs`` and ``types`` are our words or IRIs; ``programmes`` are codes, with all that lies within them; ``units``
    codes of the day ``at``, which is given with them, with all that lies within them and all before them that has
    become a part of these; ``since`` and ``until`` days, both included.
    """

    verbs: tuple[str, ...] = ()
    activities: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    programmes: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    at: date | None = None
    groups: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None


class Sieve:
    """A filter made ready: holds for the registries it was made of, and must be made anew with newer ones.

    Records go by what they say of themselves, and by the day of their last statement; statements by the day of their
    own timestamp. Days are those of ``zone``.
    """

    def __init__(self, filter_: Filter, registries: Registries, vocabulary: Vocabulary, zone: tzinfo) -> None:
        self._filter = filter_
        self._units = registries.units
        self._zone = zone
        self._activities = frozenset(filter_.activities)
        self._groups = frozenset(filter_.groups)
        self._states = frozenset(filter_.states)
        self._named = frozenset(filter_.verbs)
        self.verbs: Final = frozenset().union(*(_words_of(each, vocabulary) for each in filter_.verbs))
        """Our words for the verbs that are covered; empty for all."""
        self.types: Final = frozenset(vocabulary.type(each) or each for each in filter_.types) | {*filter_.types}
        """The types that are covered, in our words and as IRIs; empty for all."""
        self.programmes: Final = names_of(registries.programmes, filter_.programmes)
        """Every name that statements may have for the programmes that are covered; empty for all."""
        self.units: Final = keys_within(registries.units, filter_.units, filter_.at or date.max)
        """The keys of the units that are covered, as records have them; None for all, "" for what is not known."""
        self.since: Final = _midnight(filter_.since, zone)
        """The first instant that is covered, in microseconds; None without a bound."""
        self.until: Final = _midnight(filter_.until, zone, days=1)
        """The first instant that is not covered any more; None without a bound."""

    @property
    def asks_verbs(self) -> bool:
        """Tell whether the verbs of a record's evidence are needed to judge it."""
        return bool(self._named)

    def takes_record(self, activity: str, standing: Standing, verbs: Collection[str] = ()) -> bool:
        """Tell whether a record is covered; ``verbs`` are those of what it rests on, where the filter asks for any.

        Where it does, the record must rest on one of them, and its state be one that they lead to: what is told of a
        record is not more than what these verbs tell.
        """
        return (
            self._covers(activity, standing.type, standing.unit, standing.last)
            and self._shares(self.programmes, standing.programmes)
            and self._shares(self._groups, standing.groups)
            and (not self._states or standing.state in self._states)
            and (not self._named or self._led(standing.state, verbs))
        )

    def takes_statement(self, statement: Mapping[str, Any], facts: Facts | None) -> bool:
        """Tell whether a statement is covered; ``facts`` are what ``facts_of`` made of it.

        One that voids is not covered by itself: it follows the one it voids.
        """
        verb, thing = statement["verb"]["id"], statement["object"]
        if verb == VOIDED:
            return False
        if self._named and verb not in self._named and (facts is None or facts.verb not in self._named):
            return False
        if facts is None:
            return self._takes_uncounted(statement, thing)
        return (
            self._covers(facts.activity, facts.type, self._unit(facts), facts.timestamp, _type(thing))
            and self._shares(self.programmes, facts.programmes)
            and self._shares(self._groups, facts.groups)
            and (not self._states or state_of(facts) in self._states)
        )

    def _takes_uncounted(self, statement: Mapping[str, Any], thing: Mapping[str, Any]) -> bool:
        """Judge what no record rests on: it has no unit, programme, group or state."""
        if self.programmes or self._groups or self._states or self.units is not None:
            return False
        instant = _instant(statement)
        return instant is not None and self._covers(thing.get("id", ""), _type(thing), "", instant)

    def _covers(self, activity: str, type_: str, unit: str, instant: int, iri: str = "") -> bool:
        return (
            (not self._activities or activity in self._activities)
            and (not self.types or type_ in self.types or iri in self.types)
            and (self.units is None or unit in self.units)
            and (self.since is None or instant >= self.since)
            and (self.until is None or instant < self.until)
        )

    @staticmethod
    def _shares(wanted: Collection[str], found: Iterable[str]) -> bool:
        return not wanted or any(each in wanted for each in found)

    def _led(self, state: str, verbs: Collection[str]) -> bool:
        found = self.verbs.intersection(verbs)
        return any(STATE_OF_VERB[each] == state for each in found)

    def _unit(self, facts: Facts) -> str:
        if facts.unit is None:
            return ""
        day = facts.unit.as_of or (_EPOCH + facts.timestamp * _MICROSECOND).astimezone(self._zone).date()
        return self._units.key_of(facts.unit.code, day)


def names_of(programmes: Programmes, wanted: Iterable[str]) -> frozenset[str]:
    """Return all names that these programmes, with what lies within, may be recorded by; one unknown is its own."""
    names = set[str]()
    below = set[str]()
    for name in wanted:
        names.add(name)
        found = programmes.find(name)
        below |= programmes.below(found.code) if found else frozenset()
    for each in programmes.programmes:
        if each.code in below:
            names |= {each.code, *each.aliases, *each.labels.values()}
    return frozenset(names)


def keys_within(units: Units, codes: Collection[str], at: date) -> frozenset[str] | None:
    """Return the keys of all units whose records belong to these of a day, or lie within them; None without codes."""
    if not codes:
        return None
    wanted = {unit.key for code in codes if (unit := units.find(code, at)) is not None}
    unknown = {""} if UNKNOWN in codes else set[str]()

    def lies(place: Unit | None) -> bool:
        while place is not None and place.key not in wanted:
            place = units.find(place.parent, at) if place.parent else None
        return place is not None

    def belongs(unit: Unit) -> bool:
        place = units.as_of(unit, at)
        return isinstance(place, Unit) and lies(place)

    return frozenset({each.key for each in units.units if belongs(each)} | unknown)


def _words_of(verb: str, vocabulary: Vocabulary) -> frozenset[str]:
    """Return our words for what a filter calls a verb."""
    if verb in STATE_OF_VERB:
        return frozenset({verb})
    found = vocabulary.verbs.get(verb)
    return frozenset() if found is None else frozenset({found.success, found.failure, found.otherwise})


def _type(thing: Mapping[str, Any]) -> str:
    definition = thing.get("definition") or {}
    return str(definition.get("type") or "")


def _instant(statement: Mapping[str, Any]) -> int | None:
    told = statement.get("timestamp") or statement.get("stored")
    return None if told is None else microseconds(told)


def _midnight(day: date | None, zone: tzinfo, *, days: int = 0) -> int | None:
    """Return when a day begins, or one some days later; None where the calendar has no such day."""
    if day is None:
        return None
    try:
        return (datetime.combine(day + timedelta(days=days), time.min, zone) - _EPOCH) // _MICROSECOND
    except OverflowError:
        return None
