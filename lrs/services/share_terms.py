"""Agreements made ready: what each lets through, and how it leaves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from lrs.services.agreements import Agreement, Agreements
from lrs.services.registries import RegistryService
from schemas.registries.registries import Registries
from schemas.registries.unit_rows import Unit
from schemas.registries.units import Units
from schemas.sharing.agreements import Sieve
from schemas.sharing.pseudonyms import Pseudonyms
from schemas.sharing.rows import Rows
from schemas.sharing.statements import Manner
from schemas.training.facts import Facts
from schemas.training.vocabulary import Vocabulary

RULES: Final = 2
"""The version of what is made of records: another one wherever the same record gives another row."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_REMEMBERED: Final = 256


@dataclass(frozen=True, slots=True)
class Terms:
    """An agreement, ready: its filter, how records and statements leave, the keyed names, and the version of these.

    ``basis`` stands for all that rows rest on beside records and people.
    """

    agreement: Agreement
    sieve: Sieve
    rows: Rows
    manner: Manner
    pseudonyms: Pseudonyms
    key: int
    basis: str


class TermsOf:
    """Makes agreements ready; remembers what it made."""

    def __init__(self, agreements: Agreements, registries: RegistryService, timezone: str) -> None:
        self._agreements = agreements
        self._registries = registries
        self._zone = ZoneInfo(timezone)
        self._vocabulary = Vocabulary()
        self._made: dict[tuple[str, int, str], Terms] = {}

    @property
    def vocabulary(self) -> Vocabulary:
        """What the words of statements mean."""
        return self._vocabulary

    def today(self) -> date:
        """Return the day that it is where agreements begin and end."""
        return self._registries.today()

    def of(self, agreement: Agreement) -> Terms:
        """Return an agreement that was accepted, ready; raise WrongPepper."""
        basis = self.basis(agreement)
        name = agreement.id, agreement.version, basis
        known = self._made.get(name)
        if known is None:
            if len(self._made) >= _REMEMBERED:
                self._made.clear()
            known = self._made[name] = self._ready(agreement, basis)
        return known

    def basis(self, agreement: Agreement) -> str:
        """Return what stands for all that rows rest on beside records and people."""
        registries = self._registries.current()
        versions = (registries.versions.get(each, 0) for each in ("units", "programmes"))
        parts = RULES, agreement.keys[-1].version, self._vocabulary.digest, *versions, self._turned(registries.units)
        return " ".join(map(str, parts))

    def is_over(self, agreement: Agreement) -> bool:
        """Tell whether nothing will ever be given by an agreement any more."""
        return agreement.state == "ended" or (agreement.ends is not None and agreement.ends < self.today())

    def has_begun(self, agreement: Agreement) -> bool:
        """Tell whether something may be given by an agreement, now or after it is resumed."""
        return agreement.accepted_by is not None and agreement.starts <= self.today()

    def _ready(self, agreement: Agreement, basis: str) -> Terms:
        registries, today = self._registries.current(), self.today()
        secrets = self._agreements.secrets(agreement)
        pseudonyms = Pseudonyms(*secrets)

        def programme(name: str) -> str | None:
            found = registries.programmes.find(name)
            return None if found is None else found.code

        @lru_cache(maxsize=4096)
        def place(key: str) -> Mapping[str, str] | None:
            return _place(registries, key, today)

        manner = Manner(
            agreement.giver_id,
            agreement.level,
            frozenset(agreement.fields),
            pseudonyms,
            programme,
            lambda facts: self._unit_key(registries, facts),
        )
        return Terms(
            agreement,
            Sieve(agreement.filter, registries, self._vocabulary, self._zone),
            Rows(agreement.level, agreement.fields, pseudonyms, place, programme),
            manner,
            pseudonyms,
            agreement.keys[-1].version,
            basis,
        )

    def _unit_key(self, registries: Registries, facts: Facts) -> str:
        if facts.unit is None:
            return ""
        day = facts.unit.as_of or (_EPOCH + timedelta(microseconds=facts.timestamp)).astimezone(self._zone).date()
        return registries.units.key_of(facts.unit.code, day)

    def _turned(self, units: Units) -> date:
        """Return the last day on which any unit began or ended: until the next, places are what they are today."""
        today = self.today()
        days = (day for unit in units.units for day in (unit.begins, unit.ends) if day <= today)
        return max(days, default=date.min)


def _place(registries: Registries, key: str, at: date) -> Mapping[str, str] | None:
    if not key:
        return None
    place = registries.units.as_of(key, at)
    return {"code": place.code, "name": place.name} if isinstance(place, Unit) else {"label": place.label}
