"""Sheets: the cells of one month and unit, packed together on pages of bounded size, one document each.

A batch of the feed touches thousands of cells, but few months and units; so it writes few documents. A page with more
than ``FULL`` bytes of cells is divided in sixteen by what their names hash to, and in its place stays how much is below
it; when that fits again, one page takes it back. So which pages there are, and what is on each, follows from the cells
alone, in whatever order they came and went.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final

import msgspec
from pymongo import DeleteOne, InsertOne, ReplaceOne
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from schemas.training.cells import Key

FULL: Final = 64 * 1024
"""Bytes of cells, with their names, that one page has at most."""
_HEAVIEST: Final = FULL // 8
"""Bytes that one cell counts as at most: a page is not divided for the sake of one."""
# An ``_id`` is the organisation, the month in 3 bytes, the unit in 9; and in 4, how deep a page is and the way to it.
_REST: Final = 9 + 4
_DEEPEST: Final = 6
_HEX: Final = 4
_DIVIDED: Final = "divided"

Document = dict[str, Any]
Write = InsertOne[Document] | ReplaceOne[Document] | DeleteOne
Entries = dict[bytes, msgspec.Raw]
"""Packed cells by their names."""

_encode: Final = msgspec.msgpack.Encoder().encode
unpack: Final = msgspec.msgpack.Decoder(Entries).decode
"""Returns what a page has of one family."""


def sheet_id(org: bytes, month: str, unit: str) -> bytes:
    """Return what the ``_id`` of each page of a sheet begins with; in the order of months."""
    return org + _month(month) + blake2b(unit.encode(), digest_size=9).digest()


def span(org: bytes, first: str, last: str) -> Document:
    """Return the condition for all pages of these months."""
    return {"_id": {"$gte": org + _month(first) + bytes(_REST), "$lte": org + _month(last) + b"\xff" * _REST}}


def _month(month: str) -> bytes:
    year, _, number = month.partition("-")
    return (int(year or 0) * 100 + int(number or 0)).to_bytes(3)


class _Page:
    """A page in memory: of each family it has either what lies there, packed, or its entries, once they are asked for.

    ``parts`` are None for a page that was divided.
    """

    __slots__ = ("_entries", "changed", "depth", "id", "key", "parts", "size", "stored")

    def __init__(self, id_: bytes, key: Key, row: Mapping[str, Any] | None) -> None:
        self.id = id_
        self.key = key
        self.depth = id_[-4]
        self.stored = row is not None
        self.changed = False
        self.size = int(row["size"]) if row else 0
        self.parts: dict[str, bytes] | None = None if row and _DIVIDED in row else dict(row["parts"]) if row else {}
        self._entries: dict[str, Entries] = {}

    def entries(self, family: str) -> Entries:
        """Return the entries of a family; what is changed in them is to be told by ``put``."""
        found = self._entries.get(family)
        if found is None:
            packed = (self.parts or {}).get(family)
            found = self._entries[family] = {} if packed is None else unpack(packed)
        return found

    def put(self, family: str, name: bytes, entry: bytes | None) -> int:
        """Let this be the entry of that name, None for none; return how many bytes more there are.

        The entries of the family must have been asked for.
        """
        entries = self._entries[family]
        before = entries.get(name)
        raw = None if entry is None else msgspec.Raw(entry)
        if raw == before:
            return 0
        if raw is None:
            del entries[name]
        else:
            entries[name] = raw
        more = _weight(name, raw) - _weight(name, before)
        self.changed = True
        self.size += more
        return more

    def all(self) -> Iterator[tuple[str, bytes, msgspec.Raw]]:
        """Yield all entries, by family and name."""
        for family in {**(self.parts or {}), **self._entries}:
            for name, entry in self.entries(family).items():
                yield family, name, entry

    def document(self) -> Document:
        """Return the page as it is to be stored."""
        parts = dict(self.parts or {})
        for family, entries in self._entries.items():
            parts.pop(family, None)
            if entries:
                parts[family] = _encode(dict(sorted(entries.items())))
        return _head(self) | {"parts": dict(sorted(parts.items()))}


class Sheets:
    """The pages of an organisation that a transaction reads and changes."""

    def __init__(self, rows: Collection[Document], org: bytes, session: ClientSession) -> None:
        self._rows = rows
        self._org = org
        self._session = session
        self._pages: dict[bytes, _Page] = {}
        self._home: dict[Key, _Page] = {}

    def read(self, keys: Iterable[Key]) -> Iterator[tuple[Key, msgspec.Raw]]:
        """Yield the entries that these keys have; only they can be changed then."""
        sheets: dict[tuple[str, str], list[Key]] = {}
        for key in keys:
            sheets.setdefault((key.month, key.unit), []).append(key)
        wanted = {sheet_id(self._org, *sheet) + bytes(4): found for sheet, found in sheets.items()}
        while wanted:
            self._load({id_: found[0] for id_, found in wanted.items()})
            below: dict[bytes, list[Key]] = {}
            for id_, found in wanted.items():
                page = self._pages[id_]
                if page.parts is None:
                    for key in found:
                        below.setdefault(_below(page, key.family, key.name), []).append(key)
                else:
                    self._home |= dict.fromkeys(found, page)
            wanted = below
        for key, page in self._home.items():
            if (entry := page.entries(key.family).get(key.name)) is not None:
                yield key, entry

    def write(self, entries: Mapping[Key, bytes | None]) -> None:
        """Let keys that were read have these entries, None for none."""
        for key, entry in entries.items():
            page = self._home[key]
            more = page.put(key.family, key.name, entry)
            if more and page.depth:
                for depth in range(page.depth):
                    above = self._pages[_at(page.id, depth)]
                    above.size += more
                    above.changed = True
        roots = {_at(page.id, 0) for page in set(self._home.values()) if page.changed}
        if writes := [write for root in sorted(roots) for write in self._settled(self._pages[root])]:
            self._rows.bulk_write(writes, ordered=False, session=self._session)

    def _load(self, wanted: Mapping[bytes, Key]) -> None:
        ids = list(wanted)
        found = self._rows.find({"_id": {"$in": ids}}, batch_size=max(len(ids), 2), session=self._session)
        rows = {row["_id"]: row for row in found}
        for id_, key in wanted.items():
            self._pages[id_] = _Page(id_, key, rows.get(id_))

    def _settled(self, page: _Page) -> Iterator[Write]:
        """Yield what must be written so that a page, and all below it, are as they should be."""
        if page.parts is not None:
            if page.changed:
                yield from self._spread(page)
        elif page.size > FULL:
            if page.changed:
                yield ReplaceOne({"_id": page.id}, _head(page) | {_DIVIDED: True})
            for id_ in _children(page.id):
                if id_ in self._pages:
                    yield from self._settled(self._pages[id_])
        else:
            page.parts = {}
            yield from self._gathered(page, page)
            yield from self._spread(page)

    def _spread(self, page: _Page) -> Iterator[Write]:
        """Yield what stores a page, or what it is divided into."""
        if page.size <= FULL or page.depth == _DEEPEST:
            if page.size:
                yield _put(page, page.document())
            elif page.stored:
                yield DeleteOne({"_id": page.id})
            return
        yield _put(page, _head(page) | {_DIVIDED: True})
        parts: dict[bytes, _Page] = {}
        for family, name, entry in page.all():
            id_ = _below(page, family, name)
            part = parts.get(id_) or parts.setdefault(id_, _Page(id_, page.key, None))
            part.entries(family)
            part.put(family, name, bytes(entry))
        for part in parts.values():
            yield from self._spread(part)

    def _gathered(self, into: _Page, above: _Page) -> Iterator[Write]:
        """Put everything below a page on another one; yield what removes it where it was."""
        self._load({id_: above.key for id_ in _children(above.id) if id_ not in self._pages})
        for id_ in _children(above.id):
            page = self._pages[id_]
            if page.parts is None:
                yield from self._gathered(into, page)
            for family, name, entry in page.all():
                into.entries(family)[name] = entry
            if page.stored:
                yield DeleteOne({"_id": id_})


def _weight(name: bytes, entry: msgspec.Raw | None) -> int:
    return 0 if entry is None else min(len(name) + len(entry), _HEAVIEST)


def _put(page: _Page, document: Document) -> Write:
    return ReplaceOne({"_id": page.id}, document) if page.stored else InsertOne(document)


def _head(page: _Page) -> Document:
    org, key = page.id[:8], page.key
    return {"_id": page.id, "org": org, "month": key.month, "unit": key.unit, "size": page.size}


def _at(id_: bytes, depth: int) -> bytes:
    """Return the ``_id`` of the page above another one at that depth."""
    way = int.from_bytes(id_[-3:]) >> (_HEX * (_DEEPEST - depth)) << (_HEX * (_DEEPEST - depth))
    return id_[:-4] + bytes([depth]) + way.to_bytes(3)


def _below(page: _Page, family: str, name: bytes) -> bytes:
    """Return the ``_id`` of the page below a divided one that a name belongs to."""
    way = blake2b(family.encode() + name, digest_size=3).digest()
    return _at(page.id[:-4] + bytes([_DEEPEST]) + way, page.depth + 1)


def _children(id_: bytes) -> list[bytes]:
    depth, way = id_[-4] + 1, int.from_bytes(id_[-3:])
    step = 1 << (_HEX * (_DEEPEST - depth))
    return [id_[:-4] + bytes([depth]) + (way + step * each).to_bytes(3) for each in range(16)]
