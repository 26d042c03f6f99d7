"""Where the rows of a registry of units contradict each other."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from schemas.faults import Fault
from schemas.registries.unit_rows import Link, Unit

_ALONE: Final = frozenset({"unchanged", "renamed"})


def faults_of(units: Sequence[Unit], links: Sequence[Link]) -> list[Fault]:
    """Return what is wrong, with the way to each row; links are judged once the units hold."""
    return [*_of_dates(units), *_of_parents(units)] or [*_of_ends(units, links), *_of_extents(links)]


def _of_dates(units: Sequence[Unit]) -> Iterator[Fault]:
    versions: dict[str, list[tuple[int, Unit]]] = defaultdict(list)
    for row, unit in enumerate(units):
        versions[unit.code].append((row, unit))
        if unit.begins >= unit.ends:
            yield Fault(f"units[{row}].valid_to", "order", "must be after valid_from")
    for found in versions.values():
        for (_, earlier), (row, later) in pairwise(sorted(found, key=lambda each: each[1].begins)):
            if later.begins < earlier.ends:
                yield Fault(f"units[{row}].valid_from", "overlap", "another unit has this code on that day")


def _of_parents(units: Sequence[Unit]) -> Iterator[Fault]:
    parents = {unit.code: unit.parent for unit in units if unit.parent}
    known = {unit.code for unit in units}
    for row, unit in enumerate(units):
        if unit.parent and unit.parent not in known:
            yield Fault(f"units[{row}].parent", "unknown", "no unit has this code; words belong into within")
        elif _returns(unit.code, parents):
            yield Fault(f"units[{row}].parent", "circle", "a unit cannot lie within itself")


def _returns(code: str, parents: dict[str, str]) -> bool:
    seen = set[str]()
    step: str | None = code
    while step is not None and step not in seen:
        seen.add(step)
        step = parents.get(step)
    return step == code


def _of_ends(units: Sequence[Unit], links: Sequence[Link]) -> Iterator[Fault]:
    ending = {(unit.code, unit.valid_to) for unit in units}
    beginning = {(unit.code, unit.valid_from) for unit in units}
    seen = set[tuple[object, ...]]()
    for row, link in enumerate(links):
        if (link.old_code, link.effective) not in ending:
            yield Fault(f"links[{row}].old_code", "unknown", "no unit with this code ends on that day")
        if (link.new_code, link.effective) not in beginning:
            yield Fault(f"links[{row}].new_code", "unknown", "no unit with this code begins on that day")
        if (link.old_code, link.new_code, link.effective) in seen:
            yield Fault(f"links[{row}]", "unique", "stands here twice")
        seen.add((link.old_code, link.new_code, link.effective))


def _of_extents(links: Sequence[Link]) -> Iterator[Fault]:
    leaving = Counter((link.old_code, link.effective) for link in links)
    coming = Counter((link.new_code, link.effective) for link in links)
    for row, link in enumerate(links):
        if link.extent != "part" and leaving[link.old_code, link.effective] > 1:
            yield Fault(f"links[{row}].extent", "extent", "a unit that goes to several goes to each in part")
        if link.extent in _ALONE and coming[link.new_code, link.effective] > 1:
            yield Fault(f"links[{row}].extent", "extent", "a unit made of several is not the old one")
