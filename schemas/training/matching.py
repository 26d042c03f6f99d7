"""Who may be one person: proposals by name, for people to decide. Nothing is ever joined by them.

Many share a name, so a proposal needs the same unit as well. Spellings that look alike without diacritics are taken
together (NFC or NFD, Hòa or Hoà, and files that lost them), and it is told which of them are the same with diacritics.
"""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from schemas.registries.folding import folded, spelling

_LONGEST: Final = 200


class Seen(NamedTuple):
    """How a statement names somebody, and the code of the unit it was done in; "" where that is not told."""

    identity: str
    name: str
    unit: str


class Proposal(NamedTuple):
    """Numbers that may be one person: their names are the same words in one unit, with or without diacritics."""

    unit: str
    alike: Literal["spelling", "folded"]
    numbers: tuple[int, ...]


def proposals(seen: Iterable[Seen], numbers: dict[str, int]) -> list[Proposal]:
    """Return proposals in the order of their numbers; identities without a number are left out.

    A name of one word is none: in Vietnamese that is the given name, and half a class may share it.
    """
    alike: dict[tuple[str, str], dict[int, set[str]]] = {}
    for who, name, unit in set(seen):
        plain = folded(name[:_LONGEST])
        if who in numbers and " " in plain:
            alike.setdefault((unit, plain), {}).setdefault(numbers[who], set()).add(spelling(name[:_LONGEST]))
    found = {
        Proposal(unit, "spelling" if len(set().union(*people.values())) == 1 else "folded", tuple(sorted(people)))
        for (unit, _), people in alike.items()
        if len(people) > 1
    }
    return sorted(found, key=lambda each: (each.numbers, each.unit))
