"""The formats of ``GET /statements`` that are not the stored text itself (Communication 2.1.3).

A statement is taken apart only where Agents, Activities and Verbs stand; all other text passes as it is.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Raw

from schemas.xapi.definitions import COMPONENTS, to_json
from schemas.xapi.languages import choose

_members = msgspec.json.Decoder(dict[str, Raw]).decode
_items = msgspec.json.Decoder(list[Raw]).decode
_text = msgspec.json.Decoder(str).decode
_encode = msgspec.json.Encoder().encode

_IDENTIFIERS: Final = frozenset(("mbox", "mbox_sha1sum", "openid", "account"))
_AGENT: Final = Raw(b'"Agent"')
_GROUP: Final = Raw(b'"Group"')

_Turn = Callable[[Raw], Raw]


class _Turns(NamedTuple):
    """What becomes of an Agent or Group, of one that is an object, of an Activity, of a Verb."""

    agent: _Turn
    agent_object: _Turn
    activity: _Turn
    verb: _Turn


def as_ids(raw: bytes) -> bytes:
    """Return a stored statement with only what identifies its Agents, Groups, Activities and Verbs.

    Of an anonymous Group that is its members. An objectType stays where its absence would mean another.
    """
    return _reshaped(raw, _IDS)


def as_canonical(raw: bytes, languages: Sequence[str], definitions: Mapping[str, bytes | Mapping[str, Any]]) -> bytes:
    """Return a stored statement as this store would tell it to one reader.

    ``languages`` is what ``languages.preferred`` gave, ``definitions`` the store's own by Activity id; an Activity
    that is not among them keeps the statement's. Language maps of Activities and Verbs have one entry.
    """
    activity = partial(_canonical_activity, languages=languages, definitions=definitions)
    verb = partial(_canonical_verb, languages=languages)
    return _reshaped(raw, _Turns(_kept, _kept, activity, verb))


def activities_of(raw: bytes) -> set[str]:
    """Return the ids of all Activities in a stored statement: those whose definitions ``as_canonical`` looks up."""
    found: set[str] = set()

    def note(activity: Raw) -> Raw:
        found.add(_text(_members(activity)["id"]))
        return activity

    _reshaped(raw, _Turns(_kept, _kept, note, _kept))
    return found


def with_agents(raw: bytes, turn: Callable[[Raw], Raw]) -> bytes:
    """Return a statement whose Agents and Groups are turned, wherever they stand; their members are for the turn."""
    return _reshaped(raw, _Turns(turn, turn, _kept, _kept))


def _reshaped(part: bytes | Raw, turns: _Turns) -> bytes:
    """Return a statement or sub-statement with its parts turned."""
    return _turned(
        part,
        {
            "actor": turns.agent,
            "authority": turns.agent,
            "verb": turns.verb,
            "object": partial(_object, turns=turns),
            "context": partial(_context, turns=turns),
        },
    )


def _object(raw: Raw, *, turns: _Turns) -> Raw:
    members = _members(raw)
    match _text(members["objectType"]) if "objectType" in members else "Activity":
        case "Activity":
            return turns.activity(raw)
        case "Agent" | "Group":
            return turns.agent_object(raw)
        case "SubStatement":
            return Raw(_reshaped(raw, turns))
    return raw


def _context(raw: Raw, *, turns: _Turns) -> Raw:
    activities = partial(_each, turn=turns.activity)
    return Raw(
        _turned(
            raw,
            {
                "instructor": turns.agent,
                "team": turns.agent,
                "contextActivities": lambda value: Raw(
                    _encode({name: activities(each) for name, each in _members(value).items()})
                ),
                "contextAgents": partial(_each, turn=partial(_inside, name="agent", turn=turns.agent)),
                "contextGroups": partial(_each, turn=partial(_inside, name="group", turn=turns.agent)),
            },
        )
    )


def _turned(raw: bytes | Raw, turns: Mapping[str, _Turn]) -> bytes:
    members = _members(raw)
    for name, turn in turns.items():
        if name in members:
            members[name] = turn(members[name])
    return _encode(members)


def _inside(raw: Raw, *, name: str, turn: _Turn) -> Raw:
    return Raw(_turned(raw, {name: turn}))


def _each(raw: Raw, *, turn: _Turn) -> Raw:
    return Raw(_encode([turn(item) for item in _items(raw)]))


def _kept(raw: Raw) -> Raw:
    return raw


def _agent_ids(raw: Raw, *, is_object: bool = False) -> Raw:
    members = _members(raw)
    is_group = "objectType" in members and _text(members["objectType"]) == "Group"
    kept = {"objectType": _GROUP} if is_group else {"objectType": _AGENT} if is_object else {}
    known = {name: value for name, value in members.items() if name in _IDENTIFIERS}
    if not known:
        known = {"member": _each(members["member"], turn=_agent_ids)}
    return Raw(_encode(kept | known))


def _only_id(raw: Raw) -> Raw:
    return Raw(_encode({"id": _members(raw)["id"]}))


def _canonical_verb(raw: Raw, *, languages: Sequence[str]) -> Raw:
    return Raw(_turned(raw, {"display": partial(_one_language, languages=languages)}))


def _canonical_activity(
    raw: Raw, *, languages: Sequence[str], definitions: Mapping[str, bytes | Mapping[str, Any]]
) -> Raw:
    members = _members(raw)
    known = definitions.get(_text(members["id"]))
    if known:
        members["definition"] = Raw(known if isinstance(known, bytes) else to_json(known))
    if "definition" in members:
        members["definition"] = _one_language_definition(members["definition"], languages)
    return Raw(_encode(members))


def _one_language_definition(raw: Raw, languages: Sequence[str]) -> Raw:
    one = partial(_one_language, languages=languages)
    component = partial(_inside, name="description", turn=one)
    components = dict.fromkeys(COMPONENTS, partial(_each, turn=component))
    return Raw(_turned(raw, {"name": one, "description": one, **components}))


def _one_language(raw: Raw, *, languages: Sequence[str]) -> Raw:
    return Raw(_encode(choose(_members(raw), languages)))


_IDS: Final = _Turns(_agent_ids, partial(_agent_ids, is_object=True), _only_id, _only_id)
