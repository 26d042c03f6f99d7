"""What everybody should be told: a model of the specification's rules, written without the code under test.

It knows what was posted by whom, in which order, and nothing else. Whatever the server answers is held against it.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

VOIDED = "http://adlnet.gov/expapi/verbs/voided"

HOST = "first"
READS_ALL = {"statements/read", "all/read", "all"}
ALLOWED = {
    "read": READS_ALL | {"statements/read/mine"},
    "write": {"statements/write", "all"},
    "agents": READS_ALL | {"statements/read/mine"},
    "activities": READS_ALL | {"define"},
    "define": {"define", "all"},
    "state": {"state", "all"},
    "state/read": {"state", "all/read", "all"},
    "profile": {"profile", "all"},
    "profile/read": {"profile", "all/read", "all"},
    "credentials": {"credentials", "admin"},
    "admin": {"admin"},
    "audit/read": {"audit/read"},
    "records/read": {"records/read"},
    "reports/read": {"reports/read", "records/read"},
    "imports/write": {"imports/write"},
    "reviews": {"records/read", "credentials", "admin"},
    "share": {"share"},
    "shared/read": {"share", "records/read"},
    "subjects": {"subjects"},
    "dossier": {"admin", "audit/read"},
}


@dataclass(frozen=True)
class Key:
    """One credential, or a token of it. ``mark`` stands in all that it posts, ``secret`` in nothing but its header."""

    organisation: str
    name: str
    secret: str
    scopes: frozenset[str]
    mark: str
    token: str = ""

    def may(self, right: str) -> bool:
        if right == "host":
            return self.organisation == HOST and self.may("admin")
        return not self.scopes.isdisjoint(ALLOWED[right])

    @property
    def reads_all(self) -> bool:
        return not self.scopes.isdisjoint(READS_ALL)

    @property
    def authority(self) -> dict[str, Any]:
        return {"objectType": "Agent", "account": {"homePage": "https://hoc.example.vn", "name": self.name}}


@dataclass(eq=False)
class Held:
    """A statement that was accepted; ``files`` are the data that its own request brought, by hash."""

    key: Key
    statement: dict[str, Any]
    order: int
    files: dict[str, bytes] = field(default_factory=dict)
    stored: str = ""  # until the server has told: after all that it has told of

    @property
    def id(self) -> str:
        return str(self.statement["id"])

    @property
    def refers(self) -> str | None:
        found = self.statement["object"]
        return found["id"] if found.get("objectType") == "StatementRef" else None

    @property
    def voiding(self) -> bool:
        return bool(self.statement["verb"]["id"] == VOIDED)


@dataclass
class Document:
    """A state or profile; ``tag`` is the server's own choice, told in its answers."""

    body: bytes
    tag: str


Place = tuple[str, str | None, str | None, str | None]
"""Kind, activity, agent, registration: where documents have their names."""


class Model:
    """Everything that five organisations have stored."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Held] = {}
        self.documents: dict[tuple[str, Place, str], Document] = {}
        self._definitions: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._voided: set[tuple[str, str | None]] = set()

    def add(self, key: Key, statement: dict[str, Any], files: dict[str, bytes] | None = None) -> None:
        """Note that a statement was accepted; one that is there already stays as it is."""
        for activity in _all_activities(statement) if key.may("define") else ():
            if "definition" in activity:
                self._definitions.setdefault((key.organisation, activity["id"]), []).append(activity["definition"])
        if (key.organisation, statement["id"]) in self._held:
            return
        held = Held(key, statement, len(self._held), files or {})
        self._held[key.organisation, held.id] = held
        if held.voiding:
            self._voided.add((key.organisation, held.refers))

    def of(self, organisation: str) -> list[Held]:
        return [held for (owner, _), held in self._held.items() if owner == organisation]

    def get(self, organisation: str, statement_id: str) -> Held | None:
        return self._held.get((organisation, statement_id))

    def sees(self, key: Key, held: Held) -> bool:
        return held.key.organisation == key.organisation and (key.reads_all or held.key.name == key.name)

    def is_voided(self, held: Held) -> bool:
        return not held.voiding and (held.key.organisation, held.id) in self._voided

    def one(self, key: Key, statement_id: str, *, voided: bool) -> Held | None:
        """Return what GET by id gives."""
        held = self.get(key.organisation, statement_id)
        return held if held and self.sees(key, held) and self.is_voided(held) is voided else None

    def find(self, key: Key, query: dict[str, str]) -> list[Held]:
        """Return what a walk through all pages gives, in its order."""
        filters = {name: query[name] for name in ("agent", "verb", "activity", "registration") if name in query}
        found = [
            held
            for held in self.of(key.organisation)
            if self.sees(key, held)
            and not self.is_voided(held)
            and query.get("since", "") < (held.stored or "8") <= query.get("until", "9")
            and any(meets(each, query) for each in ([held, *self._reached(key, held)] if filters else [held]))
        ]
        return found if query.get("ascending") == "true" else found[::-1]

    def _reached(self, key: Key, held: Held) -> Iterator[Held]:
        """Yield what a statement refers to, and what that refers to, as far as the reader may see each of them."""
        passed, target = {held.id}, held.refers
        while target is not None and target not in passed:
            passed.add(target)
            found = self.get(held.key.organisation, target)
            if found is None or not self.sees(key, found):
                return
            yield found
            target = found.refers

    def definitions(self, organisation: str, activity: str) -> list[dict[str, Any]]:
        """Return what an activity may be called: which of those who may define it was last is agreed on in a minute."""
        return self._definitions.get((organisation, activity), [])

    def names_of(self, key: Key, agent: dict[str, Any]) -> list[set[str]]:
        """Return the names of an agent in every statement that a reader finds it by, newest first."""
        found = self.find(key, {"agent": json.dumps(agent)})
        return [{who["name"] for who in _near(each.statement) if _is(who, agent) and "name" in who} for each in found]

    def names(self, key: Key, place: Place) -> list[str]:
        """Return the names of documents; without a registration, those of all."""
        kind, activity, agent, registration = place
        return sorted(
            {
                name
                for (owner, (k, a, w, r), name) in self.documents
                if owner == key.organisation and (k, a, w) == (kind, activity, agent) and registration in (None, r)
            }
        )


def meets(held: Held, query: dict[str, str]) -> bool:
    """Tell whether one statement by itself has all that the filters ask for (Communication 2.1.3)."""
    statement, related = held.statement, query.get("related_agents") == "true"
    if "verb" in query and statement["verb"]["id"] != query["verb"]:
        return False
    if "registration" in query and statement.get("context", {}).get("registration") != query["registration"]:
        return False
    if "agent" in query:
        who = json.loads(query["agent"])
        there = [*_near(statement), *(_far(statement, held.key.authority) if related else [])]
        if not any(_is(each, who) for each in there):
            return False
    if "activity" in query:
        wide = query.get("related_activities") == "true"
        there = list(_all_activities(statement)) if wide else [statement["object"]]
        if not any(each.get("id") == query["activity"] for each in there if _activity(each)):
            return False
    return True


def _activity(thing: dict[str, Any]) -> bool:
    return thing.get("objectType", "Activity") == "Activity"


def _is(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Tell whether two agents are the same, for the two kinds of identifiers that the matrix uses."""
    return any(name in one and one.get(name) == other.get(name) for name in ("mbox", "account"))


def _people(agent: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield agent
    yield from agent.get("member", ())


def _near(statement: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from _people(statement["actor"])
    if statement["object"].get("objectType") in ("Agent", "Group"):
        yield from _people(statement["object"])


def _far(statement: dict[str, Any], authority: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
    if authority:
        yield authority
    context = statement.get("context", {})
    for name in ("instructor", "team"):
        if name in context:
            yield from _people(context[name])
    for entry in context.get("contextAgents", ()):
        yield from _people(entry["agent"])
    for entry in context.get("contextGroups", ()):
        yield from _people(entry["group"])
    if statement["object"].get("objectType") == "SubStatement":
        yield from _near(statement["object"])
        yield from _far(statement["object"])


def _all_activities(statement: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if _activity(statement["object"]):
        yield statement["object"]
    for several in statement.get("context", {}).get("contextActivities", {}).values():
        yield from several
    if statement["object"].get("objectType") == "SubStatement":
        yield from _all_activities(statement["object"])


def told(held: Held, said: dict[str, Any]) -> bool:
    """Tell whether an answer in the exact format is this statement, and nothing beside."""
    added = {"authority": held.key.authority}
    given = {name: value for name, value in said.items() if name not in ("stored", "timestamp", "version")}
    return given == held.statement | added and (not held.stored or said["stored"] == held.stored)


def ids(found: Iterable[Held]) -> list[str]:
    return [held.id for held in found]
