"""Programmes that training serves: plans, resolutions, movements. One lies within others, and has many names."""

from collections.abc import Iterable
from datetime import date
from typing import Final

import msgspec

from schemas.faults import Fault, Refused
from schemas.registries.folding import spelling
from schemas.registries.labels import Labels


class Programme(msgspec.Struct, frozen=True, omit_defaults=True):
    """A programme; ``within`` are the codes of those it is a part of, ``aliases`` other codes, names and IRIs of it."""

    code: str
    labels: Labels
    within: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    issued: date | None = None
    source: str = ""


class Programmes:
    """All programmes; immutable."""

    def __init__(self, programmes: Iterable[Programme]) -> None:
        """Raise Refused with every row that contradicts another."""
        self.programmes: Final = tuple(programmes)
        self._by_code = {each.code: each for each in self.programmes}
        self._by_name: dict[str, Programme] = {}
        if faults := [*self._name(), *self._unknown()]:
            raise Refused(faults)
        self._above = {code: self._reached(code) for code in self._by_code}
        if faults := [*self._circles()]:
            raise Refused(faults)

    def find(self, name: str) -> Programme | None:
        """Return the programme with this code, alias or label, whatever its case and its signs; or None."""
        return self._by_code.get(name) or self._by_name.get(spelling(name))

    def codes(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the codes that these names stand for, sorted, each once; an unknown name stands for itself."""
        found = ((name, self.find(name)) for name in names)
        return tuple(sorted({programme.code if programme else name for name, programme in found}))

    def above(self, code: str) -> frozenset[str]:
        """Return the codes of the programme and of all it is a part of: training for it serves them, too."""
        return self._above.get(code, frozenset({code}))

    def below(self, code: str) -> frozenset[str]:
        """Return the codes of the programme and of all its parts."""
        return frozenset({code, *(each for each, above in self._above.items() if code in above)})

    def _name(self) -> Iterable[Fault]:
        for row, each in enumerate(self.programmes):
            if self._by_code[each.code] is not each:
                yield Fault(f"programmes[{row}].code", "unique", "stands here twice")
            for place, name in enumerate((each.code, *each.aliases, *each.labels.values())):
                known = self._by_name.setdefault(spelling(name), each)
                if known.code != each.code:
                    path = "code" if place == 0 else "aliases" if place <= len(each.aliases) else "labels"
                    yield Fault(f"programmes[{row}].{path}", "unique", f"{known.code} has this name, too")

    def _unknown(self) -> Iterable[Fault]:
        for row, each in enumerate(self.programmes):
            if not self._by_code.keys() >= set(each.within):
                yield Fault(f"programmes[{row}].within", "unknown", "no programme has this code")

    def _circles(self) -> Iterable[Fault]:
        for row, each in enumerate(self.programmes):
            if any(each.code in self._above[code] for code in each.within):
                yield Fault(f"programmes[{row}].within", "circle", "a programme cannot be a part of itself")

    def _reached(self, code: str) -> frozenset[str]:
        reached = {code}
        waiting = [code]
        while waiting:
            new = set(self._by_code[waiting.pop()].within) - reached
            reached |= new
            waiting += new
        return frozenset(reached)
