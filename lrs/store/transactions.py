"""How this store runs a transaction: on a snapshot, and durable on a majority before it counts."""

from collections.abc import Callable
from typing import Any, TypeVar

from pymongo import MongoClient, WriteConcern
from pymongo.client_session import ClientSession
from pymongo.read_concern import ReadConcern

T = TypeVar("T")
Session = ClientSession
"""What calls within one transaction share; services hand it on and know no more of it."""


def transact(client: MongoClient[Any], write: Callable[[ClientSession], T]) -> T:
    """Run ``write`` in one transaction and return what it returns; called again where another was in the way.

    A transaction takes no concerns from its collections, so they are named here. Must run under a deadline.
    """
    with client.start_session() as session:
        return session.with_transaction(
            write,
            read_concern=ReadConcern("snapshot"),
            write_concern=WriteConcern("majority", j=True),
        )
