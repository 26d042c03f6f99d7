"""Short names of cells: their dimensions packed in a fixed order, without month, unit and family."""

from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from schemas.training.cells import Cell, Family

DIMS: Final[dict[Family, tuple[str, ...]]] = {
    "coverage": ("programmes", "kind", "verb", "groups", "band", "mode", "type"),
    "summary": ("programmes", "kind", "verb", "groups"),
    "team": ("kind", "verb", "team", "hamlet"),
    "task": ("programmes", "type", "procedure", "level", "assisted", "platform", "groups"),
    "skill": ("programmes", "framework", "version", "code", "level", "passed"),
    "expert": ("programmes", "instructor", "activity"),
    "reach": ("programmes",),
    "business": ("programmes", "type"),
    "outcome": ("programmes", "outcomes"),
}
"""The dimensions of each family, beside the unit, in the order of their names."""

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder().decode


class Key(NamedTuple):
    """What a cell is found by: ``unit`` is "" where it is not known."""

    month: str
    unit: str
    family: Family
    name: bytes


def key_of(cell: Cell) -> Key:
    """Return the key of a cell; raise ValueError for a dimension that its family has not."""
    family, month, dims = cell
    values = [dims.get(name) for name in DIMS[family]]
    unit: str = dims.get("unit", "")
    if len(values) - values.count(None) + bool(unit) != len(dims):
        raise ValueError(f"cells of {family} have no such dimensions: {', '.join(dims)}")
    return Key(month, unit, family, _encode(values))


# The same names recur in every unit and month; the dimensions are shared, and must be left as they are.
@lru_cache(maxsize=65_536)
def dims_of(family: Family, name: bytes) -> dict[str, Any]:
    """Return the dimensions that a name stands for, without the unit; to be read only."""
    return {
        dim: tuple(value) if isinstance(value, list) else value
        for dim, value in zip(DIMS[family], _decode(name), strict=True)
        if value is not None
    }
