from pathlib import Path

import pytest

from lrs.errors import Unavailable
from lrs.services.room import Room


def look_again(room):
    room._looked = float("-inf")
    room.check()


def test_where_the_database_is_elsewhere_there_is_always_room():
    Room(None).check()


def test_with_too_little_room_nothing_is_stored(tmp_path):
    look_again(Room(tmp_path))
    with pytest.raises(Unavailable, match="nearly full"):
        look_again(Room(tmp_path, least=2**62))


def test_a_folder_that_is_missing_stops_writes_until_it_is_there_and_is_logged_once(tmp_path: Path, caplog):
    room = Room(tmp_path / "db")
    for _ in range(2):
        with pytest.raises(Unavailable, match="cannot be seen"):
            look_again(room)
    assert len(caplog.records) == 1
    (tmp_path / "db").mkdir()
    look_again(room)
