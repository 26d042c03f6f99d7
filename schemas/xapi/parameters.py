"""What the query strings of all resources are read with: every parameter known, once, in its letter case."""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, Final

from schemas.faults import Fault, Refused
from schemas.xapi.agents import load_agent
from schemas.xapi.base import MOST_FAULTS, StrictField, check
from schemas.xapi.fields import UUID
from schemas.xapi.identity import identity
from schemas.xapi.parsing import parse_json
from schemas.xapi.paths import member
from schemas.xapi.timestamps import microseconds
from schemas.xapi.versions import Version

Arguments = Iterable[tuple[str, str]]

# Takes the parameter's name, its text and the version of the request; returns a value or raises Refused.
Reader = Callable[[str, str, Version], Any]

_UUID: Final = UUID()


def read(
    args: list[tuple[str, str]], known: Mapping[str, tuple[str, Reader]], version: Version
) -> tuple[dict[str, Any], list[Fault]]:
    """Return the values of known parameters by their names here, and what is wrong with the others."""
    found: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, text in args:
        if name not in known:
            faults.append(_unknown(name, known))
            continue
        key, reader = known[name]
        if key in found:
            faults.append(repeated(name))
            continue
        found[key] = None
        try:
            found[key] = reader(name, text, version)
        except Refused as refused:
            faults.extend(refused.faults)
    return found, faults


def refuse(faults: list[Fault]) -> None:
    """Raise ``Refused`` if there are faults."""
    if faults:
        raise Refused(islice(faults, MOST_FAULTS))


def repeated(name: str) -> Fault:
    """Return the fault of a parameter that is given several times."""
    return Fault(name, "repeated", "This parameter may be given once only.")


def _unknown(name: str, known: Iterable[str]) -> Fault:
    for each in known:
        if each.lower() == name.lower():
            return Fault(name, "unknown", f"Letter case counts: this parameter is called {each}.")
    return Fault(member("", name), "unknown", "There is no such parameter here.")


def agent(name: str, text: str, _: Version) -> Mapping[str, Any]:
    """Read the JSON of an Agent or Group with an identifier."""
    # Lone surrogates stand for bytes that were no UTF-8: the parser refuses them.
    found = load_agent(parse_json(text.encode("utf-8", "surrogatepass"), path=name), name)
    if identity(found) is None:
        raise Refused.at(name, "identified", "This must be an Agent or a Group with an identifier of its own.")
    return found


def text_of(field: StrictField) -> Reader:
    """Return what reads a text that the field takes."""

    def read(name: str, text: str, _: Version) -> str:
        check(field, text, name)
        return text

    return read


def uuid(name: str, text: str, _: Version) -> str:
    """Read a UUID, into lower case."""
    check(_UUID, text, name)
    return text.lower()


def instant(name: str, text: str, version: Version) -> int:
    """Read a timestamp, into microseconds since 1970."""
    try:
        return microseconds(text, version)
    except ValueError:
        message = "This must be a timestamp, such as 2026-11-23T12:06:07%2B07:00 (a + is written %2B here)."
        raise Refused.at(name, "timestamp", message) from None
