"""The Person object: what is known of one Agent, as arrays (Communication 2.4)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from schemas.xapi.agents import IDENTIFIERS
from schemas.xapi.identity import identity

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_PROPERTIES: Final = ("name", *IDENTIFIERS)


def person(agent: Mapping[str, Any], statements: Iterable[bytes]) -> dict[str, Any]:
    """Return the Person of a valid Agent: what was asked for, and how these statements call the same Agent.

    Only one identity is told of: that two identities are one human is for nobody to learn here.
    """
    who = identity(agent)
    seen = [each for raw in statements for each in _agents(_decode(raw)) if identity(each) == who]
    result: dict[str, Any] = {"objectType": "Person"}
    for each in (agent, *seen):
        for name in _PROPERTIES:
            if name in each and each[name] not in result.setdefault(name, []):
                result[name].append(each[name])
    return result


def _agents(statement: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the actor, an object that is an Agent or Group, and the members of both."""
    for part in (statement["actor"], statement["object"]):
        if part is statement["actor"] or part.get("objectType") in ("Agent", "Group"):
            yield part
            yield from part.get("member", ())
