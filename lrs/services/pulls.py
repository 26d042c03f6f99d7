"""Pulls, as an organisation sees them: whose store is asked for statements, how far that is, what could not be taken.

A worker does the asking (``lrs.followers.pulling``); what it needs to know lies in the database.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Any, Final, NamedTuple

from lrs.errors import BadRequest, Conflict, Forbidden, NotFound
from lrs.services import clocks
from lrs.services.principals import Principal
from lrs.services.scopes import ALLOWED_BY
from lrs.services.seals import Seals
from lrs.services.web import NoAnswer, parts_of
from lrs.store import Store
from lrs.store.dead_letters import Letter
from lrs.store.entries import Detail, Entry
from lrs.store.pulls import Pull
from lrs.store.rows import document_id
from lrs.store.transactions import Session
from schemas.faults import Fault

__all__ = ["Letter", "Pull", "PullService", "Pulled", "Wanted"]

MOST: Final = 20
"""Pulls of one organisation."""
SEALED: Final = "pulls"
"""What the secrets of others are sealed for."""
_ID_BYTES: Final = 8


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


class PullService:
    """Looks after pulls; everything needs the scope ``share`` and stays within the caller's organisation."""

    def __init__(self, store: Store, pepper: str) -> None:
        self._store = store
        self._rows = store.pulls
        self._letters = store.dead_letters
        self._seals = Seals(pepper, SEALED)

    def all(self, principal: Principal) -> list[Pulled]:
        """Return the pulls, the oldest first."""
        principal.require("share")
        return [self._told(each) for each in self._rows.of(principal.org)]

    def get(self, principal: Principal, pull: str) -> Pulled:
        """Return a pull; raise NotFound, also for those of others."""
        principal.require("share")
        return self._told(self._held(principal, pull))

    def create(self, principal: Principal, wanted: Wanted) -> Pulled:
        """Take statements from now on.

        Raise BadRequest for what cannot be asked, and for a credential of this organisation that stores no statements;
        Forbidden for one that lets statements name others as their authority, unless the caller administers; Conflict
        where there are as many as an organisation may have.
        """
        principal.require("share")
        _require_address(wanted.url)
        self._require_credential(principal, wanted.credential)
        identifier = token_hex(_ID_BYTES)
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

        def insert(session: Session) -> None:
            if self._rows.count(principal.org, session) >= MOST:
                raise Conflict(f"An organisation has at most {MOST} pulls: remove one first")
            self._rows.insert(made, session)

        details: dict[str, Detail] = {"credential": wanted.credential, "version": wanted.version}
        self._store.administer(principal.org, insert, _entry(principal, "pull.created", identifier, details))
        return self._told(made)

    def change(self, principal: Principal, pull: str, values: Mapping[str, Any]) -> Pulled:
        """Set fields as in ``Wanted``, but for ``since``; raise NotFound, and as ``create`` does."""
        principal.require("share")
        found = dict(values)
        if "url" in found:
            _require_address(found["url"])
            # Who may choose the address must not be handed the secret that somebody else gave.
            if "secret" not in found and found["url"] != self._held(principal, pull).url:
                raise _bad("secret", "Another address needs the secret anew")
        if "credential" in found:
            self._require_credential(principal, found["credential"])
        if "secret" in found:
            found["secret"] = self._seals.seal(found["secret"].encode(), pull)
        at_once = {"failures": 0, "failing": None, "again": 0} if found else {}
        entry = _entry(principal, "pull.changed", pull, {"fields": sorted(found)})
        return self._changed(principal, pull, found | at_once, entry if found else None)

    def pause(self, principal: Principal, pull: str) -> Pulled:
        """Ask for nothing until it is resumed; raise NotFound."""
        principal.require("share")
        entry = _entry(principal, "pull.paused", pull) if self._held(principal, pull).state != "paused" else None
        return self._changed(principal, pull, {"state": "paused"}, entry)

    def resume(self, principal: Principal, pull: str) -> Pulled:
        """Go on, and at once where it was waiting; raise NotFound."""
        principal.require("share")
        entry = _entry(principal, "pull.resumed", pull) if self._held(principal, pull).state != "running" else None
        values = {"state": "running", "failures": 0, "failing": None, "again": 0}
        return self._changed(principal, pull, values, entry)

    def remove(self, principal: Principal, pull: str) -> None:
        """Ask no more; what was taken stays. Raise NotFound."""
        principal.require("share")

        def delete(session: Session) -> None:
            if not self._rows.delete(principal.org, pull, session):
                raise NotFound

        self._store.administer(principal.org, delete, _entry(principal, "pull.removed", pull))
        self._letters.drop(pull, ())
        self._store.places.remove(place_of(pull))

    def letters(self, principal: Principal, pull: str, *, after: str = "", most: int = 100) -> list[Letter]:
        """Return what could not be taken, in the order of ids, from behind ``after``; raise NotFound."""
        principal.require("share")
        return self._letters.of(self._held(principal, pull).id, after=after, most=most)

    def retry(self, principal: Principal, pull: str, statements: Sequence[str]) -> int:
        """Let these, or all without any, be asked for again; return how many they are. Raise NotFound."""
        return self._with_letters(principal, pull, statements, self._letters.retry, "pull.retried")

    def drop(self, principal: Principal, pull: str, statements: Sequence[str]) -> int:
        """Give these up, or all without any; return how many they were. Raise NotFound."""
        return self._with_letters(principal, pull, statements, self._letters.drop, "pull.dropped")

    def _with_letters(
        self, principal: Principal, pull: str, statements: Sequence[str], act: Callable[..., int], action: str
    ) -> int:
        principal.require("share")
        held = self._held(principal, pull)
        ids = [document_id(principal.org, each) for each in statements]

        def entry(count: int) -> Entry | None:
            return _entry(principal, action, pull, {"statements": count}) if count else None

        return self._store.administer(principal.org, lambda session: act(held.id, ids, session), entry)

    def _changed(self, principal: Principal, pull: str, values: Mapping[str, Any], entry: Entry | None) -> Pulled:
        def change(session: Session) -> Pull:
            changed = self._rows.change(self._held(principal, pull, session), values, session)
            if changed is None:
                raise NotFound
            return changed

        return self._told(self._store.administer(principal.org, change, lambda _: entry))

    def _require_credential(self, principal: Principal, credential: str) -> None:
        found = self._store.credentials.find(credential)
        if found is None or found.org != principal.org:
            raise _bad("credential", "There is no such credential")
        if found.scopes.isdisjoint(ALLOWED_BY["statements/write"]):
            raise _bad("credential", "This credential stores no statements")
        if found.relay and not principal.may("admin"):
            raise Forbidden("You may not let statements name others as their authority")

    def _told(self, pull: Pull) -> Pulled:
        return Pulled(pull, self._letters.count(pull.id))

    def _held(self, principal: Principal, pull: str, session: Session | None = None) -> Pull:
        found = self._rows.find(principal.org, pull, session)
        if found is None:
            raise NotFound
        return found


def place_of(pull: str) -> str:
    """Return what the place of a pull is kept under."""
    return f"pull:{pull}"


def _require_address(url: str) -> None:
    try:
        parts_of(url, "partner")
    except NoAnswer as error:
        raise _bad("url", error.title) from error


def _bad(path: str, message: str) -> BadRequest:
    return BadRequest("This cannot be done", [Fault(path, "value", message)])


def _entry(principal: Principal, action: str, pull: str, details: Mapping[str, Detail] | None = None) -> Entry:
    return Entry(principal.credential, action, pull, details or {})
