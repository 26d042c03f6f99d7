"""How a refusal of data is told: the tree of what schemas raise.

    Refused             the data breaks a rule of the specification, or of this store
      TooLarge          ... by its size; names the limit

The resources answer the first with 400 and the second with 413.
"""

from collections.abc import Iterable
from typing import NamedTuple


class Fault(NamedTuple):
    """One thing wrong with what was sent.

    ``path`` leads to it (``actor.mbox``, ``[3].result.score.scaled``; empty for the whole), ``rule`` is a
    stable word for programs (``required``, ``unknown``, ``iri`` ...), ``message`` a sentence for people. None
    of them holds a whole value that was sent.
    """

    path: str
    rule: str
    message: str


class Refused(ValueError):
    """What was sent breaks the rules; ``faults`` says where and which, at least one."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{f.path}: {f.message}" if f.path else f.message for f in self.faults))

    @classmethod
    def at(cls, path: str, rule: str, message: str) -> "Refused":
        """Return a refusal for a single fault."""
        return cls([Fault(path, rule, message)])


class TooLarge(Refused):
    """What was sent is larger than this store takes."""
