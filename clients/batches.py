"""Many statements: sent in portions, each with its id fixed first, so that sending again stores nothing twice."""

import time
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self

from .calls import Caller
from .encoding import encoded, encoded_at
from .errors import LRSError, TooLarge, Unsendable
from .messages import Body, Json, Statement
from .statements import identified

PORTION = 100
_PORTION_BYTES = 1_000_000


def save_portions(
    caller: Caller, statements: Iterable[Mapping[str, Json]], *, portion: int, within: float | None
) -> list[str]:
    """Store all and return their ids in order, or raise an LRSError whose ``saved`` and ``unsaved`` tell them apart.

    A portion is stored as a whole or not at all; one that the server finds too large is sent as smaller ones.
    """
    fixed = [identified(each) for each in statements]
    until = None if within is None else time.monotonic() + within
    done = 0
    try:
        while done < len(fixed):
            texts = _texts(fixed[done : done + portion])
            body = Body(b"[" + b",".join(texts) + b"]")
            try:
                caller.call(caller.request("POST", "statements", body=body), until=until)
                done += len(texts)
            except TooLarge:
                if len(texts) == 1:
                    raise
                portion = len(texts) // 2
    except LRSError as error:
        error.saved = [each["id"] for each in fixed[:done]]
        error.unsaved = fixed[done:]
        raise
    return [each["id"] for each in fixed]


def _texts(statements: Sequence[Statement]) -> list[bytes]:
    """Return a portion: the first of the statements, and as many more as there is room for."""
    room = _PORTION_BYTES
    texts: list[bytes] = []
    for position, each in enumerate(statements):
        text = encoded_at(position, each)
        room -= len(text)
        if room < 0 and texts:
            break
        texts.append(text)
    return texts


class Batch:
    """Collects statements and sends them when a portion is full, and the rest at the end of its ``with`` block.

    What could not be saved stays in ``waiting``; ``flush`` tries again with the same ids. For one thread.
    """

    def __init__(self, caller: Caller, portion: int = PORTION) -> None:
        self._caller = caller
        self._portion = portion
        self.waiting: list[Statement] = []

    def add(self, statement: Mapping[str, Json]) -> str:
        """Take a statement, send a portion if it is full, and return the statement's id.

        What cannot be written as JSON is not taken: Unsendable is raised, and the others are not held up.
        """
        kept = identified(statement)
        try:
            encoded(kept)
        except Unsendable as error:
            error.unsaved = [kept]
            raise
        self.waiting.append(kept)
        if len(self.waiting) >= self._portion:
            self.flush()
        statement_id: str = kept["id"]
        return statement_id

    def flush(self) -> None:
        """Send what is waiting; raise LRSError, and keep what is not stored."""
        try:
            save_portions(self._caller, self.waiting, portion=self._portion, within=None)
        except LRSError as error:
            self.waiting = list(error.unsaved)
            raise
        self.waiting = []

    def __enter__(self) -> Self:
        """Return the batch itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Send the rest; after an exception nothing more is sent, and ``waiting`` has what is left."""
        if error is None:
            self.flush()
