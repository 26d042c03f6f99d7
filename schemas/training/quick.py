"""Whether a statement follows the rules of a template, told fast where it plainly does, as most statements do.

What the rules ask of one object is asked at once. Whatever takes a closer look is left to whoever looks closely.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

_NOTHING: Final[Mapping[str, Any]] = {}
# One member after the other, by name, as most paths are; and then one member of each item of an array.
_member: Final = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\['([^']*)'\]")
_plain: Final = re.compile(rf"\$((?:{_member.pattern})+)")
_items: Final = re.compile(rf"\$((?:{_member.pattern})+)\[\*\]\.([A-Za-z_][A-Za-z0-9_]*)")

Check = Callable[[Mapping[str, Any]], bool]
_Names = tuple[str, ...]


class Quick:
    """The rules of a template (Profiles 8.1)."""

    def __init__(self, rules: Sequence[Mapping[str, Any]]) -> None:
        asked: dict[_Names, tuple[set[str], set[str]]] = {}
        self._checks: list[Check] = []
        for rule in rules:
            way = _members(rule["location"])
            listed, presence = {"any", "all", "none"} & rule.keys(), rule.get("presence")
            # What is recommended, and nothing more, is never broken.
            if not listed and presence not in {"included", "excluded"}:
                continue
            if way is None or listed:
                self._checks.append(_check(rule))
            else:
                asked.setdefault(way[:-1], (set(), set()))[presence == "excluded"].add(way[-1])
        ways = sorted({way[:end] for way in asked for end in range(1, len(way) + 1)})
        # Each object from the one that it is in, of which the first is the statement.
        self._steps = [((ways.index(way[:-1]) + 1) if len(way) > 1 else 0, way[-1]) for way in ways]
        self._asked = [
            (ways.index(way) + 1 if way else 0, tuple(there), frozenset(gone)) for way, (there, gone) in asked.items()
        ]

    def follows(self, statement: Mapping[str, Any]) -> bool:
        """Tell whether a statement plainly breaks no rule: False says nothing."""
        try:
            found: list[Any] = [statement]
            for place, name in self._steps:
                found.append(found[place].get(name, _NOTHING))
            for place, there, gone in self._asked:
                names = found[place].keys()
                for name in there:
                    if name not in names:
                        return False
                if gone and not gone.isdisjoint(names):
                    return False
            return all(check(statement) for check in self._checks)
        except (AttributeError, TypeError, KeyError):  # members are asked of what has none
            return False


def _check(rule: Mapping[str, Any]) -> Check:
    """Return what tells whether a rule is plainly followed; what is not understood never is."""
    location, presence = rule["location"], rule.get("presence")
    first = _members(location.split("|")[0].strip())
    listed = {name: rule[name] for name in ("any", "all", "none") if name in rule}
    if not listed and presence == "included" and first is not None:
        return lambda statement: _at(statement, first) is not _NOTHING
    if first is not None and "|" not in location and listed and presence != "excluded":
        return lambda statement: _fits(_at(statement, first), presence, listed)
    items = _items.fullmatch(location)
    if items is not None and list(listed) == ["any"] and presence in {"included", None}:
        several, last = _split(items[1]), items[items.lastindex or 0]
        words = [each for each in listed["any"] if isinstance(each, str)]
        return lambda statement: any(each[last] in words for each in _items_at(statement, several))
    return lambda _: False


def _fits(value: Any, presence: str | None, listed: Mapping[str, list[Any]]) -> bool:
    """Tell whether one value, or none, is what the lists of a rule ask for."""
    if value is _NOTHING:
        return presence == "recommended"
    return all(among(value, words) is (name != "none") for name, words in listed.items())


def among(value: object, listed: Sequence[Any]) -> bool:
    """Tell whether a value is one of these; true is not 1."""
    return any(value == each and isinstance(value, bool) == isinstance(each, bool) for each in listed)


def _members(location: str) -> _Names | None:
    """Return the names of the members that lead to a place; None where more than these does."""
    found = _plain.fullmatch(location)
    return None if found is None else _split(found[1])


def _split(members: str) -> _Names:
    return tuple([found[1] or found[2] for found in _member.finditer(members)])


def _at(statement: Mapping[str, Any], way: Sequence[str]) -> Any:
    """Return what members lead to; nothing where one is missing."""
    found: Any = statement
    for name in way:
        found = found.get(name, _NOTHING)
    return found


def _items_at(statement: Mapping[str, Any], way: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    found = _at(statement, way)
    return found if isinstance(found, list) else ()
