"""Which entry of a language map a reader gets (Communication 2.1.3, after RFC 2616, 14.4).

Preferences are language ranges in lower case, best first. A range stands for itself and what it begins:
``en`` for ``en-GB`` too; ``*`` for everything. The empty range divides them: what follows it is unwanted, what
no range stands for ranks like it.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, TypeVar

Value = TypeVar("Value")

UNNAMED: Final = ""
ANY: Final = "*"
# Nobody reads more languages; longer headers are made to cost time.
_MOST: Final = 32
_CACHED: Final = 512

_range = re.compile(
    r"\s*(?P<range>\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*[Qq]\s*=\s*(?P<quality>[01](?:\.[0-9]{0,3})?)\s*)?"
)


def preferred(header: str | None) -> list[str]:
    """Return the preferences in an Accept-Language header; none when it is absent. Nonsense in it is passed over."""
    return list(_preferred(header or ""))


def choose(language_map: Mapping[str, Value], languages: Sequence[str]) -> dict[str, Value]:
    """Return the map reduced to the entry that suits best; an empty map stays empty.

    The best preference wins, within it the tag that is the range itself. When nothing is asked for that is there,
    a relative serves (``en`` or ``en-US`` for ``en-GB``), else the map's first entry.
    """
    if len(language_map) <= 1:
        return dict(language_map)
    best = min(language_map, key=lambda tag: _rank(tag.lower(), languages))
    return {best: language_map[best]}


@lru_cache(_CACHED)
def _preferred(header: str) -> tuple[str, ...]:
    weights: dict[str, float] = {}
    for part in header.split(",", _MOST)[:_MOST]:
        if match := _range.fullmatch(part):
            weights.setdefault(match["range"].lower(), min(float(match["quality"] or 1), 1.0))
    wanted = sorted((each for each in weights if weights[each]), key=lambda each: -weights[each])
    unwanted = [each for each in weights if not weights[each]]
    return (*wanted, UNNAMED, *unwanted) if weights else ()


def _rank(tag: str, languages: Sequence[str]) -> tuple[int, int, int]:
    """Return the tag's place among the preferences, its distance from the range, and its kinship with any of them."""
    standing = [each for each in languages if _stands_for(each, tag)]
    if not standing:
        neutral = languages.index(UNNAMED) if UNNAMED in languages else len(languages)
        return neutral, 0, _kinship(tag, languages[:neutral])
    nearest = max(standing, key=lambda each: (each != ANY, len(each)))
    return languages.index(nearest), len(tag) - len(nearest), 0


def _kinship(tag: str, wanted: Sequence[str]) -> int:
    """Return the place of the first preference in the same language, smaller when the tag is plainly that language."""
    language, _, region = tag.partition("-")
    for place, each in enumerate(wanted):
        if each.partition("-")[0] == language:
            return 2 * place + bool(region)
    return 2 * len(wanted)


def _stands_for(each: str, tag: str) -> bool:
    return each == ANY or (each != UNNAMED and f"{tag}-".startswith(f"{each}-"))
