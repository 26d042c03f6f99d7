"""What MongoDB itself bears meanwhile: bare majority writes, one after the other, by pymongo alone."""

import threading
import time
from itertools import pairwise
from typing import Self

import pymongo
from pymongo import MongoClient, WriteConcern
from pymongo.errors import PyMongoError

PAUSE, DEADLINE = 0.05, 10.0


class BareWrites:
    """Writes to a collection of its own inside a `with` block."""

    def __init__(self, uri: str, database: str) -> None:
        self._uri, self._database = uri, database
        self._written: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def stall(self, since: float) -> float:
        """The longest time without a write from `since`, by the monotonic clock, until now."""
        return max(later - earlier for earlier, later in pairwise([since, *self._after(since), time.monotonic()]))

    def _after(self, since: float) -> list[float]:
        return [at for at in self._written if at > since]

    def _run(self) -> None:
        with MongoClient(self._uri) as client:
            rows = client[self._database].get_collection("floor", write_concern=WriteConcern("majority", j=True))
            while not self._over.wait(PAUSE):
                try:
                    with pymongo.timeout(DEADLINE):
                        rows.insert_one({})
                except PyMongoError:
                    continue
                self._written.append(time.monotonic())
