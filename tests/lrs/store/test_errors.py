"""What MongoDB says of a failure decides whether the caller is told to send the same again."""

import pytest
from pymongo.errors import OperationFailure

from lrs.errors import PayloadTooLarge, Unavailable
from lrs.store.errors import translated
from lrs.store.transactions import transact


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


def test_what_no_transaction_can_hold_is_too_large_and_nothing_of_it_is_stored(kept_store):
    rows = kept_store.database["large"]
    sent = [{"_id": number, "text": "x" * 1024**2} for number in range(400)]
    try:
        with pytest.raises(PayloadTooLarge), translated():
            transact(kept_store.client, lambda session: rows.insert_many(sent, session=session))
        assert rows.count_documents({}) == 0
    finally:
        rows.drop()
