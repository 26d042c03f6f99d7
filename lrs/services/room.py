"""Room on the disk of a private database: writing stops while there is still some left.

MongoDB does not answer "disk full": it aborts (RELIABILITY 4.4). So writes are refused before that, and reads go on.
"""

import os
from pathlib import Path
from typing import Final

from lrs.errors import Unavailable
from lrs.services import clocks

LEAST: Final = 256 * 1024**2
"""Bytes that must be free for writes to be taken."""
_EVERY = 1.0


class Room:
    """Watches the free space of the folder that holds the database; None where the database is elsewhere."""

    def __init__(self, folder: Path | None, *, least: int = LEAST) -> None:
        self._folder = folder
        self._least = least
        self._looked = 0.0
        self._enough = True

    def check(self) -> None:
        """Raise Unavailable where there is too little room for another write."""
        if self._folder is None:
            return
        if clocks.passed() - self._looked > _EVERY:
            self._looked = clocks.passed()
            found = os.statvfs(self._folder)
            self._enough = found.f_bavail * found.f_frsize >= self._least
        if not self._enough:
            raise Unavailable("The disk is nearly full: nothing can be stored until there is room", retry_after=60)
