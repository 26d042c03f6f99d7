"""Statements as they leave an organisation by agreement: pure.

Only what counts as training travels, and what voids it. Where the agreement names people, a statement is the text that
was stored, but for people who do not travel: they are left out, and it does not travel where it is about them.

Where it does not name them, a new statement is made of what is known to tell of nobody, and of no more than the fields
of records that the agreement names. So every member has to be allowed, and what nobody thought of stays behind:

====================  ==================================================================================================
always                a keyed id; the actor by pseudonym, a Group with those of its members who travel; the verb's id;
                      the object: the activity by its id (keyed where the field ``activity`` is not shared or the id
                      would tell of somebody), or the person who was mentored by pseudonym; the giver as authority
``type``              the activity's type
``state``             result.success and result.completion
``score``             result.score
``seconds``           result.duration
``first``, ``last``   the timestamp
``registration``      a keyed one
``unit``              the extension of the delivery's unit, as the registry names it
``programmes``        the extension of programmes, codes of the registry only
``groups``            the extension of target groups
``age_band``          the extension of the age band
====================  ==================================================================================================

Names, displays and definitions, responses, instructors, teams, contextAgents and contextGroups, other activities,
other extensions and attachments never do: each may hold what a person wrote or is called.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from schemas.sharing.agreements import Level
from schemas.sharing.pseudonyms import Pseudonyms, names_in, tells_of_somebody
from schemas.training.facts import Facts
from schemas.training.terms import BASE, PSEUDONYMS, UNKNOWN
from schemas.xapi.identity import identity
from schemas.xapi.keys import VOIDED

_EXTENSIONS: Final = f"{BASE}/extensions/"
_ORGANISATIONS: Final = f"{PSEUDONYMS.rpartition('/')[0]}/organisations"
_ASSESSMENT: Final = "http://adlnet.gov/expapi/activities/assessment"
_SCORE: Final = ("scaled", "raw", "min", "max")
_WHEN: Final = frozenset({"first", "last", "ended"})

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Manner:
    """How statements leave under one agreement; ``giver`` is the public id of the organisation that they are from.

    ``programme`` returns the code of a programme, None where the registry knows none; ``unit_key`` what the registry
    calls the unit of a statement's facts, "" where there is none.
    """

    giver: str
    level: Level
    fields: frozenset[str]
    pseudonyms: Pseudonyms
    programme: Callable[[str], str | None]
    unit_key: Callable[[Facts], str]

    @property
    def authority(self) -> dict[str, Any]:
        """Return the Agent of the organisation that statements are from."""
        return {"objectType": "Agent", "account": {"homePage": _ORGANISATIONS, "name": self.giver}}


def people_in(statement: Mapping[str, Any]) -> set[str]:
    """Return the identities of all Agents and Groups of a statement, but for its authority."""
    return {who for agent in _agents(statement) if (who := identity(agent)) is not None}


def shared_statement(
    raw: bytes, facts: Facts, manner: Manner, people: Mapping[str, int], known: Collection[str]
) -> bytes | None:
    """Return a statement as it leaves, None where it is about nobody who travels.

    ``people`` are those of its persons and groups who may travel, by identity, with the numbers that the giver has them
    under; everybody else is left out. ``known`` are all identities that the giver has joined to those of anybody in it:
    no name of theirs is told either.
    """
    statement = _decode(raw)
    actor = _actor(statement["actor"], manner, people)
    if actor is None or (facts.mentored is not None and facts.mentored not in people):
        return None
    if manner.level == "named":
        return _named(raw, statement, people)
    names = names_in(people_in(statement).union(known))
    told: dict[str, Any] = {"id": manner.pseudonyms.uuid("statement", statement["id"]), "actor": actor}
    told["verb"] = {"id": statement["verb"]["id"]}
    told["object"] = _object(statement, facts, manner, people, names)
    told |= {
        name: part
        for name, part in (("result", _result(statement, manner)), ("context", _context(facts, manner)))
        if part
    }
    if not _WHEN.isdisjoint(manner.fields) and "timestamp" in statement:
        told["timestamp"] = statement["timestamp"]
    return _encode(told | _origin(statement, manner))


def shared_voiding(raw: bytes, manner: Manner) -> bytes:
    """Return a statement that voids one that has left, or would have."""
    if manner.level == "named":
        return raw
    statement = _decode(raw)
    told = {
        "id": manner.pseudonyms.uuid("statement", statement["id"]),
        "actor": manner.authority,
        "verb": {"id": VOIDED},
        "object": {
            "objectType": "StatementRef",
            "id": manner.pseudonyms.uuid("statement", statement["object"]["id"]),
        },
    }
    return _encode(told | _origin(statement, manner))


def _origin(statement: Mapping[str, Any], manner: Manner) -> dict[str, Any]:
    version = {"version": statement["version"]} if "version" in statement else {}
    return {"authority": manner.authority} | version


def _actor(actor: Mapping[str, Any], manner: Manner, people: Mapping[str, int]) -> dict[str, Any] | None:
    """Return the actor by pseudonym; None where nobody of it travels."""
    number = people.get(identity(actor) or "")
    if not _is_group(actor):
        return None if number is None else _agent(number, manner)
    members = {people[who] for each in actor.get("member", ()) if (who := identity(each)) is not None and who in people}
    if not members:
        return None
    # In the order of the pseudonyms: that of numbers would tell who came first.
    agents = sorted((_agent(each, manner) for each in members), key=lambda each: str(each["account"]["name"]))
    told: dict[str, Any] = {"objectType": "Group", "member": agents}
    return told if number is None else told | manner.pseudonyms.account(number)


def _agent(number: int, manner: Manner) -> dict[str, Any]:
    return {"objectType": "Agent", **manner.pseudonyms.account(number)}


def _object(
    statement: Mapping[str, Any], facts: Facts, manner: Manner, people: Mapping[str, int], names: Collection[str]
) -> dict[str, Any]:
    if facts.mentored is not None:
        return _agent(people[facts.mentored], manner)
    thing, activity = statement["object"], facts.activity
    if "activity" not in manner.fields or tells_of_somebody(activity, names):
        activity = manner.pseudonyms.activity(activity)
    told: dict[str, Any] = {"objectType": "Activity", "id": activity}
    # An attempt is told as the assessment that it counts for.
    same = thing.get("id") == facts.activity
    type_ = thing.get("definition", {}).get("type") if same else _ASSESSMENT
    if "type" in manner.fields and type_ and not tells_of_somebody(type_, names):
        told["definition"] = {"type": type_}
    return told


def _result(statement: Mapping[str, Any], manner: Manner) -> dict[str, Any]:
    result = statement.get("result", {})
    told: dict[str, Any] = {}
    if "score" in manner.fields and "score" in result:
        told["score"] = {name: result["score"][name] for name in _SCORE if name in result["score"]}
    if "state" in manner.fields:
        told |= {name: result[name] for name in ("success", "completion") if name in result}
    if "seconds" in manner.fields and "duration" in result:
        told["duration"] = result["duration"]
    return told


def _context(facts: Facts, manner: Manner) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if "registration" in manner.fields and facts.registration is not None:
        told["registration"] = manner.pseudonyms.uuid("registration", facts.registration)
    extensions = {f"{_EXTENSIONS}{name}": value for name, value in _extensions(facts, manner)}
    return told | ({"extensions": extensions} if extensions else {})


def _extensions(facts: Facts, manner: Manner) -> Iterator[tuple[str, Any]]:
    if "unit" in manner.fields and (key := manner.unit_key(facts)):
        code, _, since = key.partition("@")
        yield "admin-unit", {"code": code, "asOf": since}
    programmes = {known for name in facts.programmes if (known := manner.programme(name)) is not None}
    if "programmes" in manner.fields and programmes:
        yield "programme", sorted(programmes)
    if "groups" in manner.fields and (groups := [each for each in facts.groups if each != UNKNOWN]):
        yield "target-group", groups
    if "age_band" in manner.fields and facts.age_band != UNKNOWN:
        yield "age-band", facts.age_band


def _named(raw: bytes, statement: dict[str, Any], people: Mapping[str, int]) -> bytes:
    """Return the text as it was stored where everybody in it travels, else without those who do not."""
    if all(_is_group(each) or identity(each) in people for each in _agents(statement)):
        return raw
    told = dict(statement)
    told["actor"] = _known(statement["actor"], people)
    if _is_group(told["object"]):
        told["object"] = _known(told["object"], people)
    context = dict(told.get("context", {}))
    for role in ("instructor", "team"):
        if role in context:
            context[role] = _known(context[role], people)
    for role, inner in (("contextAgents", "agent"), ("contextGroups", "group")):
        if role in context:
            kept = [(each, _known(each[inner], people)) for each in context[role]]
            context[role] = [{**each, inner: agent} for each, agent in kept if agent is not None]
    if context:
        told["context"] = {role: part for role, part in context.items() if part not in (None, [])}
    return _encode(told)


def _known(agent: Mapping[str, Any], people: Mapping[str, int]) -> dict[str, Any] | None:
    """Return an Agent if he travels, or a Group with those of its members who do; None where nothing is left."""
    who = identity(agent)
    if not _is_group(agent):
        return dict(agent) if who in people else None
    members = [each for each in agent.get("member", ()) if identity(each) in people]
    if who is None and not members:
        return None
    told = {name: value for name, value in agent.items() if name != "member"}
    return told | ({"member": members} if members else {})


def _is_group(agent: Mapping[str, Any]) -> bool:
    return agent.get("objectType") == "Group"


def _agents(statement: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    context = statement.get("context", {})
    found = [statement["actor"], context.get("instructor"), context.get("team")]
    found += [each["agent"] for each in context.get("contextAgents", ())]
    found += [each["group"] for each in context.get("contextGroups", ())]
    if statement["object"].get("objectType") in {"Agent", "Group"}:
        found.append(statement["object"])
    for agent in found:
        if agent is not None:
            yield agent
            yield from agent.get("member", ())
