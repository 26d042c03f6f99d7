"""Decisions on split units: to which successor what was recorded for one of them belongs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec


class Decision(msgspec.Struct, frozen=True):
    """Records and learners, by their ids, that belong to the successor ``to`` of the split ``unit``, both keys.

    ``to`` is None where earlier decisions are taken back. ``decided`` is in microseconds since the epoch, ``by`` the
    credential that decided.
    """

    id: str
    unit: str
    to: str | None
    reason: str
    by: str
    decided: int
    records: tuple[str, ...] = ()
    learners: tuple[str, ...] = ()


class Assignments:
    """What decisions say together: the last one counts, whether it named a record or its learner."""

    def __init__(self, decisions: Iterable[Decision]) -> None:
        self.decisions: Final = tuple(decisions)
        self._records: dict[str, dict[str, int]] = defaultdict(dict)
        self._learners: dict[str, dict[str, int]] = defaultdict(dict)
        for place, each in enumerate(self.decisions):
            for record in each.records:
                self._records[record][each.unit] = place
            for learner in each.learners:
                self._learners[learner][each.unit] = place

    def of(self, record: str = "", learner: str = "") -> Mapping[str, str]:
        """Return, by the key of a split unit, the successor that a record belongs to: what ``Units.as_of`` takes."""
        places = [*self._records.get(record, {}).values(), *self._learners.get(learner, {}).values()]
        last = [self.decisions[place] for place in sorted(places)]
        return {unit: to for unit, to in {each.unit: each.to for each in last}.items() if to is not None}
