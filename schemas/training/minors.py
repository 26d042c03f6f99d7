"""Statements that tell of children: whose they are, and the head-count that is left of one nobody has consented to.

A statement is about its object where that is a person, or several, and about its actor otherwise. What is left of one
for the count is a statement of the sending organisation itself, an identified Group that ``hosted`` the same activity
for one of ``<16``: with the unit, the programmes and the hour, and nothing else that was told.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

import msgspec

from schemas.faults import Fault
from schemas.training.facts import Facts, facts_of
from schemas.training.persons import Pseudonyms
from schemas.training.terms import AGE_BANDS, BASE, SENDERS
from schemas.training.vocabulary import Vocabulary
from schemas.xapi.identity import identity
from schemas.xapi.keys import is_voiding
from schemas.xapi.paths import member
from schemas.xapi.timestamps import iso

Word = Literal["keep", "refuse", "headcount"]
WORDS: Final[tuple[Word, ...]] = ("keep", "refuse", "headcount")

_MINOR: Final = AGE_BANDS[0]
_HOSTED: Final = {"id": "http://activitystrea.ms/host"}
_NONE: Final = "This tells of somebody under 16 without consent to training. Chưa có sự đồng ý cho người dưới 16 tuổi."
_UNCOUNTED: Final = f"{_NONE} It cannot be a head-count either. Cũng không thể chỉ đếm số người."
_vocabulary: Final = Vocabulary()
_BANDS: Final = frozenset(iri for iri, word in _vocabulary.extensions.items() if word == "age_band")
# What a statement may keep of itself where it is no longer about anybody.
_KEPT: Final = ("id", "version", "authority", "stored")
_HOUR: Final = 3_600_000_000
_encode = msgspec.json.Encoder().encode


class Policy(NamedTuple):
    """What a sender's statements about children need; ``names`` tell who has consented."""

    word: Word
    names: Pseudonyms


class Child(NamedTuple):
    """Where a statement says that somebody is a child, and the identities of who that may be."""

    path: str
    persons: tuple[str, ...]


def children_of(statement: Mapping[str, Any], path: str = "") -> list[Child]:
    """Return what a valid statement, and the one inside of it, tell of children by their age band."""
    return list(_children(statement, path))


def refusal(child: Child, *, counted: bool = False) -> Fault:
    """Return why a statement is not stored; ``counted`` where it was to be a head-count."""
    return Fault(child.path, "consent", _UNCOUNTED if counted else _NONE)


def headcount(statement: Mapping[str, Any], organisation: str) -> tuple[dict[str, Any], bytes] | None:
    """Return what is left of a valid statement, with its text; None for what cannot be counted without the person.

    Those are: what counts nowhere, what a Group did, what was done to somebody, and what has attachments. Of one that
    voids another the actor is replaced, so that a head-count can be taken back.
    """
    kept = {name: statement[name] for name in _KEPT if name in statement}
    kept["actor"] = {"objectType": "Group", "account": {"homePage": SENDERS, "name": organisation}}
    if is_voiding(statement):
        kept |= {"verb": {"id": statement["verb"]["id"]}, "object": statement["object"]}
        return kept, _encode(kept)
    facts = facts_of(statement, _vocabulary)
    if facts is None or facts.is_group or "attachments" in statement or not _is_activity(statement["object"]):
        return None
    kept |= _counted(statement["object"], facts)
    if "timestamp" in statement:
        kept["timestamp"] = iso(facts.timestamp // _HOUR * _HOUR)
    return kept, _encode(kept)


def _children(statement: Mapping[str, Any], path: str) -> Iterator[Child]:
    thing = statement["object"]
    for place in ("context", "result"):
        extensions = statement.get(place, {}).get("extensions")
        if extensions and not _BANDS.isdisjoint(extensions):
            for iri in sorted(_BANDS & extensions.keys()):
                if extensions[iri] == _MINOR and (persons := _persons(thing) or _persons(statement["actor"])):
                    yield Child(member(member(member(path, place), "extensions"), iri), persons)
    if thing.get("objectType") == "SubStatement":
        yield from _children(thing, member(path, "object"))


def _persons(who: Mapping[str, Any]) -> tuple[str, ...]:
    """Return who an Agent is, or who is in a Group; nobody for anything else."""
    if "member" in who:
        return tuple(name for each in who["member"] if (name := identity(each)) is not None)
    if who.get("objectType", "Agent") != "Agent" or "id" in who:
        return ()
    name = identity(who)
    return () if name is None else (name,)


def _is_activity(thing: Mapping[str, Any]) -> bool:
    return bool(thing.get("objectType", "Activity") == "Activity")


def _counted(thing: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    activity: dict[str, Any] = {"id": thing["id"]}
    if "type" in thing.get("definition", {}):
        activity["definition"] = {"type": thing["definition"]["type"]}
    extensions: dict[str, Any] = {}
    if facts.unit is not None:
        day = {} if facts.unit.as_of is None else {"asOf": facts.unit.as_of.isoformat()}
        extensions[f"{BASE}/extensions/admin-unit"] = {"code": facts.unit.code} | day
    if facts.programmes:
        extensions[f"{BASE}/extensions/programme"] = list(facts.programmes)
    counted = {f"{BASE}/extensions/headcount": {"total": 1, "byAgeBand": {_MINOR: 1}}}
    made: dict[str, Any] = {"verb": _HOSTED, "object": activity, "result": {"extensions": counted}}
    return made | ({"context": {"extensions": extensions}} if extensions else {})
