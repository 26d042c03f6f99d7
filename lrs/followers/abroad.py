"""What the worker does with the stores and servers of partners, beside following the feed."""

import logging
import secrets
import threading
from functools import partial
from typing import Final

from lrs.config import Config
from lrs.followers.errands import AT_ONCE, Errands
from lrs.followers.forwarding import Forwarding
from lrs.services.agreements import Agreements
from lrs.services.audit import sealed_with
from lrs.services.coverage import Coverage
from lrs.services.departures import Departures
from lrs.services.partners import SECONDS
from lrs.services.pseudonyms import pseudonyms_of
from lrs.services.registries import RegistryService
from lrs.services.share_terms import TermsOf
from lrs.services.standings import Standings
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
            connections=AT_ONCE + _SPARE,
            seal=sealed_with(config.pepper),
        )
        worker, web = secrets.token_hex(8), Web(config.partner_hosts.split(), seconds=SECONDS, called=PARTNER)
        registries = RegistryService(store, config.timezone)
        agreements = Agreements(store, config.pepper, registries)
        coverage = Coverage(store, Standings(store, partial(pseudonyms_of, config.pepper)))
        terms = TermsOf(agreements, registries, config.timezone)
        departures = Departures(store, config.pepper, terms, coverage)
        forwarding = Forwarding(store, worker, web, config.pepper, agreements, departures, stop)
        self._errands = [Errands("forwarding", forwarding.due, stop)]

    def start(self) -> None:
        """Begin."""
        for each in self._errands:
            each.start()

    def join(self) -> None:
        """Wait until everything has ended, once ``stop`` is set."""
        for each in self._errands:
            each.join()
        self._store.close()


def abroad(config: Config, stop: threading.Event) -> Abroad | None:
    """Return what is to be run; None without the pepper, that opens the secrets of partners."""
    if config.pepper:
        return Abroad(config, stop)
    log.warning("statements are neither forwarded nor pulled, and no webhook is called: set LRS_PEPPER for the worker")
    return None
