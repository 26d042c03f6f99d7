"""Retention: what an organisation keeps for so many months goes when it is older, a few at a time, by the worker.

A statement's age is counted from when it was stored, an attachment's from when it came last. With statements go the
records and figures that rest on them; everything else stays as it is.
"""

import calendar
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from lrs.errors import Unavailable
from lrs.services import clocks
from lrs.services.erasing.removing import Counts, Removing, Step
from lrs.services.folding import Folding
from lrs.store import Store
from lrs.store.entries import Detail, Entry
from lrs.store.transactions import Session
from schemas.subjects.policies import Kept, Policies

_TOGETHER: Final = 250
_ROUNDS: Final = 20
"""Steps that one organisation has before it is another one's turn."""

log = logging.getLogger(__name__)


class Due(NamedTuple):
    """What an organisation keeps for so many months: how many there are from ``before`` an instant, too old."""

    kind: Kept
    months: int
    before: datetime
    old: int


class Retention:
    """Carries out the policies of all organisations, once a day; days begin in ``timezone``."""

    def __init__(self, store: Store, folding: Folding, timezone: str, *, together: int = _TOGETHER) -> None:
        self._store = store
        self._removing = Removing(store, folding)
        self._zone = ZoneInfo(timezone)
        self._together = together

    def go_on(self) -> int:
        """Do some of what is to be done today; return how many steps that were. Raise Unavailable.

        An organisation in which it cannot be done for now does not keep the others waiting.
        """
        return sum(self._tried(org, months) for org, months in self._policies().items() if months)

    def _tried(self, org: bytes, months: Mapping[Kept, int]) -> int:
        try:
            return self._go_on(org, months)
        except Exception as error:  # whatever it is, the others go on
            log.warning(
                "what is too old cannot be removed; trying again",
                extra={"task": "retention", "errand": org.hex()},
                exc_info=not isinstance(error, Unavailable),
            )
            return 0

    def due(self, org: bytes) -> Iterator[Due]:
        """Yield what would go today, and touch nothing."""
        for kind, months in self._policies().get(org, {}).items():
            before = months_ago(self._today(), months, self._zone)
            yield Due(kind, months, before, self._count(org, kind, before))

    def _policies(self) -> dict[bytes, dict[Kept, int]]:
        return {org: Policies.parse(held.text).retention.set() for org, held in self._store.policies.all().items()}

    def _today(self) -> date:
        return datetime.fromtimestamp(clocks.now() // 1_000_000, self._zone).date()

    def _go_on(self, org: bytes, months: Mapping[Kept, int]) -> int:
        today = self._today()
        day = today.isoformat()
        run = self._store.retentions.last(org)
        if run.day == day and run.done:
            return 0
        self._store.retentions.begin(org, day)
        steps = 0
        for kind, number in months.items():
            before = months_ago(today, number, self._zone)
            while self._step(org, kind, before):
                steps += 1
                if steps >= _ROUNDS:
                    return steps
        self._finish(org, day)
        return steps + 1

    def _finish(self, org: bytes, day: str) -> None:
        def told(counts: Mapping[str, int] | None) -> Entry | None:
            details: dict[str, Detail] = dict(counts or {})
            return Entry("server", "retention.applied", day, details) if details else None

        self._store.administer(org, lambda session: self._store.retentions.finish(org, day, session), told)

    def _step(self, org: bytes, kind: Kept, before: datetime) -> int:
        """Remove some of what is older; return how much."""
        match kind:
            case "statements":
                return self._statements(org, _microseconds(before))
            case "documents":
                return self._documents(org, _microseconds(before))
            case "attachments":
                count = self._store.attachments.forget(org, before, self._together)
            case "refusals":
                count = self._store.retentions.forget_refusals(org, _microseconds(before))
        self._store.retentions.add(org, {kind: count})
        return count

    def _statements(self, org: bytes, before: int) -> int:
        def write(session: Session) -> Counts:
            held = self._store.removals.older(org, before, self._together, session)
            if not held:
                return {}
            counts = self._removing.apply(org, Step(held, {}), session, "no-longer-covered")
            self._store.retentions.add(org, counts, session)
            return counts

        return self._removing.alone(org, write).get("statements", 0)

    def _documents(self, org: bytes, before: int) -> int:
        def write(session: Session) -> int:
            old = {"modified": {"$lt": before}}
            count = self._store.removals.forget_documents(org, old, self._together, session)
            self._store.retentions.add(org, {"documents": count}, session)
            return count

        return self._store.transact(write)

    def _count(self, org: bytes, kind: Kept, before: datetime) -> int:
        if kind == "statements":
            return self._store.removals.count_older(org, _microseconds(before))
        if kind == "attachments":
            return self._store.attachments.count(org, before)
        return self._store.retentions.count(org, kind, _microseconds(before))


def months_ago(day: date, months: int, zone: tzinfo) -> datetime:
    """Return the beginning of the day so many months before another, or of the last of its month, as an instant."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = calendar.monthrange(years, month + 1)[1]
    found = date(years, month + 1, min(day.day, last))
    return datetime.combine(found, time.min, zone).astimezone(UTC)


def _microseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000
