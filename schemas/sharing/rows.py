"""Training records as they leave an organisation: the fields that an agreement names, and nothing else.

Unless people are named by the agreement, a record says who it is about by a pseudonym, its id and registration are
keyed, programmes are codes of the registry, and an activity whose id would tell of somebody is keyed as well. An
organisation (a company, a host) is told where it is a code, and no text.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from schemas.sharing.agreements import Level
from schemas.sharing.pseudonyms import Pseudonyms, names_in, tells_of_somebody
from schemas.training.persons import agent_of
from schemas.training.records import Standing
from schemas.xapi.timestamps import iso

FIELDS: Final = (
    "is_group",
    "activity",
    "registration",
    "type",
    "kind",
    "state",
    "first",
    "last",
    "ended",
    "attempts",
    "score",
    "seconds",
    "unit",
    "unit_as_of",
    "programmes",
    "groups",
    "age_band",
    "statements",
    "organisation",
    "flags",
)
"""The fields of a record that an agreement may name; its id and whose it is always travel."""
NAMING_FIELDS: Final = ("identities",)
"""Those that travel only where the agreement names people."""

_AS_THEY_STAND: Final = ("kind", "state", "attempts", "seconds", "unit", "groups", "statements", "flags")

_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")

_encode = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True, slots=True)
class Whose:
    """The record's key, its learner's number and identities, and what it is about."""

    record: bytes
    learner: int
    identities: Sequence[str]
    activity: str
    registration: str | None


class Rows:
    """Makes rows under one agreement.

    ``place`` returns what the unit of a record is today, ``programme`` the code of a programme, None where the registry
    knows none: what is not known there may be any text.
    """

    def __init__(
        self,
        level: Level,
        fields: Sequence[str],
        pseudonyms: Pseudonyms,
        place: Callable[[str], Mapping[str, str] | None],
        programme: Callable[[str], str | None],
    ) -> None:
        self._named = level == "named"
        allowed = (*NAMING_FIELDS, *FIELDS) if self._named else FIELDS
        self._fields = tuple(each for each in allowed if each in fields)
        self._pseudonyms = pseudonyms
        self._place = place
        self._programme = programme

    def content(self, whose: Whose, standing: Standing) -> bytes:
        """Return the JSON of a record; equal records give equal bytes."""
        told: dict[str, Any] = {
            "id": self._pseudonyms.row(whose.record).hex(),
            "learner": self._pseudonyms.learner(whose.learner),
        }
        values = self._values(whose, standing)
        return _encode(told | {name: values[name] for name in self._fields})

    def _values(self, whose: Whose, standing: Standing) -> dict[str, Any]:
        """Return what every field would tell."""
        names = frozenset[str]() if self._named else names_in(whose.identities)
        activity, type_ = whose.activity, standing.type
        if not self._named and tells_of_somebody(activity, names):
            activity = self._pseudonyms.activity(activity)
        if not self._named and tells_of_somebody(type_, names):
            type_ = ""
        told = {name: getattr(standing, name) for name in _AS_THEY_STAND}
        told |= {name: _instant(getattr(standing, name)) for name in ("first", "last", "ended")}
        return told | {
            "identities": [agent_of(each) for each in whose.identities],
            # Only records of persons travel.
            "is_group": False,
            "activity": activity,
            "registration": self._registration(whose.registration),
            "type": type_,
            "score": _score(standing),
            "unit_as_of": self._place(standing.unit),
            "programmes": self._programmes(standing.programmes),
            "age_band": standing.band,
            "organisation": self._organisation(standing.organisation),
        }

    def _registration(self, registration: str | None) -> str | None:
        if registration is None or self._named:
            return registration
        return self._pseudonyms.uuid("registration", registration)

    def _programmes(self, names: Sequence[str]) -> list[str]:
        if self._named:
            return list(names)
        return sorted({code for name in names if (code := self._programme(name)) is not None})

    def _organisation(self, code: str) -> str | None:
        return code if code and (self._named or (_CODE.fullmatch(code) and not tells_of_somebody(code))) else None


def _instant(instant: int | None) -> str | None:
    return None if instant is None else iso(instant)


def _score(standing: Standing) -> dict[str, float] | None:
    if standing.best is None or standing.latest is None:
        return None
    return {"best": float(standing.best), "latest": float(standing.latest)}
