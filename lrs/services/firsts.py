"""What happens often and is told once a minute: the first of each minute, among all processes."""

from typing import Final

from lrs.services import clocks
from lrs.store import Store

_MINUTE: Final = 60_000_000
"""Microseconds."""


def is_first(store: Store, subject: bytes) -> bool:
    """Tell whether this is asked about ``subject`` for the first time of this minute."""
    minute = clocks.now() // _MINUTE
    until = (minute + 2) * _MINUTE // 1_000_000
    return store.allowances.take(subject + minute.to_bytes(8), 1, limit=1, until=until).granted == 1
