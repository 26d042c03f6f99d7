"""What becomes of a statement or a document before it is stored, as its sender's policy has it.

``identities``  keep, or pseudonymise: identities that name somebody beyond their source, and all names of Agents, are
                replaced wherever they stand
``contents``    what ``contents`` forbids is refused: nowhere (allow), in statements that speak the digital-skills
                profile (profile, unless another word is said), or in all (refuse). Under refuse the names of
                documents are judged too, and documents of JSON for numbers of persons; others are not looked into
``minors``      keep; refuse what tells of somebody under 16 who has not consented to training, as ``minors`` reads it;
                or keep no more than a head-count of it (headcount). Who has consented, a service looks up

Identities are replaced first: what was replaced is not refused.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal, cast

import msgspec
from msgspec import Raw

from schemas.faults import Fault, Refused
from schemas.training.contents import forbidden, forbidden_in_document, forbidden_in_names, speaks_profile
from schemas.training.minors import WORDS, Policy
from schemas.training.persons import Pseudonyms
from schemas.training.terms import BASE
from schemas.xapi.base import MOST_FAULTS
from schemas.xapi.formats import with_agents
from schemas.xapi.parsing import parse_json
from schemas.xapi.paths import item, member
from schemas.xapi.statements import Statement

Contents = Literal["allow", "profile", "refuse"]
IDENTITIES: Final = ("keep", "pseudonymise")
CONTENTS: Final = ("profile", "refuse", "allow")
MINORS: Final = WORDS

_SIGNATURE: Final = "http://adlnet.gov/expapi/attachments/signature"
_SIGNED: Final = "A signed statement cannot be changed, and identities in it would have to be replaced."
# Looked for in the text as it came: nothing in it is escaped by any encoder.
_MARK: Final = BASE.rpartition("/")[2].encode()

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Intake:
    """A policy; with ``pseudonyms`` identities are replaced. Without ``minors`` nothing is asked of any statement."""

    contents: Contents = "profile"
    pseudonyms: Pseudonyms | None = None
    minors: Policy | None = None

    def admit(self, statement: Statement, text: bytes, path: str = "") -> tuple[Statement, bytes]:
        """Return a valid statement and its text as they may be stored; raise Refused with paths below ``path``."""
        if self.pseudonyms is not None:
            statement, text = _replaced(statement, text, self.pseudonyms, path)
        if self._judges(statement, text):
            _refuse(forbidden(statement, path))
        return statement, text

    def admit_document(self, names: Mapping[str, str | None], body: bytes | None) -> None:
        """Raise Refused for a document that may not be stored.

        ``names`` are those that the request gives it, by parameter. ``body`` is that of a JSON document, None for all
        others; one that is no JSON after all is judged as a text.
        """
        if self.contents != "refuse":
            return
        _refuse(forbidden_in_names(names))
        if body is not None:
            try:
                value = parse_json(body)
            except Refused:
                value = body.decode(errors="replace")
            _refuse(forbidden_in_document(value))

    def _judges(self, statement: Statement, text: bytes) -> bool:
        if self.contents == "profile":
            # Most senders know nothing of the profile, and pay for no more than this.
            return _MARK in text and speaks_profile(statement)
        return self.contents == "refuse"

    def agent(self, agent: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return who is meant by an Agent or Group that is asked for."""
        return agent if self.pseudonyms is None else self.pseudonyms.agent(agent)

    def identity(self, who: str | None) -> str | None:
        """Return who is meant by a canonical identity."""
        return who if self.pseudonyms is None or not who else self.pseudonyms.identity(who)


DEFAULT: Final = Intake()


def _replaced(statement: Statement, text: bytes, pseudonyms: Pseudonyms, path: str) -> tuple[Statement, bytes]:
    changed = False

    def turn(raw: Raw) -> Raw:
        nonlocal changed
        agent = _decode(raw)
        shown = pseudonyms.agent(agent)
        if shown == agent:
            return raw
        changed = True
        return Raw(_encode(shown))

    made = with_agents(text, turn)
    if not changed:
        return statement, text
    for index, each in enumerate(statement.get("attachments", ())):
        if each["usageType"] == _SIGNATURE:
            raise Refused.at(item(member(path, "attachments"), index), "signed", _SIGNED)
    parsed = cast(Statement, parse_json(made))
    # It may be known from the request only.
    return (cast(Statement, {"id": statement["id"]} | parsed) if "id" in statement else parsed), made


def _refuse(faults: Iterable[Fault]) -> None:
    if found := tuple(islice(faults, MOST_FAULTS)):
        raise Refused(found)
