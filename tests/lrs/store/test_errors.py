"""What MongoDB says of a failure decides whether the caller is told to send the same again."""

import pytest
from pymongo.errors import OperationFailure

from lrs.errors import Unavailable
from lrs.store.errors import translated


def test_a_cursor_that_the_server_has_lost_is_a_passing_trouble(kept_store):
    rows = kept_store.database["lost_cursors"]
    rows.insert_many({"_id": number} for number in range(10))
    try:
        cursor = rows.find(batch_size=2)
        next(cursor)
        rows.database.command("killCursors", rows.name, cursors=[cursor.cursor_id])
        with pytest.raises(Unavailable), translated():
            list(cursor)
    finally:
        rows.drop()


def test_a_command_that_is_wrong_is_a_defect_and_stays_what_it_is(kept_store):
    with pytest.raises(OperationFailure, match="unknown operator"), translated():
        list(kept_store.database["statements"].find({"a": {"$nothing": 1}}))
