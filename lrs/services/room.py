"""Room on the disk of a private database: writing stops while there is still some left.

MongoDB does not answer "disk full": it aborts (RELIABILITY 4.4). So writes are refused before that, and reads go on.
"""

import logging
import os
from pathlib import Path
from typing import Final

from lrs.errors import Unavailable
from lrs.services import clocks

LEAST: Final = 256 * 1024**2
"""Bytes that must be free for writes to be taken."""
_EVERY = 1.0
_FULL = "The disk is nearly full: nothing can be stored until there is room"
_UNSEEN = "The free space of the disk cannot be seen: nothing can be stored until it can"

log = logging.getLogger(__name__)


class Room:
    """Watches the free space of the folder that holds the database; None where the database is elsewhere."""

    def __init__(self, folder: Path | None, *, least: int = LEAST) -> None:
        self._folder = folder
        self._least = least
        self._looked = 0.0
        self._lacking = ""

    def check(self) -> None:
        """Raise Unavailable where there is too little room for another write, or nobody can tell."""
        if self._folder is None:
            return
        if clocks.passed() - self._looked > _EVERY:
            self._looked = clocks.passed()
            self._lacking = self._look(self._folder)
        if self._lacking:
            raise Unavailable(self._lacking, retry_after=60)

    def _look(self, folder: Path) -> str:
        """Return what is wrong, nothing where there is room."""
        try:
            found = os.statvfs(folder)
        except OSError as error:
            if self._lacking != _UNSEEN:
                log.error("the folder of LRS_ROOM cannot be looked at", extra={"reason": error.strerror})  # noqa: TRY400 - its reason is all there is to know
            return _UNSEEN
        return "" if found.f_bavail * found.f_frsize >= self._least else _FULL
