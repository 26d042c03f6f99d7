"""Skill frameworks: skills and levels, and which of one framework stands for which of another."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, Literal

import msgspec

from schemas.faults import Fault, Refused
from schemas.registries.labels import Labels

Match = Literal["exact", "approximate"]
MATCHES: Final[tuple[Match, ...]] = ("exact", "approximate")


class Level(msgspec.Struct, frozen=True, omit_defaults=True):
    """A level of a framework, which lists its levels from the lowest. An example is not the framework's own words."""

    code: str
    labels: Labels
    example: bool = False


class Skill(msgspec.Struct, frozen=True, omit_defaults=True):
    """A skill, or a domain of skills; ``within`` is the code of the one that it is a part of."""

    code: str
    labels: Labels
    within: str = ""
    example: bool = False


class Framework(msgspec.Struct, frozen=True, omit_defaults=True):
    """A version of a framework; ``counts`` is what its makers say it has, whether or not all of that is loaded."""

    code: str
    version: str
    labels: Labels
    source: str = ""
    counts: dict[str, int] = {}
    levels: tuple[Level, ...] = ()
    skills: tuple[Skill, ...] = ()


class Crosswalk(msgspec.Struct, frozen=True, omit_defaults=True):
    """A skill, a level, or a skill at a level, of one framework and what comes near it in another."""

    framework: str
    version: str
    to_framework: str
    to_version: str
    match: Match
    code: str = ""
    level: str = ""
    to_code: str = ""
    to_level: str = ""
    example: bool = False

    @property
    def start(self) -> tuple[str, str, str, str]:
        """Return where it leads from."""
        return self.framework, self.version, self.code, self.level

    @property
    def end(self) -> tuple[str, str, str, str]:
        """Return where it leads to."""
        return self.to_framework, self.to_version, self.to_code, self.to_level


class Frameworks:
    """All frameworks; immutable."""

    def __init__(self, frameworks: Iterable[Framework], crosswalks: Iterable[Crosswalk] = ()) -> None:
        """Raise Refused with every row that contradicts another."""
        self.frameworks: Final = tuple(frameworks)
        self.crosswalks: Final = tuple(crosswalks)
        self._by_version = {(each.code, each.version): each for each in self.frameworks}
        self._skills = {(f.code, f.version, skill.code): skill for f in self.frameworks for skill in f.skills}
        self._levels = {(f.code, f.version, level.code): level for f in self.frameworks for level in f.levels}
        if faults := [*self._faults(), *self._faults_of_crosswalks()]:
            raise Refused(faults)

    def find(self, code: str, version: str | None = None) -> Framework | None:
        """Return this version of a framework, or its only one; or None."""
        if version is not None:
            return self._by_version.get((code, version))
        found = [each for each in self.frameworks if each.code == code]
        return found[0] if len(found) == 1 else None

    def skill(self, framework: str, version: str | None, code: str) -> Skill | None:
        """Return a skill, or None where this framework has none of this code."""
        found = self.find(framework, version)
        return self._skills.get((found.code, found.version, code)) if found else None

    def level(self, framework: str, version: str | None, level: str) -> Level | None:
        """Return a level, or None where this framework has none of this code."""
        found = self.find(framework, version)
        return self._levels.get((found.code, found.version, level)) if found else None

    def crosswalk(
        self, framework: str, version: str, code: str = "", level: str = "", *, to: str | None = None
    ) -> list[Crosswalk]:
        """Return what comes near a skill, a level, or a skill at a level; only in the framework ``to``, if given."""
        start = framework, version, code, level
        return [each for each in self.crosswalks if each.start == start and to in {None, each.to_framework}]

    def _faults(self) -> Iterator[Fault]:
        for row, each in enumerate(self.frameworks):
            path = f"frameworks[{row}]"
            if self._by_version[each.code, each.version] is not each:
                yield Fault(path, "unique", "this version stands here twice")
            yield from _repeated(f"{path}.levels", [level.code for level in each.levels])
            yield from _repeated(f"{path}.skills", [skill.code for skill in each.skills])
            before = {""}
            for place, skill in enumerate(each.skills):
                if skill.within not in before:
                    yield Fault(f"{path}.skills[{place}].within", "unknown", "must be the code of a skill before it")
                before.add(skill.code)

    def _faults_of_crosswalks(self) -> Iterator[Fault]:
        leaving = Counter((each.start, each.to_framework, each.to_version) for each in self.crosswalks)
        coming = Counter((each.end, each.framework, each.version) for each in self.crosswalks)
        for row, each in enumerate(self.crosswalks):
            if not self._knows(*each.start):
                yield Fault(f"crosswalks[{row}]", "unknown", "leads from what no framework here has")
            if not self._knows(*each.end):
                yield Fault(f"crosswalks[{row}]", "unknown", "leads to what no framework here has")
            alone = (leaving[each.start, each.to_framework, each.to_version], coming[each.end, *each.start[:2]])
            if each.match == "exact" and alone != (1, 1):
                yield Fault(f"crosswalks[{row}].match", "exact", "what is not one to one is approximate")

    def _knows(self, framework: str, version: str, code: str, level: str) -> bool:
        named = (framework, version) in self._by_version and bool(code or level)
        skilled = not code or (framework, version, code) in self._skills
        return named and skilled and (not level or (framework, version, level) in self._levels)


def _repeated(path: str, codes: list[str]) -> Iterator[Fault]:
    seen = set[str]()
    for place, code in enumerate(codes):
        if code in seen:
            yield Fault(f"{path}[{place}].code", "unique", "stands here twice")
        seen.add(code)
