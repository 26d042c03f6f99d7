"""Verifies a chain of the audit against the key of its seals and against its heads that were kept elsewhere.

The seals show every record that was changed or made without the key, the places every one that is gone or moved, the
hashes between them every one that was replaced. What only the heads kept elsewhere (anchors) show: that the end was cut
off, and what was done by somebody who has the key.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Literal, NamedTuple

from lrs.services.audit import holds
from lrs.store.audit import Audit, Link
from lrs.store.entries import START, Record

Kind = Literal["altered", "missing", "unlinked", "cut", "replaced", "forged"]
Progress = Callable[[int], None]

MOST_TOLD: Final = 100
EVERY: Final = 10_000
_BATCH: Final = 1000


class Finding(NamedTuple):
    """What is wrong, from place ``first`` to ``last`` of the chain.

    ``altered``: not what was sealed. ``missing``: nothing there. ``unlinked``: not the successor of the record before
    it. ``cut``: the chain once reached this far. ``replaced``: not what an anchor says. ``forged``: an anchor that this
    store did not write.
    """

    kind: Kind
    first: int
    last: int


@dataclass
class Verdict:
    """What was found of one chain; ``findings`` are the first hundred of ``faults``."""

    org: bytes
    records: int = 0
    last: int = 0
    anchors: int = 0
    faults: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return self.faults == 0

    def add(self, kind: Kind, first: int, last: int) -> None:
        """Note something wrong."""
        self.faults += 1
        if len(self.findings) < MOST_TOLD:
            self.findings.append(Finding(kind, first, last))


class Verifier:
    """Verifies the chains of one store, which must have been opened with its seal."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    def verify(self, org: bytes, anchors: Iterable[Record] = (), progress: Progress | None = None) -> Verdict:
        """Return what is wrong with the chain of an organisation.

        ``anchors`` are its heads that were kept elsewhere, in any order. Chain and anchors may be of any length: they
        are read once, in pieces. ``progress`` hears now and then how many records have been read.
        """
        verdict = Verdict(org)
        previous: bytes | None = START
        for link in self._audit.walk(org):
            previous = self._check(verdict, previous, link)
            if progress is not None and verdict.records % EVERY == 0:
                progress(verdict.records)
        reached = max((self._compare(verdict, batch) for batch in _batches(anchors)), default=0)
        if reached > verdict.last:
            verdict.add("cut", verdict.last + 1, reached)
        return verdict

    def _check(self, verdict: Verdict, previous: bytes | None, link: Link) -> bytes | None:
        """Return the hash that the next record must name; None where that cannot be told."""
        if link.seq > verdict.last + 1:
            verdict.add("missing", verdict.last + 1, link.seq - 1)
            previous = None
        if link.record is None or not holds(link.record, self._audit.seal):
            verdict.add("altered", link.seq, link.seq)
        elif previous is not None and link.record.previous != previous:
            verdict.add("unlinked", link.seq, link.seq)
        verdict.last = link.seq
        verdict.records += 1
        return None if link.record is None else link.record.hash

    def _compare(self, verdict: Verdict, anchors: list[Record]) -> int:
        """Compare anchors with the records in their places; return the last place that is empty of a record."""
        reached = 0
        found = self._audit.at(verdict.org, [anchor.seq for anchor in anchors])
        for anchor in anchors:
            verdict.anchors += 1
            if anchor.org != verdict.org or not holds(anchor, self._audit.seal):
                verdict.add("forged", anchor.seq, anchor.seq)
            elif anchor.seq not in found:
                reached = max(reached, anchor.seq)
            elif found[anchor.seq] != anchor:
                verdict.add("replaced", anchor.seq, anchor.seq)
        return reached


def _batches(anchors: Iterable[Record]) -> Iterator[list[Record]]:
    each = iter(anchors)
    while batch := list(islice(each, _BATCH)):
        yield batch
