"""Fills an organisation of its own with the demonstration data set, along the same way as everybody's statements."""

import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from lrs.errors import NotFound, Unavailable
from lrs.services import data_sets
from lrs.services.auth import Authenticator
from lrs.services.credentials import CredentialService, Issued, Wanted
from lrs.services.data_sets import Loaded
from lrs.services.organisations import OrganisationService
from lrs.services.passwords import Passwords
from lrs.services.people import People
from lrs.services.principals import Principal
from lrs.services.registries import RegistryService
from lrs.services.scopes import OWN
from lrs.services.statements import Batch, StatementService
from lrs.store import Store
from lrs.store.organisations import HOST
from schemas.demo.aims import SOURCE, targets
from schemas.demo.generator import Demo
from schemas.registries.registries import Registries, Rows
from schemas.xapi.parsing import parse_json
from schemas.xapi.statements import load_statement

ORGANISATION: Final = "demo"
_NAME: Final = "Dữ liệu mẫu"
_SET: Final = "dong-nai"
_ACTOR: Final = "cli"
_SCOPES: Final = {
    "demo": frozenset({"all", "records/read", "reports/read"}),
    "demo reports": frozenset({"reports/read"}),
}
_THREADS: Final = 3
"""While MongoDB writes for one, others are made."""
_TRIES: Final = 5
_PAUSE: Final = 2.0
_encode = msgspec.json.Encoder().encode


class Keys(NamedTuple):
    """A key that reads and writes everything of the organisation, and one that reads reports only."""

    full: Issued
    reports: Issued


def open_organisation(store: Store, pepper: str, home_page: str) -> Keys:
    """Make the organisation where there is none, and its two keys; keys that are there get new secrets.

    Raise NotFound without an organisation that runs this server.
    """
    host = store.organisations.find(HOST)
    if host is None:
        raise NotFound("There is no organisation yet; run `lrs admin credential` first")
    if store.organisations.find(ORGANISATION) is None:
        people = People(store, pepper, Passwords())
        OrganisationService(store, people).create(_administrator(host.org, HOST), ORGANISATION, _NAME, "other")
    made = store.organisations.find(ORGANISATION)
    if made is None:
        raise Unavailable
    administrator = _administrator(made.org, ORGANISATION)
    service = CredentialService(store, pepper, home_page)
    known = {each.label: each.key for each in store.credentials.of(made.org, most=1000)}
    full, reports = (
        service.renew(administrator, known[label])
        if label in known
        else service.create(administrator, Wanted(label=label, scopes=scopes))
        for label, scopes in _SCOPES.items()
    )
    return Keys(full, reports)


def _administrator(org: bytes, organisation: str) -> Principal:
    return Principal(org, _ACTOR, OWN, b"{}", {}, organisation=organisation)


def load_registries(store: Store, registries: RegistryService, demo: Demo) -> Iterator[Loaded]:
    """Load the example's registries where there are none, and the data set's targets beside those of others."""
    yield from data_sets.load(store, registries, _SET, replace=False)
    host = store.organisations.find(HOST)
    if host is None:
        raise NotFound("There is no organisation")

    def change(before: Registries) -> Rows:
        others = [each for each in before.targets.targets if each.source != SOURCE]
        taken = {(each.programme, each.unit, each.group, each.year) for each in others}
        ours = before.replaced("targets", Rows(targets=tuple(targets(demo.places))), 0).targets
        # Where the server's own registries lack a unit or a programme, there is nothing to aim at.
        wrong = {fault.path.partition(".")[0] for fault in ours.faults}
        fit = [each for row, each in enumerate(ours.targets) if f"targets[{row}]" not in wrong]
        new = [each for each in fit if (each.programme, each.unit, each.group, each.year) not in taken]
        return Rows(targets=(*others, *new))

    yield Loaded("targets", registries.load(host.org, _ACTOR, "targets", change))


class Filling:
    """Stores the data set; running it again adds what is missing."""

    def __init__(self, store: Store, service: StatementService, principal: Principal, demo: Demo) -> None:
        self._store = store
        self._service = service
        self._principal = principal
        self._demo = demo

    @classmethod
    def with_key(cls, store: Store, service: StatementService, pepper: str, key: Issued, demo: Demo) -> "Filling":
        """Fill in the name of a key, which is let in as over HTTP."""
        principal = Authenticator(store, pepper).basic(key.credential.key, key.secret)
        return cls(store, service, principal, demo)

    def missing(self) -> list[int]:
        """Return the chapters that are not stored yet, or not whole."""
        last = {UUID(self._demo.last_id(chapter)).bytes: chapter for chapter in self._demo.chapters}
        # A chapter is stored whole or not at all.
        known = self._store.statements.raws(self._principal.org, last)
        return [chapter for id_, chapter in last.items() if id_ not in known]

    def size(self, chapter: int) -> int:
        """Return the number of statements in a chapter."""
        return self._demo.size(chapter)

    def fill(self, chapters: list[int]) -> Iterator[int]:
        """Store chapters; yield the number of statements of each as soon as it is stored. Raise Unavailable."""
        waiting = iter(chapters)
        with ThreadPoolExecutor(_THREADS) as pool:
            running: set[Future[int]] = {pool.submit(self._store_chapter, each) for each in islice(waiting, _THREADS)}
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                running |= {pool.submit(self._store_chapter, each) for each in islice(waiting, len(done))}
                yield from [each.result() for each in done]

    def _store_chapter(self, chapter: int) -> int:
        texts = [_encode(statement) for statement in self._demo.chapter(chapter)]
        statements = [load_statement(parse_json(text), "2.0.0") for text in texts]
        batch = Batch(statements, texts, single=False)
        for tried in range(_TRIES):
            try:
                return len(self._service.store(self._principal, batch, "2.0.0"))
            except Unavailable:
                if tried == _TRIES - 1:
                    raise
                time.sleep(_PAUSE)
        raise Unavailable
