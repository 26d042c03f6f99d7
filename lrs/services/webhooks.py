"""Webhooks, as an organisation sees them: who is called about what, and how that goes.

A worker does the calling (``lrs.followers.calling``). What is told has no personal data in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_bytes, token_hex
from typing import Any, Final, NamedTuple

from lrs.errors import BadRequest, Conflict, NotFound
from lrs.services import clocks
from lrs.services.principals import Principal
from lrs.services.seals import Seals
from lrs.services.web import NoAnswer, Web
from lrs.store import Store
from lrs.store.entries import Detail, Entry
from lrs.store.transactions import Session
from lrs.store.webhooks import Delivery, Webhook
from schemas.api.audit import AuditQuery
from schemas.faults import Fault
from schemas.sharing.events import TEST, body_of, written
from schemas.xapi.timestamps import iso

__all__ = ["Called", "Made", "Wanted", "Webhook", "WebhookService"]

MOST: Final = 20
"""Webhooks of one organisation."""
SEALED: Final = "webhooks"
"""What their secrets are sealed for."""
_SECRET_BYTES: Final = 32
_ID_BYTES: Final = 8
_EVENT_BYTES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A webhook that is to be."""

    url: str
    events: frozenset[str]
    label: str = ""


class Called(NamedTuple):
    """A webhook, and how much it is to be told yet."""

    webhook: Webhook
    pending: int


class Made(NamedTuple):
    """A webhook and its secret, which is told this once."""

    called: Called
    secret: str


class WebhookService:
    """Looks after webhooks; everything needs the right ``admin`` and stays within the caller's organisation.

    ``web`` is what partners are called through.
    """

    def __init__(self, store: Store, pepper: str, web: Web) -> None:
        self._store = store
        self._web = web
        self._rows = store.webhooks
        self._seals = Seals(pepper, SEALED)

    def all(self, principal: Principal) -> list[Called]:
        """Return the webhooks, the oldest first."""
        principal.require("admin")
        return [self._told(each) for each in self._rows.of(principal.org)]

    def get(self, principal: Principal, webhook: str) -> Called:
        """Return a webhook; raise NotFound, also for those of others."""
        principal.require("admin")
        return self._told(self._held(principal, webhook))

    def create(self, principal: Principal, wanted: Wanted) -> Made:
        """Call an address about what happens from now on.

        Raise BadRequest for what is no address, Conflict where there are as many as an organisation may have.
        """
        principal.require("admin")
        _require_address(self._web, wanted.url)
        identifier, secret = token_hex(_ID_BYTES), token_bytes(_SECRET_BYTES)
        made = Webhook(
            id=identifier,
            org=principal.org,
            url=wanted.url,
            events=tuple(sorted(wanted.events)),
            secret=self._seals.seal(secret, identifier),
            created=clocks.now(),
            label=wanted.label,
            seq=self._head(principal.org),
            versions=self._versions(principal.org),
        )

        def insert(session: Session) -> None:
            if self._rows.count(principal.org, session) >= MOST:
                raise Conflict(f"An organisation has at most {MOST} webhooks: remove one first")
            self._rows.insert(made, session)

        details: dict[str, Detail] = {"events": sorted(wanted.events)}
        self._store.administer(principal.org, insert, _entry(principal, "webhook.created", identifier, details))
        return Made(self._told(made), written(secret))

    def change(self, principal: Principal, webhook: str, values: Mapping[str, Any]) -> Called:
        """Set ``url``, ``events``, ``label`` or ``disabled``; raise NotFound, BadRequest.

        Who is disabled is told nothing, and of what happened meanwhile nothing later.
        """
        principal.require("admin")
        found = {name: it for name, it in values.items() if name != "disabled"}
        if "url" in found:
            _require_address(self._web, found["url"])
        if "events" in found:
            found["events"] = tuple(sorted(found["events"]))
        held, now = self._held(principal, webhook), clocks.now()
        if values.get("disabled") is True:
            found |= {"state": "disabled", "reason": "by_hand"}
        elif values.get("disabled") is False and held.state == "disabled":
            start = {
                "seq": self._head(principal.org),
                "versions": self._versions(principal.org),
                "step": held.step + 1,
            }
            found |= {"state": "active", "reason": None, "last_error": None} | start

        def change(session: Session) -> Webhook:
            changed = self._rows.change(self._held(principal, webhook, session), found, session)
            if changed is None:
                raise NotFound
            if changed.state == "disabled":
                self._rows.drop(webhook, session)
            return changed

        entry = _entry(principal, "webhook.changed", webhook, {"fields": sorted(values)})
        done = self._store.administer(principal.org, change, lambda _: entry if values else None)
        # Whatever was wrong may be right now.
        self._rows.at_once(webhook, now)
        return self._told(done)

    def renew(self, principal: Principal, webhook: str) -> Made:
        """Give a webhook another secret, at once; raise NotFound."""
        principal.require("admin")
        secret = token_bytes(_SECRET_BYTES)
        sealed = self._seals.seal(secret, webhook)

        def change(session: Session) -> Webhook:
            changed = self._rows.change(self._held(principal, webhook, session), {"secret": sealed}, session)
            if changed is None:
                raise NotFound
            return changed

        entry = _entry(principal, "webhook.secret_renewed", webhook)
        return Made(self._told(self._store.administer(principal.org, change, entry)), written(secret))

    def remove(self, principal: Principal, webhook: str) -> None:
        """Call an address no more; raise NotFound."""
        principal.require("admin")

        def delete(session: Session) -> None:
            if not self._rows.delete(principal.org, webhook, session):
                raise NotFound
            self._rows.drop(webhook, session)

        self._store.administer(principal.org, delete, _entry(principal, "webhook.removed", webhook))
        self._store.places.remove(place_of(webhook))

    def test(self, principal: Principal, webhook: str) -> str:
        """Let a worker call an address for a try; return the event's id. Raise NotFound, Conflict for one disabled."""
        principal.require("admin")
        held = self._held(principal, webhook)
        if held.state == "disabled":
            raise Conflict("This webhook is disabled: enable it first")
        now = clocks.now()
        event = delivery(held, TEST, now, {"id": webhook, "organisation": principal.organisation})
        self._rows.deliver([event])
        return event.id

    def _head(self, org: bytes) -> int:
        return next((link.seq for link in self._store.audit.find(org, AuditQuery(limit=1))), 0)

    def _versions(self, org: bytes) -> dict[str, int]:
        return versions_of(self._store, org)

    def _told(self, webhook: Webhook) -> Called:
        return Called(webhook, self._rows.pending(webhook.id))

    def _held(self, principal: Principal, webhook: str, session: Session | None = None) -> Webhook:
        found = self._rows.find(principal.org, webhook, session)
        if found is None:
            raise NotFound
        return found


def place_of(webhook: str) -> str:
    """Return what the place of a webhook is kept under."""
    return f"webhook:{webhook}"


def versions_of(store: Store, org: bytes) -> dict[str, int]:
    """Return the newest versions of what an organisation is given, by the ids of agreements."""
    taken = store.agreements.taken(org)
    found = store.shares.versions([each.id for each in taken]) if taken else {}
    return {agreement: version for agreement, version in found.items() if version}


def delivery(webhook: Webhook, event: str, time: int, data: Mapping[str, Any]) -> Delivery:
    """Return something to be told, that happened at an instant."""
    now = clocks.now()
    return Delivery(f"msg_{token_hex(_EVENT_BYTES)}", webhook.id, event, body_of(event, iso(time), data), now, 0, now)


def _require_address(web: Web, url: str) -> None:
    try:
        web.require(url)
    except NoAnswer as error:
        raise BadRequest("This cannot be called", [Fault("url", "value", error.title)]) from error


def _entry(principal: Principal, action: str, webhook: str, details: Mapping[str, Detail] | None = None) -> Entry:
    return Entry(principal.credential, action, webhook, details or {})
