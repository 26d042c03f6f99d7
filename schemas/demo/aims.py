"""Targets that the programmes have for the made-up people."""

from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Final

from schemas.demo.chance import chance
from schemas.demo.events import LITERACY, RESOLUTION
from schemas.demo.places import Places
from schemas.registries.targets import Target

SOURCE: Final = "lrs admin demo"
"""What these targets are known by among others."""
_PERCENT: Final = {2025: 60.0, 2026: 80.0}
_GROUPS: Final = ("", "elderly", "rural")


def targets(places: Places) -> Iterator[Target]:
    """Yield a target for everybody and for some groups in each unit, of each year; in some units more people live."""
    known = Counter((person.place, group) for person in places.people for group in (*person.groups, ""))
    rnd = chance("aims")
    for place in places.places:
        more = rnd.uniform(1.05, 2.2)
        for group in _GROUPS:
            if people := round(known[place.number, group] * more):
                for programme, (year, percent) in product((LITERACY, RESOLUTION), _PERCENT.items()):
                    yield Target(programme, place.unit.code, year, SOURCE, group, people, percent)
