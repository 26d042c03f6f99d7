"""Where the made-up training happens: the units of today's registry, some large, some very small, and their people."""

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from importlib.resources import files
from random import Random
from typing import Final, NamedTuple

from schemas.api.registries import rows_of
from schemas.demo.chance import Urn, chance
from schemas.registries import tables
from schemas.registries.unit_rows import Unit
from schemas.registries.units import Units

TODAY: Final = date(2026, 10, 31)
"""The day after which nothing happens any more."""
_SET: Final = files("schemas.registries") / "shipped" / "dong-nai"
_UPPER: Final = frozenset(["province", "city", "district"])
_REMOTE_EVERY: Final = 8
_WARD, _COMMUNE, _REMOTE = 2.5, 1.0, 0.03
_TEAM: Final = 40

# Band and groups, and how many of a hundred have them.
_PEOPLE: Final[tuple[tuple[float, tuple[str, tuple[str, ...]]], ...]] = (
    (7, ("25-39", ("official",))),
    (5, ("40-59", ("official",))),
    (14, ("25-39", ("citizen",))),
    (16, ("40-59", ("citizen",))),
    (8, ("25-39", ("worker",))),
    (6, ("40-59", ("household-business",))),
    (16, ("60-69", ("elderly",))),
    (11, ("70-79", ("elderly",))),
    (3, ("80+", ("elderly",))),
    (8, ("16-24", ("student", "volunteer"))),
    (6, ("<16", ("pupil",))),
)


class Person(NamedTuple):
    """Somebody who is known by an account only."""

    number: int
    place: int
    band: str
    groups: tuple[str, ...]

    @property
    def account(self) -> str:
        """Return the name of the account."""
        return f"dn-{self.number:05d}"


class Place(NamedTuple):
    """A unit of today; its people have the numbers from ``first`` to before ``end``."""

    number: int
    unit: Unit
    is_remote: bool
    first: int
    end: int
    teams: int


class Places:
    """All places and their people, as a seed has made them."""

    def __init__(self, seed: int, learners: int) -> None:
        self._units = _units()
        self._seed = seed
        rnd = chance(seed, "places")
        units = sorted((each for each in self._units.at(TODAY) if each.kind not in _UPPER), key=lambda unit: unit.key)
        remote = {each for each in range(len(units)) if each % _REMOTE_EVERY == 1 and units[each].kind == "commune"}
        weights = [
            (_REMOTE if number in remote else _WARD if unit.kind == "ward" else _COMMUNE) * rnd.uniform(0.5, 1.5)
            for number, unit in enumerate(units)
        ]
        ends = [round(sum(weights[: number + 1]) / sum(weights) * learners) for number in range(len(units))]
        self.places: Final = [
            Place(number, unit, number in remote, first, end, 1 + (end - first) // _TEAM)
            for number, (unit, first, end) in enumerate(zip(units, [0, *ends], ends, strict=False))
        ]
        self._urn = Urn([(each.end - each.first, each) for each in self.places])

    @cached_property
    def people(self) -> list[Person]:
        """Return everybody, by number."""
        urn, rnd = Urn(_PEOPLE), chance(self._seed, "people")
        return [
            _person(number, place, *urn.draw(rnd)) for place in self.places for number in range(place.first, place.end)
        ]

    @cached_property
    def turns(self) -> list[Person]:
        """Return everybody in the order in which they appear for the first time."""
        return chance(self._seed, "turns").sample(self.people, len(self.people))

    @cached_property
    def members(self) -> Mapping[tuple[int, str], list[Person]]:
        """Return people by their place and each group that they are in."""
        found: dict[tuple[int, str], list[Person]] = {}
        for person in self.people:
            for group in person.groups:
                found.setdefault((person.place, group), []).append(person)
        return found

    def draw(self, rnd: Random) -> Place:
        """Return a place; the more people live there, the more often."""
        return self._urn.draw(rnd)

    def some(self, place: Place, group: str, most: int, rnd: Random) -> list[Person]:
        """Return a few people of a group who live there."""
        found = self.members.get((place.number, group), [])
        return rnd.sample(found, min(most, len(found)))

    def way(self, place: Place, rnd: Random) -> list[Unit]:
        """Return what a spot of the place belonged to, the latest unit first; of several old ones, it lay in one."""
        way = [place.unit]
        while before := self._units.before(way[-1]):
            way.append(rnd.choice([old for _, old in before]))
        return way


def _person(number: int, place: Place, band: str, groups: tuple[str, ...]) -> Person:
    lives: tuple[str, ...] = ()
    if place.unit.kind == "commune":
        lives = ("remote", "rural") if place.is_remote else ("rural",)
    return Person(number, place.number, band, tuple(sorted({*groups, *lives})))


def _units() -> Units:
    """Return the units that ship, as they are: what is generated does not hang on what a server has loaded."""
    units, _ = tables.read("units", (_SET / "units.csv").read_bytes())
    links, _ = tables.read("links", (_SET / "links.csv").read_bytes())
    return Units(rows_of("units", units, file=True).units, rows_of("links", links).links)
