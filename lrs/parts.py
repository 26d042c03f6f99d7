"""The services of one process, put together from the settings."""

from collections.abc import Callable
from typing import Final

from lrs.config import Config
from lrs.services.agreements import Agreements
from lrs.services.audit import sealed_with
from lrs.services.auth import Authenticator
from lrs.services.batches import BatchService
from lrs.services.bearers import Bearers
from lrs.services.diagnostics import Diagnostics
from lrs.services.documents import DocumentService
from lrs.services.erasing.people import ErasedPeople
from lrs.services.issuers import Issuers
from lrs.services.keyring import Keyring
from lrs.services.limits import Attempts, RateLimits
from lrs.services.oidc import OidcService
from lrs.services.passwords import Passwords
from lrs.services.people import People
from lrs.services.progress import Progress
from lrs.services.providers import ProviderService
from lrs.services.registries import RegistryService
from lrs.services.reports import ReportService
from lrs.services.room import Room
from lrs.services.safetime import SafeTime
from lrs.services.sessions import SessionService
from lrs.services.statements import StatementService
from lrs.services.tokens import Tokens
from lrs.services.walks import Walks
from lrs.services.web import PARTNER, Web
from lrs.store import open_store

_SPARE_CONNECTIONS: Final = 4


class Parts:
    """Everything that resources receive. Opens the store, joins the other processes of it, and leaves them at the end.

    Must be made in the process that serves. ``before_commit`` is called while a write is stamped and not yet visible.
    """

    def __init__(self, config: Config, before_commit: Callable[[], None] | None = None) -> None:
        self.store = store = open_store(
            config.mongodb_uri,
            config.database,
            deadline=config.deadline,
            connections=config.threads + _SPARE_CONNECTIONS,
            seal=sealed_with(config.pepper),
        )
        self.safetime = SafeTime(store.promises, linger=config.deadline)
        self.diagnostics = Diagnostics(store.diagnostics)
        self.room = Room(config.room)
        self.erased = erased = ErasedPeople(store, config.pepper)
        self.statements = StatementService(
            store,
            self.safetime,
            Walks(config.pepper),
            room=self.room,
            page=config.page,
            erased=erased,
            before_commit=before_commit,
        )
        self.batches = BatchService(store, self.safetime, room=self.room, erased=erased)
        self.documents = DocumentService(store.documents, room=self.room, most=config.max_document, erased=erased)
        self.registries = RegistryService(store, config.timezone)
        self.agreements = Agreements(store, config.pepper, self.registries)
        self.progress = Progress(store, lambda: self.safetime.consistent_through)
        self.reports = ReportService(store, self.registries, self.progress, config.timezone, self.agreements)
        self._know_callers(config)
        self._know_people(config)

    def _know_callers(self, config: Config) -> None:
        store, pepper = self.store, config.pepper
        self.limits = RateLimits(
            store.allowances,
            pepper,
            requests=config.requests_per_minute,
            statements=config.statements_per_minute,
            address_requests=config.address_requests_per_minute,
        )
        self.web = Web(config.provider_hosts.split())
        self.partners = Web(config.partner_hosts.split(), called=PARTNER)
        self.issuers = Issuers(store, self.web, pepper)
        # Tokens are judged with their credentials: one authenticator does that, and the one that callers meet needs
        # the tokens.
        admit = Authenticator(store, pepper).admit
        self.keyring = Keyring(store, pepper)
        self.tokens = Tokens(store, self.keyring, config.home_page, admit=admit, lifetime=config.token_lifetime)
        self.attempts = Attempts(store.allowances, pepper)
        bearer = Bearers(self.tokens, self.issuers).prove
        self.authenticator = Authenticator(store, pepper, bearer=bearer, attempts=self.attempts)

    def _know_people(self, config: Config) -> None:
        store, pepper, home = self.store, config.pepper, config.home_page
        passwords = Passwords()
        self.people = People(store, pepper, passwords)
        self.sessions = SessionService(store, pepper, home, self.people, passwords, self.attempts)
        self.providers = ProviderService(store, self.web, pepper, home)
        self.oidc = OidcService(
            store, pepper, home, self.providers, self.issuers, self.web, self.sessions, self.attempts
        )

    def start(self) -> None:
        """Begin what goes on beside the requests."""
        self.safetime.start()
        self.diagnostics.start()
        self.keyring.tell_state()

    def stop(self) -> None:
        """Leave the other processes and close the store."""
        self.safetime.stop()
        self.diagnostics.stop()
        self.issuers.stop()
        self.store.close()
