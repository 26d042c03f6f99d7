"""Who was erased, as every process knows it: what arrives about them later names nobody.

The journal has keyed hashes only, so they are known by hashing whoever is named. An organisation that has never erased
anybody pays nothing for it.
"""

import hashlib
import json
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Final

from lrs.services import clocks
from lrs.services.principals import Principal
from lrs.services.pseudonyms import keyed_hash, pseudonyms_of
from lrs.store import Store
from lrs.store.erasures import Erasure
from schemas.training.erased import Erased
from schemas.training.persons import number_of
from schemas.xapi.identity import identity
from schemas.xapi.statements import Statement

AGREEING: Final = 10.0
"""Seconds until every process knows of an erasure."""
_OVERLAP: Final = 60_000_000
_REMEMBERED: Final = 16_384
_SHORT: Final = 256
# Of letters alone, so that no rule takes it for a number of somebody.
_LETTERS: Final = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


class Marks:
    """What stands for the identities of an organisation: all ways to write one mailbox or number have the same."""

    def __init__(self, pepper: str, org: bytes) -> None:
        self._pepper = pepper
        self._org = org
        self._pseudonyms = pseudonyms_of(pepper, org)

    def of(self, who: str) -> str:
        """Return the keyed hash of an identity; that of its pseudonym is the same."""
        return keyed_hash(self._pepper, b"erasures", self._org, self._pseudonyms.of(who))

    def forms(self, who: str) -> set[str]:
        """Return an identity, what it is stored as where identities are replaced, and the SHA-1 of a mailbox."""
        return {who, self._pseudonyms.identity(who), *sha1_of(who)}

    def are_told_by(self, who: str) -> bool:
        """Tell whether the ``forms`` of an identity are all ways to write it: not of a number, a SHA-1, a pseudonym."""
        if who.startswith("account:"):
            return self._pseudonyms.of(who) != who and number_of(who.partition(" ")[2]) is None
        return not who.startswith("sha1:")


def sha1_of(who: str) -> Iterator[str]:
    """Yield the identity by which a mailbox is hidden, for a mailbox."""
    if who.startswith("mailto:"):
        yield f"sha1:{hashlib.sha1(who.encode(), usedforsecurity=False).hexdigest()}"


def account_of(pepper: str, erasure: bytes, org: bytes) -> str:
    """Return the name of the account that stands for whoever was erased by this erasure."""
    return keyed_hash(pepper, b"erased", org, erasure.hex()).translate(_LETTERS)


def erased_by(pepper: str, org: bytes, accounts: dict[str, str]) -> Erased:
    """Return who was erased in an organisation: the names of accounts by keyed hash."""
    # Most statements are about few people; what a mark is made of never changes.
    marks = Marks(pepper, org)
    known = lru_cache(_REMEMBERED)(marks.of)

    def name_of(who: str) -> str | None:
        return accounts.get(known(who) if len(who) <= _SHORT else marks.of(who))

    return Erased(name_of)


class ErasedPeople:
    """Knows who was erased in every organisation; looks into the journal now and then, where it is asked."""

    def __init__(self, store: Store, pepper: str, *, agreeing: float = AGREEING) -> None:
        self._erasures = store.erasures
        self._pepper = pepper
        self._agreeing = agreeing
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._seen = 0
        self._accounts: defaultdict[bytes, dict[str, str]] = defaultdict(dict)
        self._known: dict[bytes, Erased] = {}

    def of(self, org: bytes) -> Erased | None:
        """Return who was erased in an organisation, None where nobody was; raise Unavailable."""
        if clocks.passed() - self._looked > self._agreeing:
            self._look()
        return self._known.get(org)

    def _look(self) -> None:
        with self._lock:
            began = clocks.passed()
            if began - self._looked <= self._agreeing:
                return
            for changed, erasure in self._erasures.changed(self._seen - _OVERLAP):
                self._learn(erasure)
                self._seen = max(self._seen, changed)
            self._looked = began

    def _learn(self, erasure: Erasure) -> None:
        org, name = erasure.org, account_of(self._pepper, erasure.id, erasure.org)
        accounts = self._accounts[org]
        for each in erasure.hashes:
            accounts.setdefault(each, name)
        if org not in self._known:
            self._known[org] = erased_by(self._pepper, org, accounts)

    def admit(self, org: bytes, statement: Statement, text: bytes, path: str = "") -> tuple[Statement, bytes]:
        """Return a statement and its text without those who were erased; raise Refused for a signed one with any."""
        erased = self.of(org)
        return (statement, text) if erased is None else erased.admit(statement, text, path)

    def refuse_document(self, org: bytes, who: str | None) -> None:
        """Raise Refused for a document about somebody who was erased."""
        if who is not None and (erased := self.of(org)) is not None:
            erased.refuse_document(who)

    def vouching(self, principal: Principal) -> Principal:
        """Return a caller whose statements are not vouched for by anybody who was erased."""
        erased = self.of(principal.org)
        agent = principal.authority_agent
        if erased is None or not any(erased.has(identity(each)) for each in (agent, *agent.get("member", ()))):
            return principal
        shown = erased.agent(agent)
        return replace(principal, authority=json.dumps(shown).encode(), authority_agent=shown)


def hashes_of(marks: Marks, identities: Iterable[str]) -> tuple[str, ...]:
    """Return what stands for these identities, sorted, each once."""
    return tuple(sorted({marks.of(who) for who in identities}))
