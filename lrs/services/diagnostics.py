"""Why statements of a credential were refused, and which relaxations it needed: for whoever looks after a sender.

An answer never waits for this. Each process counts in memory and writes what it counted every second, so that other
processes tell of it a moment later; what a process counted in the second before it is killed is lost.
"""

import logging
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from lrs.errors import LRSError
from lrs.services import clocks
from lrs.services.principals import Principal
from lrs.store.diagnostics import MOST, Met, Reason
from lrs.store.diagnostics import Diagnostics as Rows
from schemas.faults import Fault
from schemas.xapi.vocabulary import plain_path

_EVERY: Final = 1.0
_MOST_CALLERS: Final = 10_000

log = logging.getLogger(__name__)

__all__ = ["Diagnostics", "Met", "Reason", "Report"]

_Caller = tuple[bytes, str]


class Report(NamedTuple):
    """What is known of one credential: its last reasons, and how often it used each relaxation."""

    refusals: list[tuple[Reason, Met]]
    leniency: dict[str, int]


@dataclass(slots=True)
class _Counted:
    """What one process has counted of a credential and not yet written."""

    met: OrderedDict[Reason, Met] = field(default_factory=OrderedDict)
    uses: Counter[str] = field(default_factory=Counter)

    def add(self, reason: Reason, met: Met) -> None:
        held = self.met.pop(reason, None)
        if held is not None:
            met = Met(held.count + met.count, min(held.first, met.first), max(held.last, met.last))
        self.met[reason] = met
        if len(self.met) > MOST:
            self.met.popitem(last=False)


class Diagnostics:
    """One per process: counts, writes, reads. Nothing that was sent is kept: neither values nor foreign names."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._counted: dict[_Caller, _Counted] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="diagnostics", daemon=True)

    def start(self) -> None:
        """Begin to write what is counted."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is left."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._write()

    def refused(self, principal: Principal, status: int, faults: Iterable[Fault]) -> None:
        """Count the reasons of one refusal, or of one row of a batch."""
        now = clocks.now()
        reasons = {Reason(status, plain_path(fault.path), fault.rule) for fault in faults}
        with self._lock:
            if (counted := self._of(principal)) is not None:
                for reason in reasons:
                    counted.add(reason, Met(1, now, now))

    def used(self, principal: Principal, names: Iterable[str]) -> None:
        """Count the uses of relaxations."""
        with self._lock:
            if (counted := self._of(principal)) is not None:
                counted.uses.update(names)

    def report(self, principal: Principal) -> Report:
        """Return what is known of the caller, with all that this process has counted; raise Unavailable."""
        return self.report_of(principal.org, principal.credential, principal.leniency)

    def report_of(self, org: bytes, credential: str, leniency: Iterable[str]) -> Report:
        """Return what is known of an organisation's credential, which was granted this leniency; see ``report``."""
        self._write()
        uses = self._rows.relaxations(org, credential)
        granted = dict.fromkeys(sorted(leniency), 0)
        return Report(self._rows.refusals(org, credential), granted | uses)

    def _of(self, principal: Principal) -> _Counted | None:
        """Return where to count, None for nowhere: a learner's browser must not push out what its key should know."""
        if principal.launch is not None:
            return None
        caller = principal.org, principal.credential
        if caller not in self._counted and len(self._counted) >= _MOST_CALLERS:
            return None
        return self._counted.setdefault(caller, _Counted())

    def _run(self) -> None:
        while not self._stop.wait(_EVERY):
            try:
                self._write()
            except Exception:
                log.exception("diagnostics could not be written")

    def _write(self) -> None:
        # One at a time: who asks for a report waits for what is being written.
        with self._writing:
            with self._lock:
                pending, self._counted = self._counted, {}
            while pending:
                (org, credential), counted = next(iter(pending.items()))
                try:
                    self._rows.add(org, credential, counted.met, counted.uses)
                except LRSError:
                    log.debug("diagnostics could not be written; trying again")
                    self._put_back(pending)
                    return
                except Exception:
                    self._put_back(pending)
                    raise
                del pending[org, credential]

    def _put_back(self, pending: dict[_Caller, _Counted]) -> None:
        with self._lock:
            for caller, counted in self._counted.items():
                held = pending.setdefault(caller, _Counted())
                for reason, met in counted.met.items():
                    held.add(reason, met)
                held.uses.update(counted.uses)
            self._counted = pending
