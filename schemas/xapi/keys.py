"""Query keys: what a statement can be found by, as short digests for one index.

    v   its verb                          r   its registration
    a   an Agent or Group that is its actor or object, or a member of one
    o   the Activity that is its object
    ra  any other Agent or Group in it    ro  any other Activity in it
    m   the authority it is stored under: what "mine" means to a reader
    g   the Group that is its actor       c   the organisation that it is about

``ra`` and ``ro`` leave out what is there as ``a`` and ``o``: a query for related agents asks for either.
"""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

from schemas.xapi.identity import identity
from schemas.xapi.queries import StatementQuery

VOIDED: Final = "http://adlnet.gov/expapi/verbs/voided"

_SIZE: Final = 12
# Few verbs, courses and learners make up most statements. Long texts stay out, so that the cache
# cannot be filled with megabytes.
_CACHED: Final = 16_384
_CACHED_LENGTH: Final = 256


def statement_keys(
    statement: Mapping[str, Any], authority: Mapping[str, Any], origin: Mapping[str, Any] | None = None
) -> list[bytes]:
    """Return the keys of a valid statement stored under that authority, sorted, each once.

    ``origin`` is the authority that it tells, where that is another: one who relayed it still finds it as its own.
    """
    near, far = _Found(), _Found()
    far.add_agent(authority if origin is None else origin)
    near.add_agent(statement["actor"])
    near.add_object(statement["object"])
    if statement["object"].get("objectType") == "SubStatement":
        far.add_agent(statement["object"]["actor"])
        far.add_object(statement["object"]["object"])
        far.add_context(statement["object"].get("context"))
    context = statement.get("context")
    far.add_context(context)
    keys = {_key("v", statement["verb"]["id"]), author_key(authority)}
    keys.update([_key("a", each) for each in near.agents])
    keys.update([_key("o", each) for each in near.activities])
    keys.update([_key("ra", each) for each in far.agents if each not in near.agents])
    keys.update([_key("ro", each) for each in far.activities if each not in near.activities])
    if context and "registration" in context:
        keys.add(_digest("r", context["registration"].lower()))
    if statement["actor"].get("objectType") == "Group" and (who := identity(statement["actor"])) is not None:
        keys.add(_key("g", who))
    return sorted(keys)


def query_keys(query: StatementQuery) -> list[list[bytes]]:
    """Return what a query asks of keys: of every inner list a statement must have at least one."""
    wanted: list[list[bytes]] = []
    if query.verb is not None:
        wanted.append([_key("v", query.verb)])
    if query.registration is not None:
        wanted.append([_digest("r", query.registration.lower())])
    if query.activity is not None:
        kinds = ("o", "ro") if query.related_activities else ("o",)
        wanted.append([_key(kind, query.activity) for kind in kinds])
    if query.agent is not None:
        kinds = ("a", "ra") if query.related_agents else ("a",)
        # An agent nobody can be recognised by is found nowhere: no alternative is left.
        who = identity(query.agent)
        wanted.append([] if who is None else [_key(kind, who) for kind in kinds])
    return wanted


def author_key(authority: Mapping[str, Any]) -> bytes:
    """Return the key of everything stored under this authority.

    An anonymous Group, as of an application and its user (Data 2.4.2.3), is known by its members.
    """
    who = identity(authority)
    if who is None:
        who = "\0".join(["group:", *sorted(identity(each) or "" for each in authority.get("member", ()))])
    return _key("m", who)


def agent_key(agent: Mapping[str, Any]) -> bytes:
    """Return the key of everything that this Agent is the actor or object of; of nothing, for one without identity."""
    return _key("a", identity(agent) or "")


def person_key(who: str) -> bytes:
    """Return the key of everything that the Agent or Group with this identity is the actor or object of, or in one."""
    return _key("a", who)


def group_key(who: str) -> bytes:
    """Return the key of everything whose actor is the Group with this identity."""
    return _key("g", who)


def organisation_key(code: str) -> bytes:
    """Return the key of everything that is about the organisation with this code."""
    return _key("c", code)


def activity_keys(activity: str) -> list[bytes]:
    """Return the keys that every statement has one of which names this Activity anywhere."""
    return [_key("o", activity), _key("ro", activity)]


def mention_keys(who: str) -> list[bytes]:
    """Return the keys that every statement has at least one of which names this identity anywhere."""
    return [_key("a", who), _key("ra", who)]


def registration_key(registration: str) -> bytes:
    """Return the key of everything in this registration."""
    return _digest("r", registration.lower())


def identities_in(statement: Mapping[str, Any]) -> list[str]:
    """Return the identities of all Agents and Groups in a valid statement, with repetitions."""
    found, thing = _Found(), statement["object"]
    for part in (statement, thing) if thing.get("objectType") == "SubStatement" else (statement,):
        found.add_agent(part["actor"])
        found.add_object(part["object"])
        found.add_context(part.get("context"))
    if (authority := statement.get("authority")) is not None:
        found.add_agent(authority)
    return found.agents


def refers_to(statement: Mapping[str, Any]) -> str | None:
    """Return the id, in lower case, of the statement that this one has as its object, if any."""
    found = statement["object"]
    return found["id"].lower() if found.get("objectType") == "StatementRef" else None


def is_voiding(statement: Mapping[str, Any]) -> bool:
    """Tell whether a valid statement voids another (Data 2.3.2)."""
    return bool(statement["verb"]["id"] == VOIDED)


class _Found:
    """Identities and Activity ids collected from parts of one statement, with repetitions."""

    __slots__ = ("activities", "agents")

    def __init__(self) -> None:
        self.agents: list[str] = []
        self.activities: list[str] = []

    def add_agent(self, agent: Mapping[str, Any]) -> None:
        """Collect an Agent, or a Group and its members, as far as they have an identity."""
        if (who := identity(agent)) is not None:
            self.agents.append(who)
        for member in agent.get("member", ()):
            self.add_agent(member)

    def add_object(self, found: Mapping[str, Any]) -> None:
        """Collect the object of a statement or sub-statement if it is an Activity, Agent or Group."""
        kind = found.get("objectType", "Activity")
        if kind == "Activity":
            self.activities.append(found["id"])
        elif kind in ("Agent", "Group"):
            self.add_agent(found)

    def add_context(self, context: Mapping[str, Any] | None) -> None:
        """Collect everyone and every Activity in a context."""
        if not context:
            return
        for name, value in context.items():
            if name == "contextActivities":
                for several in value.values():
                    one = isinstance(several, dict)
                    self.activities += [each["id"] for each in ([several] if one else several)]
            elif name in ("instructor", "team"):
                self.add_agent(value)
            elif name in ("contextAgents", "contextGroups"):
                for entry in value:
                    self.add_agent(entry["agent" if name == "contextAgents" else "group"])


def _key(kind: str, text: str) -> bytes:
    return _cached(kind, text) if len(text) <= _CACHED_LENGTH else _digest(kind, text)


def _digest(kind: str, text: str) -> bytes:
    return blake2b(f"{kind} {text}".encode(), digest_size=_SIZE).digest()


_cached = lru_cache(_CACHED)(_digest)
