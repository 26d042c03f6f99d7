"""All registries together, as one reader sees them: a snapshot that does not change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from schemas.registries.frameworks import Crosswalk, Framework, Frameworks
from schemas.registries.holidays import Holiday, Holidays
from schemas.registries.platforms import Platform, Platforms
from schemas.registries.programmes import Programme, Programmes
from schemas.registries.targets import Target, Targets
from schemas.registries.unit_rows import Link, Unit
from schemas.registries.units import Units

Kind = Literal["units", "programmes", "targets", "frameworks", "platforms", "holidays"]
KINDS: Final[tuple[Kind, ...]] = ("units", "programmes", "targets", "frameworks", "platforms", "holidays")


class Rows(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of one registry: the lists of its kind, the others empty."""

    units: tuple[Unit, ...] = ()
    links: tuple[Link, ...] = ()
    programmes: tuple[Programme, ...] = ()
    targets: tuple[Target, ...] = ()
    frameworks: tuple[Framework, ...] = ()
    crosswalks: tuple[Crosswalk, ...] = ()
    platforms: tuple[Platform, ...] = ()
    holidays: tuple[Holiday, ...] = ()

    def in_order(self) -> "Rows":
        """Return the same rows with those in their order whose order means nothing."""
        units = sorted(self.units, key=lambda unit: unit.key)
        links = sorted(self.links, key=lambda link: (link.effective, link.old_code, link.new_code))
        holidays = sorted(self.holidays, key=lambda each: each.day)
        return msgspec.structs.replace(self, units=tuple(units), links=tuple(links), holidays=tuple(holidays))

    def text(self) -> bytes:
        """Return it as JSON, the same bytes for the same rows."""
        return msgspec.json.encode(self, order="deterministic")

    def counts(self) -> dict[str, int]:
        """Return how many rows each list has, of those that have any."""
        lists = {name: len(getattr(self, name)) for name in self.__struct_fields__}
        return {name: count for name, count in lists.items() if count}

    @classmethod
    def parse(cls, text: bytes) -> "Rows":
        """Return the rows of a JSON text that ``text`` made."""
        return msgspec.json.decode(text, type=cls)


@dataclass(frozen=True, slots=True)
class Registries:
    """All registries; ``versions`` counts how often each was replaced, so that two snapshots can be told apart."""

    units: Units = field(default_factory=lambda: Units([]))
    programmes: Programmes = field(default_factory=lambda: Programmes([]))
    targets: Targets = field(default_factory=lambda: Targets([], Units([]), Programmes([])))
    frameworks: Frameworks = field(default_factory=lambda: Frameworks([]))
    platforms: Platforms = field(default_factory=lambda: Platforms([]))
    holidays: Holidays = field(default_factory=lambda: Holidays([]))
    versions: Mapping[Kind, int] = field(default_factory=dict)

    def rows(self, kind: Kind) -> Rows:
        """Return what one registry is made of."""
        match kind:
            case "units":
                return Rows(units=self.units.units, links=self.units.links)
            case "programmes":
                return Rows(programmes=self.programmes.programmes)
            case "targets":
                return Rows(targets=self.targets.targets)
            case "frameworks":
                return Rows(frameworks=self.frameworks.frameworks, crosswalks=self.frameworks.crosswalks)
            case "platforms":
                return Rows(platforms=self.platforms.platforms)
            case "holidays":
                return Rows(holidays=self.holidays.holidays)

    def replaced(self, kind: Kind, rows: Rows, version: int) -> "Registries":
        """Return these registries with one of them new; raise Refused where its rows contradict each other.

        Targets that fit no unit or programme are no contradiction: ``targets.faults`` names them.
        """
        units, programmes, targets = self.units, self.programmes, self.targets.targets
        frameworks, platforms, holidays = self.frameworks, self.platforms, self.holidays
        match kind:
            case "units":
                units = Units(rows.units, rows.links)
            case "programmes":
                programmes = Programmes(rows.programmes)
            case "targets":
                targets = rows.targets
            case "frameworks":
                frameworks = Frameworks(rows.frameworks, rows.crosswalks)
            case "platforms":
                platforms = Platforms(rows.platforms)
            case "holidays":
                holidays = Holidays(rows.holidays)
        known = {**self.versions, kind: version}
        reached = Targets(targets, units, programmes)
        return Registries(units, programmes, reached, frameworks, platforms, holidays, known)
