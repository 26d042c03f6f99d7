"""Erasures are carried out again in a database that was restored from a backup: it has what was erased since.

The journal names nobody, so everybody who is named there is hashed and looked up in it.
"""

import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from lrs.errors import Unavailable
from lrs.services import clocks
from lrs.services.erasing import Erasing
from lrs.services.erasing.files import Line
from lrs.services.erasing.people import Marks
from lrs.services.progress import RECORDS, place_of
from lrs.store import Store
from lrs.store.erasures import Erasure
from schemas.xapi.keys import identities_in

_PAGE: Final = 10_000
_STATEMENTS: Final = 2000
_LEASE: Final = 30.0
_PAUSE: Final = 0.5

_decode = msgspec.json.Decoder().decode


class Replayed(NamedTuple):
    """How many erasures a file has, of how many of them there was anything, and how many statements went."""

    erasures: int
    found: int
    statements: int


@dataclass(slots=True)
class _Entry:
    line: Line | None = None
    hashes: set[str] = field(default_factory=set)
    statements: set[bytes] = field(default_factory=set)
    identities: set[str] = field(default_factory=set)


class Replay:
    """Carries out what a file says; ``looked`` is called now and then with how many statements were looked at.

    ``basis`` is what records are made on now.
    """

    def __init__(
        self, store: Store, erasing: Erasing, pepper: str, looked: Callable[[int], None], basis: Callable[[], str]
    ) -> None:
        self._basis = basis
        self._store = store
        self._erasing = erasing
        self._pepper = pepper
        self._looked = looked

    def run(self, org: bytes, lines: Iterable[Line]) -> Replayed:
        """Erase again what the lines of an organisation tell of. Raise Unavailable: it may be run again."""
        self._make_anew(org)
        entries: defaultdict[bytes, _Entry] = defaultdict(_Entry)
        for line in lines:
            entry = entries[line.erasure]
            entry.statements.update(line.statements)
            if line.hashes:
                entry.line = line
                entry.hashes.update(line.hashes)
        self._identify(org, entries.values())
        found = gone = 0
        for erasure, entry in entries.items():
            before = self._statements(erasure)
            if self._erase(org, erasure, entry):
                found += 1
            gone += self._statements(erasure) - before
        return Replayed(len(entries), found, gone)

    def _make_anew(self, org: bytes) -> None:
        """Have records made anew that rest on something else than now: those of the backup may be of another version.

        The worker would do so by itself, and should not run yet.
        """
        name, worker = place_of(RECORDS, org), secrets.token_hex(8)
        held = self._store.places.find(name)
        if not held.place or held.unclean or held.basis == self._basis():
            return
        until = clocks.passed() + 2 * _LEASE
        while self._store.places.take(name, worker, lease=_LEASE) is None:
            if clocks.passed() > until:
                raise Unavailable("A worker is running, and keeps records of another version: stop it first")
            self._store.places.want(name, worker, lease=_LEASE)
            time.sleep(_PAUSE)
        self._store.places.reset(name, worker, self._basis())
        self._store.places.release(name, worker)

    def _statements(self, erasure: bytes) -> int:
        found = self._store.erasures.find(erasure)
        return 0 if found is None else found.counts.get("statements", 0)

    def _erase(self, org: bytes, erasure: bytes, entry: _Entry) -> bool:
        """Carry out one erasure; tell whether there was anything to do."""
        line = entry.line
        if line is None:
            return False
        held = self._store.erasures.find(erasure)
        known = held is not None and entry.hashes <= {*held.hashes} and self._listed(held) >= entry.statements
        if known and not entry.identities:
            return False
        begun = self._erasing.begin(
            org, entry.identities, line.request, line.by, hashes=tuple(sorted(entry.hashes)), replayed=line.begun
        )
        self._erasing.carry_out(begun, listed=sorted(entry.statements))
        return bool(entry.identities)

    def _listed(self, erasure: Erasure) -> set[bytes]:
        return {each for went in self._store.erasures.went(erasure.id) for each in went.statements}

    def _identify(self, org: bytes, entries: Iterable[_Entry]) -> None:
        """Find out who is meant, among all who are named anywhere."""
        wanted: defaultdict[str, list[_Entry]] = defaultdict(list)
        for entry in entries:
            for each in entry.hashes:
                wanted[each].append(entry)
        marks, seen = Marks(self._pepper, org), set[int]()
        for who in self._named(org):
            # By hash alone: everybody of a large organisation would not fit.
            if (short := hash(who)) not in seen:
                seen.add(short)
                for entry in wanted.get(marks.of(who), ()):
                    entry.identities.add(who)

    def _named(self, org: bytes) -> Iterator[str]:
        after = 0
        while page := self._store.learners.page(org, after=after, most=_PAGE):
            for identities in page.values():
                yield from identities
            after = max(page)
        yield from self._store.removals.agents(org)
        place, count = 0, 0
        while batch := self._store.statements.after(org, place, through=clocks.now(), most=_STATEMENTS):
            for each in batch:
                yield from identities_in(_decode(each.raw))
            place, count = batch[-1].stored, count + len(batch)
            self._looked(count)
