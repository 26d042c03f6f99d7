"""Digital platforms that people learn to use, by the IRI that statements name them by."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from schemas.faults import Fault, Refused
from schemas.registries.labels import Labels


class Platform(msgspec.Struct, frozen=True, omit_defaults=True):
    """A platform; ``aliases`` are other IRIs of it."""

    iri: str
    labels: Labels
    aliases: tuple[str, ...] = ()


class Platforms:
    """All platforms; immutable."""

    def __init__(self, platforms: Iterable[Platform]) -> None:
        """Raise Refused with every row that contradicts another."""
        self.platforms: Final = tuple(platforms)
        self._by_iri: dict[str, Platform] = {}
        if faults := [*self._index()]:
            raise Refused(faults)

    def _index(self) -> Iterator[Fault]:
        for row, each in enumerate(self.platforms):
            for place, iri in enumerate((each.iri, *each.aliases)):
                if self._by_iri.setdefault(iri, each) is not each:
                    path = "aliases" if place else "iri"
                    yield Fault(f"platforms[{row}].{path}", "unique", "another platform has this IRI")

    def find(self, iri: str) -> Platform | None:
        """Return the platform with this IRI, or None: then it is unregistered."""
        return self._by_iri.get(iri)
