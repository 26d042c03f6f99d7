"""The query strings of all resources but that of statements (Communication 2.2 to 2.7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from schemas.faults import Fault, Refused
from schemas.xapi.fields import KeyIRI, KeyText
from schemas.xapi.identity import identity
from schemas.xapi.parameters import Arguments, Reader, agent, instant, read, refuse, text_of, uuid
from schemas.xapi.versions import Version

Kind = Literal["state", "activity profile", "agent profile"]
Method = Literal["GET", "PUT", "POST", "DELETE"]

# Learners come back with the same text at every slide. Long texts stay out, so that the cache
# cannot be filled with megabytes.
_CACHED: Final = 16_384
_CACHED_LENGTH: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentQuery:
    """Which documents: one by its ``name`` (stateId or profileId), or all that the rest applies to.

    ``agent`` is the canonical identity, ``registration`` in lower case, ``since`` microseconds since 1970.
    """

    kind: Kind
    activity: str | None = None
    agent: str | None = None
    registration: str | None = None
    name: str | None = None
    since: int | None = None


def load_document_query(kind: Kind, method: Method, args: Arguments, version: Version) -> DocumentQuery:
    """Return which documents a request is about; ``Refused`` with the name of each parameter at fault."""
    args = list(args)
    known = _PARAMETERS[kind] | (_SINCE if method == "GET" else {})
    found, faults = read(args, known, version)
    given = {name for name, _ in args}
    faults += [Fault(name, "required", _REQUIRED) for name in _required(kind, method) if name not in given]
    if _NAMES[kind] in given and "since" in given and method == "GET":
        faults.append(Fault("since", "conflict", f"This may not be combined with {_NAMES[kind]}."))
    refuse(faults)
    return DocumentQuery(kind=kind, **found)


def load_activity_query(args: Arguments, version: Version) -> str:
    """Return the id of the Activity that is asked for; ``Refused`` with the name of each parameter at fault."""
    found: str = _only(args, "activityId", _activity, version)
    return found


def load_agent_query(args: Arguments, version: Version) -> Mapping[str, Any]:
    """Return the Agent that is asked for; ``Refused`` with the name of each parameter at fault."""
    found: Mapping[str, Any] = _only(args, "agent", agent, version)
    return found


def _only(args: Arguments, name: str, reader: Reader, version: Version) -> Any:
    found, faults = read(list(args), {name: (name, reader)}, version)
    if name not in found:
        faults.append(Fault(name, "required", _REQUIRED))
    refuse(faults)
    return found[name]


def _required(kind: Kind, method: Method) -> list[str]:
    several = method == "GET" or (method == "DELETE" and kind == "state")
    optional = {"registration", _NAMES[kind]} if several else {"registration"}
    return [name for name in _PARAMETERS[kind] if name not in optional]


def _who(name: str, text: str, version: Version) -> str:
    return (_known if len(text) <= _CACHED_LENGTH else _identity)(name, text, version)


def _identity(name: str, text: str, version: Version) -> str:
    return identity(agent(name, text, version)) or ""


_known = lru_cache(_CACHED)(_identity)


def _name(name: str, text: str, version: Version) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Refused.at(name, "utf-8", "This must be UTF-8.") from None
    found: str = _key(name, text, version)
    return found


_REQUIRED: Final = "This parameter is needed here."
_NAMES: Final[Mapping[Kind, str]] = {
    "state": "stateId",
    "activity profile": "profileId",
    "agent profile": "profileId",
}

_key: Final = text_of(KeyText())
_activity: Final = text_of(KeyIRI())

_SINCE: Final[dict[str, tuple[str, Reader]]] = {"since": ("since", instant)}
# The name on the wire, the name here, and what reads it.
_PARAMETERS: Final[Mapping[Kind, dict[str, tuple[str, Reader]]]] = {
    "state": {
        "activityId": ("activity", _activity),
        "agent": ("agent", _who),
        "registration": ("registration", uuid),
        "stateId": ("name", _name),
    },
    "activity profile": {"activityId": ("activity", _activity), "profileId": ("name", _name)},
    "agent profile": {"agent": ("agent", _who), "profileId": ("name", _name)},
}
