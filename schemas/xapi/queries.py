"""The query strings of the Statement Resource as values (Communication 2.1.1 and 2.1.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from schemas.faults import Fault, Refused
from schemas.xapi.fields import KeyIRI
from schemas.xapi.parameters import Arguments, Reader, agent, instant, read, refuse, text_of, uuid
from schemas.xapi.versions import Version

Format = Literal["ids", "exact", "canonical"]

# A larger limit asks for no more than this one; any store's page is smaller.
_LARGEST_LIMIT: Final = 10**9
_FORMATS: Final = ("ids", "exact", "canonical")
_BOOLEANS: Final = {"true": True, "false": False}
_BESIDE_AN_ID: Final = frozenset(("format", "attachments"))


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
    found, faults = read(args, _FILTERS, version)
    faults += _conflicts({name for name, _ in args if name in _FILTERS})
    refuse(faults)
    return StatementQuery(**found)


def load_put_query(args: Arguments) -> str:
    """Return the id, in lower case, that ``PUT /statements`` stores under; ``Refused`` if it has another parameter."""
    args = list(args)
    found, faults = read(args, {"statementId": _FILTERS["statementId"]}, "2.0.0")
    if not any(name == "statementId" for name, _ in args):
        faults.append(Fault("statementId", "required", "PUT needs the id to store the statement under."))
    refuse(faults)
    return str(found["statement_id"])


def _conflicts(names: set[str]) -> list[Fault]:
    """Return a fault for every parameter that may not stand beside the id of one statement."""
    first = next((name for name in ("statementId", "voidedStatementId") if name in names), None)
    if first is None:
        return []
    message = f"This may not be combined with {first}: only format and attachments may."
    return [Fault(name, "conflict", message) for name in _FILTERS if name in names - {first} - _BESIDE_AN_ID]


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


# The name on the wire, the name here, and what reads it.
_FILTERS: Final[Mapping[str, tuple[str, Reader]]] = {
    "statementId": ("statement_id", uuid),
    "voidedStatementId": ("voided_statement_id", uuid),
    "agent": ("agent", agent),
    "verb": ("verb", text_of(KeyIRI())),
    "activity": ("activity", text_of(KeyIRI())),
    "registration": ("registration", uuid),
    "related_activities": ("related_activities", _boolean),
    "related_agents": ("related_agents", _boolean),
    "since": ("since", instant),
    "until": ("until", instant),
    "limit": ("limit", _limit),
    "ascending": ("ascending", _boolean),
    "format": ("format", _format),
    "attachments": ("attachments", _boolean),
}
