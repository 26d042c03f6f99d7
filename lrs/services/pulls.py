"""Pulls, as an organisation sees them: whose store is asked for statements, how far that is, what could not be taken.

A worker does the asking (``lrs.followers.pulling``); what it needs to know lies in the database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from lrs.errors import Forbidden, NotFound
from lrs.services import clocks
from lrs.services.exchanges import Actions, Exchanges, bad, new_id, require_address
from lrs.services.principals import Principal
from lrs.services.scopes import ALLOWED_BY
from lrs.services.seals import Seals
from lrs.services.web import Web
from lrs.store import Store
from lrs.store.dead_letters import Letter
from lrs.store.entries import Entry
from lrs.store.pulls import Pull
from lrs.store.transactions import Session

__all__ = ["Letter", "Pull", "PullService", "Pulled", "Wanted"]

SEALED: Final = "pulls"
"""What the secrets of others are sealed for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A pull that is to be: the store that is asked with a key there, and the credential here that it stores with."""

    credential: str
    url: str
    key: str
    secret: str
    version: str = "2.0.0"
    every: int = 60
    overlap: int = 300
    attachments: bool = True
    since: int = 0
    label: str = ""


class Pulled(NamedTuple):
    """A pull, and how many statements could not be taken."""

    pull: Pull
    dead: int


class PullService(Exchanges[Pull, Pulled]):
    """Looks after pulls; everything needs the scope ``share`` and stays within the caller's organisation.

    ``web`` is what partners are asked through.
    """

    plural = "pulls"
    actions = Actions(
        created="pull.created",
        changed="pull.changed",
        paused="pull.paused",
        resumed="pull.resumed",
        retried="pull.retried",
        dropped="pull.dropped",
    )

    def __init__(self, store: Store, pepper: str, web: Web) -> None:
        super().__init__(store, store.pulls, Seals(pepper, SEALED), web)

    def create(self, principal: Principal, wanted: Wanted) -> Pulled:
        """Take statements from now on.

        Raise BadRequest for what cannot be asked, and for a credential of this organisation that stores no statements;
        Forbidden for one that lets statements name others as their authority, unless the caller administers; Conflict
        where there are as many as an organisation may have.
        """
        principal.require("share")
        require_address(self._web, wanted.url)
        self._require_credential(principal, wanted.credential)
        identifier = new_id()
        made = Pull(
            id=identifier,
            org=principal.org,
            credential=wanted.credential,
            url=wanted.url,
            version=wanted.version,
            key=wanted.key,
            secret=self._seals.seal(wanted.secret.encode(), identifier),
            created=clocks.now(),
            label=wanted.label,
            every=wanted.every,
            overlap=wanted.overlap,
            attachments=wanted.attachments,
            cursor=wanted.since,
        )
        return self._insert(principal, made, {"credential": wanted.credential, "version": wanted.version})

    def change(self, principal: Principal, pull: str, values: Mapping[str, Any]) -> Pulled:
        """Set fields as in ``Wanted``, but for ``since``; raise NotFound, and as ``create`` does."""
        principal.require("share")
        if "credential" in values:
            self._require_credential(principal, values["credential"])
        return self._change(principal, pull, values)

    def resume(self, principal: Principal, pull: str) -> Pulled:
        """Go on, and at once where it was waiting; raise NotFound."""
        principal.require("share")
        return self._resume(principal, self._held(principal, pull))

    def remove(self, principal: Principal, pull: str) -> None:
        """Ask no more; what was taken stays. Raise NotFound."""
        principal.require("share")

        def delete(session: Session) -> None:
            if not self._store.pulls.delete(principal.org, pull, session):
                raise NotFound

        self._store.administer(principal.org, delete, Entry(principal.credential, "pull.removed", pull))
        self._letters.drop(pull, ())
        self._store.places.remove(place_of(pull))

    def _require_credential(self, principal: Principal, credential: str) -> None:
        found = self._store.credentials.find(credential)
        if found is None or found.org != principal.org:
            raise bad("credential", "There is no such credential")
        if found.scopes.isdisjoint(ALLOWED_BY["statements/write"]):
            raise bad("credential", "This credential stores no statements")
        if found.relay and not principal.may("admin"):
            raise Forbidden("You may not let statements name others as their authority")

    def _told(self, pull: Pull) -> Pulled:
        return Pulled(pull, self._letters.count(pull.id))


def place_of(pull: str) -> str:
    """Return what the place of a pull is kept under."""
    return f"pull:{pull}"
