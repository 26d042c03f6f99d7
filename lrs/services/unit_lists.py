"""Lists of administrative units, a page at a time."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from schemas.faults import Refused
from schemas.registries.unit_rows import Unit
from schemas.registries.units import Units


class Asked(NamedTuple):
    """Which units, in which order; those of all times without a day."""

    at: date | None
    q: str = ""
    parent: str | None = None
    kind: str | None = None
    by_name: bool = False


class Listed(NamedTuple):
    """Units in their order, and what gives each its place in it."""

    units: list[Unit]
    place: Callable[[Unit], str]


def listed(units: Units, asked: Asked) -> Listed:
    """Return all units that are asked for."""
    found = list(units.units) if asked.at is None else units.at(asked.at)
    found = [each for each in found if asked.parent in {None, each.parent} and asked.kind in {None, each.kind}]
    if asked.q.strip():
        found = units.search(asked.q, found)
    place = units.place_by_name if asked.by_name else _place_by_code
    return Listed(sorted(found, key=place), place)


def _place_by_code(unit: Unit) -> str:
    return unit.key


def paged(found: Listed, *, cursor: str, most: int) -> tuple[list[Unit], str | None]:
    """Return a page, and the cursor of the next one, which holds even if the registry is replaced; None at the end."""
    start = bisect_right(found.units, _read(cursor), key=found.place) if cursor else 0
    page = found.units[start : start + most]
    more = start + most < len(found.units)
    return page, urlsafe_b64encode(found.place(page[-1]).encode()).decode() if more else None


def _read(cursor: str) -> str:
    try:
        return urlsafe_b64decode(cursor).decode()
    except ValueError as error:
        raise Refused.at("cursor", "cursor", "must be the `next` of a page") from error
