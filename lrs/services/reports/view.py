"""What one caller may see of its organisation's figures, and as of when."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from lrs.errors import NotFound
from lrs.services.principals import Principal
from lrs.services.progress import RECORDS, Progress, place_of
from lrs.services.registries import RegistryService
from lrs.services.reports.axes import UnitAxis
from lrs.services.reports.cube import Row
from lrs.services.reports.splits import Splits
from lrs.store import Store
from lrs.store.cells import Tally
from lrs.store.organisations import Organisation
from lrs.store.transactions import Session
from schemas.registries.registries import Registries
from schemas.training.cells import Cell, Family

EVER: Final = ("", "9999-99")
"""The months of everything."""
_SUMMED: Final = frozenset({"unit", "kind", "verb", "programmes", "groups"})
"""Dimensions for which a summary of coverage is enough."""


@dataclass(frozen=True)
class View:
    """What the caller of one request sees.

    ``exact``: all figures of the own organisation as they are; else those of fewer than ``k`` people are hidden, with
    what would tell of them. Figures stand for everything stored up to ``through``, in microseconds, and have less in
    them while the records are ``rebuilding``; units are those of the day ``at``.
    """

    store: Store
    session: Session
    org: bytes
    exact: bool
    small: int
    registries: Registries
    today: date
    zone: ZoneInfo
    at: date
    through: int
    rebuilding: bool
    splits: Splits
    units: UnitAxis

    @property
    def k(self) -> int | None:
        """The people that a figure counts at least to be told; None where all are."""
        return None if self.exact else self.small

    def units_since(self) -> date:
        """Return the first day on which all units were as they are on the day ``at``; that day without any."""
        return max((unit.begins for unit in self.registries.units.at(self.at)), default=self.at)

    def rows(
        self,
        family: Family,
        dims: Collection[str],
        months: tuple[str, str] = EVER,
        **only: Collection[Any],
    ) -> Iterator[Row]:
        """Yield what was counted, by month, unit and these dimensions, where split units were decided on in parts.

        ``only`` are the values that dimensions may have.
        """
        kept: Family = "summary" if family == "coverage" and _SUMMED.issuperset(dims) else family
        # A restricted caller's figures hang on coarser ones, whatever was asked for.
        # Cells come by unit in any case; what was decided on those that were split matters where they are asked for.
        found = self.store.cells.rolled(self.org, kept, dims, months if self.exact else EVER, only, self.session)
        rows = (Row(*each) for each in found)
        return self.splits.applied(family, rows, dims, only) if "unit" in dims else rows

    def cells(self, family: Family, months: tuple[str, str] = EVER) -> Iterable[tuple[Cell, Tally]]:
        """Yield the cells of a family of which there are few, where split units were decided on in parts."""
        found = self.store.cells.of(self.org, family, *(months if self.exact else EVER), session=self.session)
        return self.splits.divided(family, found)


class Desk:
    """Hands out views."""

    def __init__(self, store: Store, registries: RegistryService, progress: Progress, timezone: str) -> None:
        self._store = store
        self._registries = registries
        self._progress = progress
        self._zone = ZoneInfo(timezone)

    def counted(self, principal: Principal) -> int:
        """Return the instant of the last statement that was counted."""
        principal.require("reports/read")
        return self._store.places.find(place_of(RECORDS, principal.org)).place

    def view(self, principal: Principal, session: Session, at: date | None = None) -> View:
        """Return what a caller sees with units of a day, today's without, in a session; needs ``reports/read``.

        With ``records/read`` it is everything of its own organisation. Raise Forbidden, Unavailable.
        """
        principal.require("reports/read")
        organisation = self.organisation(principal.org)
        return self._of(principal.org, session, at, exact=principal.may("records/read"), small=organisation.small)

    def told(self, principal: Principal, org: bytes, k: int, session: Session, at: date | None = None) -> View:
        """Return what an organisation tells whoever may not see its records, from ``k`` people on; as in ``view``."""
        principal.require("reports/read")
        return self._of(org, session, at, exact=False, small=k)

    def organisation(self, org: bytes) -> Organisation:
        """Return an organisation; raise NotFound."""
        found = self._store.organisations.of(org)
        if found is None:
            raise NotFound("There is no such organisation")
        return found

    def _of(self, org: bytes, session: Session, at: date | None, *, exact: bool, small: int) -> View:
        registries, today = self._registries.current(), self._registries.today()
        day = at or today
        units = UnitAxis(registries.units, day, levels=not exact)
        # Before anything is read: figures are never older than what is said of them.
        reached = self._progress.of(org)
        return View(
            store=self._store,
            session=session,
            org=org,
            exact=exact,
            small=small,
            registries=registries,
            today=today,
            zone=self._zone,
            at=day,
            through=reached.as_of,
            rebuilding=reached.rebuilding,
            splits=Splits(self._store, org, self._zone, session, units.is_split),
            units=units,
        )
