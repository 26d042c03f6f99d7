"""What an erasure is about: who is looked for, and as whom they are shown from then on."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from lrs.services import clocks
from lrs.services.erasing.people import Marks, account_of, erased_by, hashes_of, sha1_of
from lrs.services.seals import Seals
from lrs.store import Store
from lrs.store.erasures import Erasure
from schemas.training.erased import Erased
from schemas.xapi.keys import identities_in, mention_keys

_PAGE: Final = 10_000
_STATEMENTS: Final = 2000
_REMEMBERED: Final = 65_536

_decode = msgspec.json.Decoder().decode


class Task(NamedTuple):
    """An erasure with the identities that are looked for, and what knows them in statements."""

    erasure: Erasure
    identities: list[str]
    people: Erased

    @property
    def org(self) -> bytes:
        """The organisation."""
        return self.erasure.org


class Searching:
    """Finds all identities of a person."""

    def __init__(self, store: Store, pepper: str) -> None:
        self._store = store
        self._learners = store.learners
        self._pepper = pepper
        self._seals = Seals(pepper, "erasures")

    def sealed(self, erasure: bytes, identities: Iterable[str]) -> bytes:
        """Return identities as the journal keeps them."""
        return self._seals.seal(json.dumps(sorted(identities)).encode(), erasure.hex())

    def known(self, erasure: Erasure) -> list[str]:
        """Return the identities that the journal keeps; raise Unavailable under another pepper."""
        known: list[str] = json.loads(self._seals.open(erasure.sealed, erasure.id.hex())) if erasure.sealed else []
        return known

    def task(self, erasure: Erasure, identities: Iterable[str]) -> Task:
        """Return what an erasure is about."""
        accounts = dict.fromkeys(erasure.hashes, account_of(self._pepper, erasure.id, erasure.org))
        known = sorted(self.joined(erasure.org, identities))
        return Task(erasure, known, erased_by(self._pepper, erasure.org, accounts))

    def all(self, org: bytes, identities: Iterable[str]) -> set[str]:
        """Return these identities and whatever else means the same person.

        A mailbox may be known by its SHA-1 alone, and a number is written in many ways: all learners are looked at.
        Whoever is named elsewhere is looked at by ``wider``.
        """
        known = self.joined(org, identities)
        marks = Marks(self._pepper, org)
        if wanted := self._open({marks.of(who) for who in known}, known, marks):
            known = self.joined(org, known | {who for who in self._learned(org) if marks.of(who) in wanted})
        return self.joined(org, known | self._hidden(org, known))

    def _hidden(self, org: bytes, known: Iterable[str]) -> set[str]:
        """Return the SHA-1s of mailboxes as statements write them: each spelling of a domain has its own."""
        found = set[str]()
        for who in known:
            if (written := _written(who)) is not None:
                spelled = {each for raw in self._naming(org, who) for each in written.findall(raw)}
                found.update(form for each in spelled for form in sha1_of(each.decode()))
        return found

    def _naming(self, org: bytes, who: str) -> Iterator[bytes]:
        """Yield the JSON of all statements that name somebody, and maybe of others."""
        place, keys = 0, mention_keys(who)
        while batch := self._store.statements.having_any(org, keys, place, most=_STATEMENTS):
            yield from (each.raw for each in batch)
            place = batch[-1].stored

    def wider(self, task: Task, until: float | None = None) -> tuple[Task, bool]:
        """Look at everybody who is named anywhere, from where that has got to, for other ways to write the person.

        Return the task with all that were found, and whether there is nothing left to look at.
        """
        erasure, marks = task.erasure, Marks(self._pepper, task.org)
        wanted = self._open(erasure.hashes, task.identities, marks)
        if not wanted:
            return task, True
        known, mark = {*task.identities}, lru_cache(_REMEMBERED)(marks.of)
        place, found, whole = self._named(erasure, lambda who: who not in known and mark(who) in wanted, until)
        if not found and place == erasure.searched:
            return task, whole
        if found:
            known = self.joined(task.org, known | found)
        hashes = tuple(sorted({*erasure.hashes, *hashes_of(marks, known)}))
        sealed = self.sealed(erasure.id, known)
        self._store.erasures.widen(erasure, hashes, sealed, place, clocks.now())
        return self.task(erasure._replace(hashes=hashes, sealed=sealed, searched=place), known), whole

    def _open(self, wanted: Iterable[str], known: Iterable[str], marks: Marks) -> set[str]:
        """Return those marks of which nobody can tell all identities that have them."""
        return {*wanted} - {marks.of(who) for who in known if marks.are_told_by(who)}

    def _named(
        self, erasure: Erasure, is_meant: Callable[[str], bool], until: float | None
    ) -> tuple[int, set[str], bool]:
        """Return how far statements were looked at, who is meant, and whether all were looked at, and all else."""
        place, found, org = erasure.searched, set[str](), erasure.org
        while batch := self._store.statements.after(org, place, through=clocks.now(), most=_STATEMENTS):
            for each in batch:
                found.update(filter(is_meant, identities_in(_decode(each.raw))))
            place = batch[-1].stored
            if until is not None and clocks.passed() > until:
                return place, found, False
        found.update(filter(is_meant, self._store.removals.agents(org)))
        found.update(filter(is_meant, self._learned(org)))
        return place, found, True

    def joined(self, org: bytes, identities: Iterable[str]) -> set[str]:
        """Return these identities, the forms that they are stored in, and those that were joined with them."""
        marks = Marks(self._pepper, org)
        found: set[str] = set()
        fresh = set(identities)
        while fresh:
            found |= {form for who in fresh for form in marks.forms(who)}
            numbers = set(self._learners.find(org, found).values())
            people = self._learners.identities(org, numbers)
            fresh = {who for each in people.values() for who in each} - found
        return found

    def _learned(self, org: bytes) -> Iterator[str]:
        after = 0
        while page := self._learners.page(org, after=after, most=_PAGE):
            for identities in page.values():
                yield from identities
            after = max(page)


def _written(who: str) -> re.Pattern[bytes] | None:
    """Return what finds a mailbox in the JSON of a statement, however its domain is spelled; None for other people."""
    if not who.startswith("mailto:"):
        return None
    local, _, domain = who.rpartition("@")
    return re.compile(b"%b@(?i:%b)" % tuple(re.escape(each.encode()) for each in (local, domain)))
