"""How the place of a fault is written: ``context.contextActivities.parent[2].id``."""

import json
import re
from typing import Final

_word = re.compile(r"\A[A-Za-z_][A-Za-z0-9_]*\Z")
_LONGEST_KEY: Final = 80


def member(path: str, key: str) -> str:
    """Return the path of an object's member; keys that are no plain words are quoted, and cut when long."""
    if len(key) <= _LONGEST_KEY and _word.match(key):
        return f"{path}.{key}" if path else key
    # Lone surrogates have no UTF-8, and a path is sent in an answer.
    printable = key[:_LONGEST_KEY].encode("utf-8", "replace").decode()
    return f"{path}[{json.dumps(printable, ensure_ascii=False)}]"


def item(path: str, index: int) -> str:
    """Return the path of an array's item, counted from 0."""
    return f"{path}[{index}]"
