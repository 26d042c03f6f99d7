"""How this store runs a transaction: on a snapshot, and durable on a majority before it counts."""

from collections.abc import Callable
from typing import Any

from pymongo import MongoClient, WriteConcern
from pymongo.client_session import ClientSession
from pymongo.read_concern import ReadConcern


def transact(client: MongoClient[Any], write: Callable[[ClientSession], None]) -> None:
    """Run ``write`` in one transaction; it is called again where another transaction was in the way.

    A transaction takes no concerns from its collections, so they are named here. Must run under a deadline.
    """
    with client.start_session() as session:
        session.with_transaction(
            write,
            read_concern=ReadConcern("snapshot"),
            write_concern=WriteConcern("majority", j=True),
        )
