"""Statements without those people whose data were erased.

Whoever was erased stands in what others did as an account that names nobody: the same for all identities of one
erasure, so that people can still be counted. What is told in words is not looked into: no rule finds a name there.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, cast

import msgspec
from msgspec import Raw

from schemas.faults import Refused
from schemas.training.terms import ERASED
from schemas.xapi.formats import with_agents
from schemas.xapi.identity import identity
from schemas.xapi.keys import author_key, identities_in, statement_keys
from schemas.xapi.parsing import parse_json
from schemas.xapi.paths import item, member
from schemas.xapi.statements import Statement

RULE: Final = "erased"
SIGNATURE: Final = "http://adlnet.gov/expapi/attachments/signature"
_SIGNED: Final = (
    "This signed statement names somebody whose data were erased here; it cannot be changed, and so it is not stored."
)
_DOCUMENT: Final = "The data of this person were erased here: no documents are kept about them."

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_members = msgspec.json.Decoder(dict[str, Raw]).decode
_encode = msgspec.json.Encoder().encode


class Rewritten(NamedTuple):
    """A statement without those who were erased: its JSON, its keys, and the hashes of signatures taken off."""

    raw: bytes
    keys: list[bytes]
    signatures: frozenset[str]


class Erased:
    """Knows who was erased: ``name_of`` gives the name of the account for an identity, None for everybody else."""

    def __init__(self, name_of: Callable[[str], str | None]) -> None:
        self._name_of = name_of

    def has(self, who: str | None) -> bool:
        """Tell whether this identity was erased."""
        return who is not None and self._name_of(who) is not None

    def named_in(self, statement: Mapping[str, Any]) -> bool:
        """Tell whether a valid statement names anybody who was erased."""
        return any(self._name_of(who) is not None for who in identities_in(statement))

    def is_own(self, statement: Mapping[str, Any]) -> bool:
        """Tell whether nobody is the actor but who was erased: alone, or as all that is named of a Group."""
        actor = statement["actor"]
        if self.has(identity(actor)):
            return True
        members = actor.get("member", ())
        return bool(members) and all(self.has(identity(each)) for each in members)

    def agent(self, agent: Mapping[str, Any]) -> dict[str, Any]:
        """Return an Agent or Group, its members too, in which the accounts stand for those who were erased."""
        name = None if (who := identity(agent)) is None else self._name_of(who)
        if name is None:
            kept = dict(agent)
        else:
            kept = {n: value for n, value in agent.items() if n in {"objectType", "member"}}
            kept["account"] = {"homePage": ERASED, "name": name}
        if "member" in kept:
            kept["member"] = [self.agent(each) for each in kept["member"]]
        return kept

    def admit(self, statement: Statement, text: bytes, path: str = "") -> tuple[Statement, bytes]:
        """Return a valid statement and its text as they may be stored; raise Refused for a signed one that is not."""
        if not self.named_in(statement):
            return statement, text
        for index, each in enumerate(statement.get("attachments", ())):
            if each["usageType"] == SIGNATURE:
                raise Refused.at(item(member(path, "attachments"), index), RULE, _SIGNED)
        made = with_agents(text, self._turn)
        parsed = cast(Statement, parse_json(made))
        # The id may be known from the request only.
        return (cast(Statement, {"id": statement["id"]} | parsed) if "id" in statement else parsed), made

    def refuse_document(self, who: str | None) -> None:
        """Raise Refused for a document about somebody who was erased: it may say anything of them."""
        if self.has(who):
            raise Refused.at("agent", RULE, _DOCUMENT)

    def without(self, raw: bytes, keys: list[bytes]) -> Rewritten:
        """Return a stored statement, and the keys that it is found by, without those who were erased.

        A signature holds all that was signed, and no longer fits: it is taken off.
        """
        members = _members(with_agents(raw, self._turn))
        attached = msgspec.json.decode(members.get("attachments", b"[]"), type=list[dict[str, Any]])
        kept = [each for each in attached if each["usageType"] != SIGNATURE]
        if len(kept) < len(attached):
            members["attachments"] = Raw(_encode(kept))
            if not kept:
                del members["attachments"]
        made = _encode(members)
        signed = frozenset(each["sha2"].lower() for each in attached if each["usageType"] == SIGNATURE)
        return Rewritten(made, _rekeyed(keys, _decode(raw), _decode(made)), signed)

    def _turn(self, raw: Raw) -> Raw:
        agent = _decode(raw)
        shown = self.agent(agent)
        return raw if shown == agent else Raw(_encode(shown))


def _rekeyed(keys: list[bytes], before: Mapping[str, Any], after: Mapping[str, Any]) -> list[bytes]:
    """Return keys of which those are others that the statement itself tells: what else they were made of stays."""
    old, new = (set(statement_keys(each, each["authority"])) for each in (before, after))
    # One that was relayed is stored under another authority than it tells.
    if author_key(before["authority"]) not in keys:
        new.discard(author_key(after["authority"]))
    return sorted((set(keys) - (old - new)) | (new - old))
