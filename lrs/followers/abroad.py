"""What the worker does with the stores and servers of partners, beside following the feed."""

import logging
import secrets
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from lrs.config import Config
from lrs.followers.calling import Calling
from lrs.followers.errands import AT_ONCE, Errands
from lrs.followers.forwarding import Forwarding
from lrs.followers.pulling import Pulling
from lrs.services.agreements import Agreements
from lrs.services.audit import sealed_with
from lrs.services.auth import Authenticator
from lrs.services.batches import BatchService
from lrs.services.coverage import Coverage
from lrs.services.departures import Departures
from lrs.services.erasing.people import ErasedPeople
from lrs.services.partners import SECONDS
from lrs.services.pseudonyms import pseudonyms_of
from lrs.services.registries import RegistryService
from lrs.services.room import Room
from lrs.services.safetime import SafeTime
from lrs.services.share_terms import TermsOf
from lrs.services.standings import Standings
from lrs.services.statements import StatementService
from lrs.services.takings import Takings
from lrs.services.walks import Walks
from lrs.services.web import PARTNER, Web
from lrs.store import open_store

_SPARE: Final = 4

log = logging.getLogger(__name__)


class Abroad:
    """Runs it in threads of its own, on connections of its own, until ``stop`` is set."""

    def __init__(self, config: Config, stop: threading.Event) -> None:
        self._store = store = open_store(
            config.mongodb_uri,
            config.database,
            deadline=config.deadline,
            connections=3 * AT_ONCE + _SPARE,
            seal=sealed_with(config.pepper),
        )
        self._stamps = False
        worker, web = secrets.token_hex(8), Web(config.partner_hosts.split(), seconds=SECONDS, called=PARTNER)
        registries = RegistryService(store, config.timezone)
        agreements = Agreements(store, config.pepper, registries)
        coverage = Coverage(store, Standings(store, partial(pseudonyms_of, config.pepper)))
        terms = TermsOf(agreements, registries, config.timezone)
        departures = Departures(store, config.pepper, terms, coverage)
        forwarding = Forwarding(store, worker, web, config.pepper, agreements, departures, stop)
        takings = self._takings(config)
        self._pulling = Pulling(store, worker, web, config.pepper, takings, stop)
        calling = Calling(store, worker, web, config.pepper, stop)
        self._errands = [
            Errands("forwarding", forwarding.due, stop),
            Errands("pulling", self._pulls, stop),
            Errands("calling", calling.due, stop),
        ]

    def _takings(self, config: Config) -> Takings:
        """Return what stores statements, as a server does."""
        store, room = self._store, Room(config.room)
        self._safetime = SafeTime(store.promises, linger=config.deadline)
        erased = ErasedPeople(store, config.pepper)
        statements = StatementService(
            store, self._safetime, Walks(config.pepper), room=room, page=config.page, erased=erased
        )
        batches = BatchService(store, self._safetime, room=room, erased=erased)
        return Takings(store, Authenticator(store, config.pepper), statements, batches)

    def _pulls(self) -> Iterator[tuple[str, bytes, Callable[[], None]]]:
        for each in self._pulling.due():
            # Only one who stores anything gives promises that all servers go by.
            if not self._stamps:
                self._safetime.start()
                self._stamps = True
            yield each

    def start(self) -> None:
        """Begin."""
        for each in self._errands:
            each.start()

    def join(self) -> None:
        """Wait until everything has ended, once ``stop`` is set."""
        for each in self._errands:
            each.join()
        if self._stamps:
            self._safetime.stop()
        self._store.close()


def abroad(config: Config, stop: threading.Event) -> Abroad | None:
    """Return what is to be run; None without the pepper, that opens the secrets of partners."""
    if config.pepper:
        return Abroad(config, stop)
    log.warning("statements are neither forwarded nor pulled, and no webhook is called: set LRS_PEPPER for the worker")
    return None
