"""From Python to JSON as xAPI wants it."""

import json
from collections.abc import Iterable

from .errors import Fault, Unsendable
from .messages import Json


def encoded(value: Json) -> bytes:
    """Return JSON in UTF-8; raise Unsendable for what JSON cannot say: NaN, halves of characters, other objects."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Unsendable(f"this cannot be written as JSON: {error}") from error


def encoded_all(values: Iterable[Json]) -> list[bytes]:
    """Return the JSON of each; raise Unsendable with a fault that says which cannot be written."""
    return [encoded_at(position, value) for position, value in enumerate(values)]


def encoded_at(position: int, value: Json) -> bytes:
    """Return the JSON of one among many; raise Unsendable with its position as a fault."""
    try:
        return encoded(value)
    except Unsendable as error:
        error.faults = (Fault(f"[{position}]", "json", str(error)),)
        error.args = (f"[{position}]: {error}",)
        raise
