"""The registries of this server, as one process knows them."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from lrs.errors import PayloadTooLarge
from lrs.services import clocks
from lrs.services.principals import Principal
from lrs.store import Store
from lrs.store.entries import Detail, Entry
from lrs.store.organisations import HOST
from lrs.store.registries import Registry
from lrs.store.transactions import Session
from schemas.faults import Refused
from schemas.registries.registries import KINDS, Kind, Registries, Rows

FRESH: Final = 2.0
"""Seconds until a process sees what another one replaced."""
LARGEST: Final = 12 * 1024**2
"""Bytes of the rows of one registry; MongoDB takes documents of 16 MiB."""

_NONE: Final = Registry(0, b"{}")


class Replaced(NamedTuple):
    """What a registry is after it was replaced; the same version as before where nothing changed."""

    version: int
    changed: bool
    rows: dict[str, int]


class RegistryService:
    """Gives a snapshot of all registries and replaces one of them; bears threads."""

    def __init__(self, store: Store, timezone: str, *, fresh: float = FRESH) -> None:
        self._store = store
        self._rows = store.registries
        self._zone = ZoneInfo(timezone)
        self._fresh = fresh
        self._snapshot = Registries()
        self._until = 0.0
        self._lock = threading.Lock()

    def today(self) -> date:
        """Return the day that it is where reports are read."""
        return datetime.fromtimestamp(clocks.now() / 1_000_000, UTC).astimezone(self._zone).date()

    def current(self) -> Registries:
        """Return the registries as they were at most ``FRESH`` seconds ago; raise Unavailable."""
        if clocks.passed() >= self._until:
            with self._lock:
                # Another thread may just have looked.
                if clocks.passed() >= self._until:
                    self._look()
        return self._snapshot

    def _look(self) -> None:
        began = clocks.passed()
        self._snapshot = self._newer(self._snapshot)
        self._until = began + self._fresh

    def _newer(self, known: Registries, session: Session | None = None) -> Registries:
        """Return the registries as they are in the database, made anew only where another version is known."""
        versions = self._rows.versions(session)
        changed = [kind for kind in KINDS if versions.get(kind, 0) != known.versions.get(kind, 0)]
        found = self._rows.read(changed, session) if changed else {}
        for kind in changed:
            version, rows = found.get(kind, _NONE)
            known = known.replaced(kind, Rows.parse(rows), version)
        return known

    def replace(self, principal: Principal, kind: Kind, change: Callable[[Registries], Rows]) -> Replaced:
        """Replace one registry by what ``change`` makes of all of them, as an administrator of the host.

        All or nothing: raise Refused with every row that does not fit. This process knows it at once.
        """
        principal.require_host()
        return self.load(principal.org, principal.credential, kind, change)

    def load(self, org: bytes, actor: str, kind: Kind, change: Callable[[Registries], Rows]) -> Replaced:
        """Replace one registry, audited as ``actor`` in the chain of ``org``: for whoever needs no permission."""

        def write(session: Session) -> Replaced:
            before = self._newer(self._snapshot, session)
            rows, version = change(before), before.versions.get(kind, 0)
            after = before.replaced(kind, rows, version + 1)
            if kind == "targets" and after.targets.faults:
                raise Refused(after.targets.faults)
            # Refusals name rows where they stood; what is kept has an order of its own.
            rows = rows.in_order()
            if rows == before.rows(kind).in_order():
                return Replaced(version, changed=False, rows=rows.counts())
            if len(text := rows.text()) > LARGEST:
                raise PayloadTooLarge(f"A registry holds at most {LARGEST} bytes")
            self._rows.replace(kind, Registry(version + 1, text), clocks.now(), session)
            return Replaced(version + 1, changed=True, rows=rows.counts())

        def entry(done: Replaced) -> Entry | None:
            details: dict[str, Detail] = {"by": HOST, "version": done.version, **done.rows}
            return Entry(actor, "registry.replaced", kind, details) if done.changed else None

        done = self._store.administer(org, write, entry)
        with self._lock:
            self._until = 0.0
        return done
