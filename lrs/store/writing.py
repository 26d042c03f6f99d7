"""Writing what more than one collection writes in the same way."""

from collections.abc import Collection, Mapping
from typing import Any

from pymongo import DeleteOne, ReplaceOne
from pymongo.client_session import ClientSession
from pymongo.collection import Collection as Rows
from pymongo.errors import DuplicateKeyError

Document = dict[str, Any]


def insert_new(rows: Rows[Document], row: Document, session: ClientSession | None) -> bool:
    """Store a document; False where a unique value of it is taken, which ends a transaction."""
    try:
        rows.insert_one(row, session=session)
    except DuplicateKeyError:
        return False
    return True


def rewrite(
    rows: Rows[Document],
    org: bytes,
    documents: Mapping[bytes, Document | None],
    held: Collection[bytes],
    session: ClientSession,
) -> None:
    """Let what an organisation has under these keys be these documents; where there is None, nothing.

    ``held`` are the keys of those that were there, as the same transaction has seen.
    """
    # Many times as fast as replacing what is not there.
    if fresh := [row for key, row in documents.items() if row is not None and key not in held]:
        rows.insert_many(fresh, ordered=False, session=session)
    writes = [
        ReplaceOne({"_id": org + key}, row) if row is not None else DeleteOne({"_id": org + key})
        for key, row in documents.items()
        if key in held
    ]
    if writes:
        rows.bulk_write(writes, ordered=False, session=session)
