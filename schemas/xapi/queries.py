"""The query strings of the Statement Resource as values (Communication 2.1.1 and 2.1.3)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal

from schemas.faults import Fault, Refused
from schemas.xapi.agents import load_agent
from schemas.xapi.base import MOST_FAULTS, StrictField, check
from schemas.xapi.fields import UUID, KeyIRI
from schemas.xapi.identity import identity
from schemas.xapi.parsing import parse_json
from schemas.xapi.paths import member
from schemas.xapi.timestamps import microseconds
from schemas.xapi.versions import Version

Format = Literal["ids", "exact", "canonical"]
Arguments = Iterable[tuple[str, str]]

# A larger limit asks for no more than this one; any store's page is smaller.
_LARGEST_LIMIT: Final = 10**9
_FORMATS: Final = ("ids", "exact", "canonical")
_BOOLEANS: Final = {"true": True, "false": False}
_BESIDE_AN_ID: Final = frozenset(("format", "attachments"))

_Reader = Callable[[str, str, Version], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementQuery:
    """What one reader asks for. Ids are in lower case, instants in microseconds since 1970, no limit is 0."""

    statement_id: str | None = None
    voided_statement_id: str | None = None
    agent: Mapping[str, Any] | None = None
    verb: str | None = None
    activity: str | None = None
    registration: str | None = None
    related_activities: bool = False
    related_agents: bool = False
    since: int | None = None
    until: int | None = None
    limit: int = 0
    ascending: bool = False
    format: Format = "exact"
    attachments: bool = False


def load_statement_query(args: Arguments, version: Version) -> StatementQuery:
    """Return what the parameters of ``GET /statements`` ask for; ``Refused`` with the name of each at fault."""
    args = list(args)
    found, faults = _read(args, _FILTERS, version)
    faults += _conflicts({name for name, _ in args if name in _FILTERS})
    _refuse(faults)
    return StatementQuery(**found)


def load_put_query(args: Arguments) -> str:
    """Return the id, in lower case, that ``PUT /statements`` stores under; ``Refused`` if it has another parameter."""
    args = list(args)
    found, faults = _read(args, {"statementId": _FILTERS["statementId"]}, "2.0.0")
    if not any(name == "statementId" for name, _ in args):
        faults.append(Fault("statementId", "required", "PUT needs the id to store the statement under."))
    _refuse(faults)
    return str(found["statement_id"])


def _read(
    args: list[tuple[str, str]], known: Mapping[str, tuple[str, _Reader]], version: Version
) -> tuple[dict[str, Any], list[Fault]]:
    """Return the values of known parameters by their names here, and what is wrong with the others."""
    found: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, text in args:
        if name not in known:
            faults.append(_unknown(name, known))
            continue
        key, read = known[name]
        if key in found:
            faults.append(Fault(name, "repeated", "This parameter may be given once only."))
            continue
        found[key] = None
        try:
            found[key] = read(name, text, version)
        except Refused as refused:
            faults.extend(refused.faults)
    return found, faults


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise Refused(islice(faults, MOST_FAULTS))


def _unknown(name: str, known: Iterable[str]) -> Fault:
    for each in known:
        if each.lower() == name.lower():
            return Fault(name, "unknown", f"Letter case counts: this parameter is called {each}.")
    return Fault(member("", name), "unknown", "There is no such parameter here.")


def _conflicts(names: set[str]) -> list[Fault]:
    """Return a fault for every parameter that may not stand beside the id of one statement."""
    first = next((name for name in ("statementId", "voidedStatementId") if name in names), None)
    if first is None:
        return []
    message = f"This may not be combined with {first}: only format and attachments may."
    return [Fault(name, "conflict", message) for name in _FILTERS if name in names - {first} - _BESIDE_AN_ID]


def _agent(name: str, text: str, _: Version) -> Mapping[str, Any]:
    # Lone surrogates stand for bytes that were no UTF-8: the parser refuses them.
    agent = load_agent(parse_json(text.encode("utf-8", "surrogatepass"), path=name), name)
    if identity(agent) is None:
        raise Refused.at(name, "identified", "This must be an Agent or a Group with an identifier of its own.")
    return agent


def _text_of(field: StrictField) -> _Reader:
    def read(name: str, text: str, _: Version) -> str:
        check(field, text, name)
        return text

    return read


def _uuid(name: str, text: str, _: Version) -> str:
    check(_UUID, text, name)
    return text.lower()


def _instant(name: str, text: str, version: Version) -> int:
    try:
        return microseconds(text, version)
    except ValueError:
        message = "This must be a timestamp, such as 2026-11-23T12:06:07%2B07:00 (a + is written %2B here)."
        raise Refused.at(name, "timestamp", message) from None


def _boolean(name: str, text: str, _: Version) -> bool:
    # Clients in Python send their own True and False.
    if (found := _BOOLEANS.get(text.lower())) is None:
        raise Refused.at(name, "boolean", "This must be true or false.")
    return found


def _limit(name: str, text: str, _: Version) -> int:
    if not (text.isascii() and text.isdigit()):
        raise Refused.at(name, "number", "This must be a whole number, 0 or more.")
    digits = text.lstrip("0")
    return int(digits or 0) if len(digits) < len(str(_LARGEST_LIMIT)) else _LARGEST_LIMIT


def _format(name: str, text: str, _: Version) -> str:
    if text not in _FORMATS:
        raise Refused.at(name, "choice", f"This must be one of {', '.join(_FORMATS)}.")
    return text


_UUID: Final = UUID()

# The name on the wire, the name here, and what reads it.
_FILTERS: Final[Mapping[str, tuple[str, _Reader]]] = {
    "statementId": ("statement_id", _uuid),
    "voidedStatementId": ("voided_statement_id", _uuid),
    "agent": ("agent", _agent),
    "verb": ("verb", _text_of(KeyIRI())),
    "activity": ("activity", _text_of(KeyIRI())),
    "registration": ("registration", _uuid),
    "related_activities": ("related_activities", _boolean),
    "related_agents": ("related_agents", _boolean),
    "since": ("since", _instant),
    "until": ("until", _instant),
    "limit": ("limit", _limit),
    "ascending": ("ascending", _boolean),
    "format": ("format", _format),
    "attachments": ("attachments", _boolean),
}
