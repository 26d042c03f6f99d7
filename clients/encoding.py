"""From Python to JSON as xAPI wants it."""

import json

from .errors import Unsendable
from .messages import Json


def encoded(value: Json) -> bytes:
    """Return JSON in UTF-8; raise Unsendable for what JSON cannot say: NaN, halves of characters, other objects."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Unsendable(f"this cannot be written as JSON: {error}") from error
