"""MongoDB only. ``open_store`` gives a Store: one door per collection."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pymongo
from pymongo import MongoClient, ReadPreference, WriteConcern
from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure
from pymongo.read_concern import ReadConcern

from lrs.errors import LRSError
from lrs.store import indexes
from lrs.store.activities import Activities
from lrs.store.agreements import Agreements
from lrs.store.allowances import Allowances
from lrs.store.aside import AsideStatements
from lrs.store.assignments import Assignments
from lrs.store.attachments import Attachments
from lrs.store.audit import Audit, Told
from lrs.store.cells import Cells
from lrs.store.changes import Changes
from lrs.store.consents import Consents, Wordings
from lrs.store.credentials import Credentials
from lrs.store.dead_letters import DeadLetters
from lrs.store.diagnostics import Diagnostics
from lrs.store.documents import Documents
from lrs.store.entries import Seal
from lrs.store.erasures import Erasures
from lrs.store.errors import translated
from lrs.store.forwarded import Forwarded
from lrs.store.forwards import Forwards
from lrs.store.holdings import Holdings
from lrs.store.invitations import Invitations
from lrs.store.learners import Learners
from lrs.store.links import Links
from lrs.store.members import Members
from lrs.store.organisations import Organisations
from lrs.store.places import Places
from lrs.store.policies import PolicyStore
from lrs.store.promises import Promises
from lrs.store.providers import Providers
from lrs.store.pulls import Pulls
from lrs.store.record_pages import RecordPages
from lrs.store.record_walks import RecordWalks
from lrs.store.records import Records
from lrs.store.registries import Registries
from lrs.store.removals import Removals
from lrs.store.requests import Requests
from lrs.store.retentions import Retentions
from lrs.store.reviews import Reviews
from lrs.store.revocations import Revocations
from lrs.store.sessions import Sessions
from lrs.store.shares import Shares
from lrs.store.signing_keys import SigningKeys
from lrs.store.statements import Statements
from lrs.store.transactions import Session, transact
from lrs.store.webhooks import Webhooks

# What is only told to a sender must not hold anything up.
_PATIENCE = 3.0
_CLOSING = 1.0
_LIFETIME = "transactionLifetimeLimitSeconds"

T = TypeVar("T")


class NotMigrated(LRSError):
    """The database lacks indexes that this version needs; the title names them."""


class Store:
    """One MongoDB database. Every write is majority and journalled, every read majority, set here and nowhere else."""

    def __init__(
        self, client: MongoClient[dict[str, Any]], database: str, *, deadline: float, seal: Seal | None = None
    ) -> None:
        self.client = client
        self.deadline = deadline
        self.database = client.get_database(
            database,
            write_concern=WriteConcern("majority", j=True),
            read_concern=ReadConcern("majority"),
            read_preference=ReadPreference.PRIMARY,
        )
        self.statements = Statements(client, self.database, deadline=deadline)
        self.attachments = Attachments(self.database, deadline=deadline)
        self.activities = Activities(self.database, deadline=deadline)
        self.documents = Documents(client, self.database, deadline=deadline)
        self.organisations = Organisations(self.database, deadline=deadline)
        self.credentials = Credentials(self.database, deadline=deadline)
        self.members = Members(self.database, deadline=deadline)
        self.invitations = Invitations(self.database, deadline=deadline)
        self.sessions = Sessions(self.database, deadline=deadline)
        self.agreements = Agreements(self.database, deadline=deadline)
        self.consents = Consents(self.database, deadline=deadline)
        self.wordings = Wordings(self.database, deadline=deadline)
        self.diagnostics = Diagnostics(self.database, deadline=min(deadline, _PATIENCE))
        self.promises = Promises(self.database)
        self.providers = Providers(self.database, deadline=deadline)
        self.revocations = Revocations(self.database, deadline=deadline)
        self.signing_keys = SigningKeys(self.database, deadline=deadline)
        self.registries = Registries(self.database, deadline=deadline)
        self.assignments = Assignments(self.database, deadline=deadline)
        self.learners = Learners(self.database, deadline=deadline)
        self.links = Links(self.database, deadline=deadline)
        self.records = Records(self.database, deadline=deadline)
        self.changes = Changes(self.database, deadline=deadline)
        self.shares = Shares(self.database, deadline=deadline)
        self.record_walks = RecordWalks(self.database)
        self.record_pages = RecordPages(self.database, deadline=deadline)
        self.cells = Cells(self.database, deadline=deadline)
        self.reviews = Reviews(self.database, deadline=deadline)
        self.aside = AsideStatements(self.database, deadline=deadline)
        self.places = Places(self.database, deadline=deadline)
        self.forwards = Forwards(self.database, deadline=deadline)
        self.forwarded = Forwarded(self.database, deadline=deadline)
        self.dead_letters = DeadLetters(self.database, deadline=deadline)
        self.pulls = Pulls(self.database, deadline=deadline)
        self.webhooks = Webhooks(self.database, deadline=deadline)
        self.policies = PolicyStore(self.database, deadline=deadline)
        self.requests = Requests(self.database, deadline=deadline)
        self.holdings = Holdings(self.database, deadline=deadline)
        self.erasures = Erasures(self.database, deadline=deadline)
        self.removals = Removals(self.database, deadline=deadline)
        self.retentions = Retentions(self.database, deadline=deadline)
        self.allowances = Allowances(self.database)
        self.audit = Audit(client, self.database, deadline=deadline, seal=seal)

    def administer(self, org: bytes, change: Callable[[ClientSession], T], entry: Told[T]) -> T:
        """Make a change and append its entry to the audit of ``org``, both or neither; see Audit.administer."""
        return self.audit.administer(org, change, entry)

    def transact(self, write: Callable[[Session], T]) -> T:
        """Run ``write`` in one transaction; called again where another writer was in the way. Raise Unavailable."""
        with translated(), pymongo.timeout(self.deadline):
            return transact(self.client, write)

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """Give a session in which everything is read as it was at one instant, that of the first reading."""
        with translated(), self.client.start_session(snapshot=True) as session:
            yield session

    def migrate(self) -> None:
        """Create collections and indexes; safe to run again and beside running servers."""
        with translated():
            indexes.build(self.database)

    def verify(self) -> None:
        """Raise NotMigrated if an index is missing."""
        with translated(), pymongo.timeout(self.deadline):
            lacking = indexes.missing(self.database)
        if lacking:
            names = ", ".join(f"{m.collection}.{m.name}" for m in lacking)
            raise NotMigrated(f"The database lacks indexes ({names}); run `lrs admin migrate` first")

    def sizes(self, collections: Iterable[str]) -> dict[str, int]:
        """Return about how many documents these collections have."""
        with translated(), pymongo.timeout(self.deadline):
            return {name: self.database[name].estimated_document_count() for name in collections}

    def transaction_lifetime(self) -> int | None:
        """Return the seconds after which MongoDB ends an abandoned transaction; None where this user may not ask."""
        with translated(), pymongo.timeout(self.deadline):
            try:
                return int(self.client.admin.command({"getParameter": 1, _LIFETIME: 1})[_LIFETIME])
            except OperationFailure:
                return None

    def close(self) -> None:
        """Close all connections, within a second or so where the database is away."""
        # pymongo tells the database that its sessions end, and would look for it as long as for anything else.
        with pymongo.timeout(_CLOSING):
            self.client.close()


def open_store(
    uri: str, database: str, *, deadline: float = 10.0, connections: int = 32, seal: Seal | None = None
) -> Store:
    """Open the store; connects when it is first used.

    ``deadline`` bounds every call, in seconds. The client must be opened in the process that uses it: pymongo does not
    survive a fork. ``seal`` makes the keyed hashes of the audit; without one nothing can be audited.
    """
    client: MongoClient[dict[str, Any]] = MongoClient(
        uri,
        appname="sohoc",
        maxPoolSize=connections,
        waitQueueTimeoutMS=2000,
        connectTimeoutMS=2000,
        heartbeatFrequencyMS=1000,
        serverSelectionTimeoutMS=int(deadline * 500),
        retryWrites=True,
        retryReads=True,
    )
    return Store(client, database, deadline=deadline, seal=seal)
