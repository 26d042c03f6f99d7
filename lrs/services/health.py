"""Whether statements can be stored at this moment."""

from lrs.errors import Unavailable
from lrs.services.room import Room
from lrs.services.safetime import SafeTime


class Health:
    """Ready means: this process keeps its promise in the database, which takes a durable write, and there is room."""

    def __init__(self, safetime: SafeTime, room: Room) -> None:
        self._safetime = safetime
        self._room = room

    def check(self) -> None:
        """Raise Unavailable unless statements can be stored."""
        self._room.check()
        if not self._safetime.kept:
            raise Unavailable("The database does not take writes at the moment")
