"""How scopes are narrowed: what one is worth where another was granted."""

from collections.abc import Set as AbstractSet
from typing import Final

from lrs.services.scopes import ALLOWED_BY, SCOPES

_RIGHTS: Final = {
    scope: frozenset(right for right, scopes in ALLOWED_BY.items() if scope in scopes) for scope in SCOPES
}


def covered(asked: AbstractSet[str], held: AbstractSet[str]) -> frozenset[str]:
    """Return those of the scopes asked for that one of the held ones contains: ``all`` contains ``state``."""
    return frozenset(scope for scope in asked if any(_contains(holding, scope) for holding in held))


def common(one: AbstractSet[str], other: AbstractSet[str]) -> frozenset[str]:
    """Return what both allow: of ``all`` and ``state`` it is ``state``."""
    return covered(one, other) | covered(other, one)


def _contains(larger: str, smaller: str) -> bool:
    return larger in _RIGHTS and smaller in _RIGHTS and _RIGHTS[smaller] <= _RIGHTS[larger]
