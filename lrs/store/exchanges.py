"""Collections of exchanges with stores of others, as far as forwards and pulls are kept alike."""

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.writing import insert_new

Document = dict[str, Any]


class _Kept(Protocol):
    __slots__: tuple[str, ...]

    @property
    def id(self) -> str: ...
    @property
    def org(self) -> bytes: ...
    @property
    def created(self) -> int: ...


E = TypeVar("E", bound=_Kept)


class Exchanges(Generic[E]):
    """Finds and keeps exchanges of one kind; every call ends within the deadline, else Unavailable.

    ``counts`` are the fields that are whole numbers, ``moments`` those that may be missing; ``there`` is what holds for
    all that are not on their way out.
    """

    kind: ClassVar[type[Any]]
    counts: ClassVar[tuple[str, ...]]
    moments: ClassVar[tuple[str, ...]]
    there: ClassVar[Document] = {}

    def __init__(self, database: Database[Document], name: str, *, deadline: float) -> None:
        self._rows = database[name]
        self._deadline = deadline

    def insert(self, exchange: E, session: ClientSession | None = None) -> bool:
        """Store a new one; False where the id is taken."""
        row = {name: getattr(exchange, name) for name in self.kind.__slots__}
        with translated(), pymongo.timeout(self._deadline):
            return insert_new(self._rows, {"_id": row.pop("id"), **row}, session)

    def find(self, org: bytes, exchange: str, session: ClientSession | None = None) -> E | None:
        """Return an organisation's, or None."""
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one({"_id": exchange, "org": org} | self.there, session=session)
        return None if row is None else self._made(row)

    def of(self, org: bytes) -> list[E]:
        """Return those of an organisation, the oldest first."""
        return sorted(self._all({"org": org} | self.there), key=lambda each: (each.created, each.id))

    def all(self) -> list[E]:
        """Return those of all organisations."""
        return self._all(self.there)

    def count(self, org: bytes, session: ClientSession | None = None) -> int:
        """Return how many an organisation has."""
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.count_documents({"org": org} | self.there, session=session)

    def change(
        self, exchange: E, values: Mapping[str, Any], session: ClientSession | None = None, **more: int
    ) -> E | None:
        """Set fields, named and typed as it has them, and add ``more`` to some.

        Return it as it is then, None where it is not there any more.
        """
        update: Document = {"$set": dict(values)}
        if added := {name: count for name, count in more.items() if count}:
            update["$inc"] = added
        where = {"_id": exchange.id, "org": exchange.org} | self.there
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one_and_update(
                where, update, return_document=pymongo.ReturnDocument.AFTER, session=session
            )
        return None if row is None else self._made(row)

    def _all(self, where: Document) -> list[E]:
        with translated(), pymongo.timeout(self._deadline):
            return [self._made(row) for row in self._rows.find(where)]

    def _made(self, row: Mapping[str, Any]) -> E:
        known: Document = {name: row[name] for name in self.kind.__slots__ if name != "id"}
        known |= {name: int(row[name]) for name in self.counts}
        known |= {name: None if row[name] is None else int(row[name]) for name in self.moments}
        made: E = self.kind(id=row["_id"], **known)
        return made
