"""What the worker removes: what erasures have left to do, and what is older than organisations keep it."""

import logging
import secrets
import threading
from typing import Final

from lrs.config import Config
from lrs.followers.attempts import attempt
from lrs.services import clocks
from lrs.services.audit import sealed_with
from lrs.services.erasing import Erasing
from lrs.services.erasing.files import JournalFile
from lrs.services.folding import folding_of
from lrs.services.registries import RegistryService
from lrs.services.retention import Retention
from lrs.store import open_store

PLACE: Final = "upkeep"
_LEASE: Final = 60.0
_EVERY: Final = 1.0
_RETENTION_EVERY: Final = 60.0
_JOURNAL_EVERY: Final = 10.0

log = logging.getLogger(__name__)


class Upkeep:
    """Removes in a thread of its own, on connections of its own, until ``stop`` is set; one worker at a time does.

    Every worker keeps its own copy of the journal.
    """

    def __init__(self, config: Config, stop: threading.Event) -> None:
        self._store = store = open_store(
            config.mongodb_uri,
            config.database,
            deadline=config.deadline,
            connections=4,
            seal=sealed_with(config.pepper),
        )
        folding = folding_of(store, RegistryService(store, config.timezone), config.timezone)
        self._erasing = Erasing(store, folding, config.pepper)
        self._retention = Retention(store, folding, config.timezone)
        self._journal = JournalFile(store.erasures, config.erasures) if config.erasures is not None else None
        self._worker = secrets.token_hex(8)
        self._stop = stop
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)
        self._written = self._kept = float("-inf")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self) -> None:
        """Wait until what was begun has ended, once ``stop`` is set."""
        self._thread.join()
        self._store.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            attempt(log, "journal", self._write, self._stop)
            attempt(log, "erasures", self._erase, self._stop)
            attempt(log, "retention", self._retain, self._stop)
            self._stop.wait(_EVERY)
        attempt(log, "leave", lambda: self._store.places.leave(self._worker))

    def _write(self) -> None:
        if self._journal is not None and clocks.passed() - self._written > _JOURNAL_EVERY:
            self._journal.write()
            self._written = clocks.passed()

    def _erase(self) -> None:
        if self._is_mine() and self._erasing.go_on():
            self._written = float("-inf")  # it should lie outside of the database as soon as can be

    def _retain(self) -> None:
        if clocks.passed() - self._kept > _RETENTION_EVERY and self._is_mine() and not self._retention.go_on():
            self._kept = clocks.passed()

    def _is_mine(self) -> bool:
        return self._store.places.take(PLACE, self._worker, lease=_LEASE) is not None


def upkeep(config: Config, stop: threading.Event) -> Upkeep | None:
    """Return what is to be run; None without the pepper, that erasures are known by."""
    if config.pepper:
        return Upkeep(config, stop)
    log.warning("nobody is erased, and nothing goes for its age, by this worker: set LRS_PEPPER for it")
    return None
