"""Calling webhooks: what the audit tells is put down for each of them, and told until it is heard.

An event is told at least once, under one id in every attempt; nothing is lost where a worker dies. After three days
without an answer a webhook is disabled.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from lrs.services import clocks
from lrs.services.backoff import spread
from lrs.services.partners import asked_for
from lrs.services.seals import Seals, WrongPepper
from lrs.services.web import NoAnswer, Web
from lrs.services.webhooks import SEALED, delivery, place_of, versions_of
from lrs.store import Store
from lrs.store.entries import Detail, Entry
from lrs.store.transactions import Session
from lrs.store.webhooks import Delivery, Webhook
from schemas.api.audit import AuditQuery
from schemas.sharing.events import SHARED, data_of, event_of, signature

LEASE: Final = 45.0
DAYS: Final = 3
"""After which nobody is expected to answer any more."""
PAUSES: Final = (5.0, 60.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0)
"""Seconds until something is tried again, the last one from then on."""
_SHARED_EVERY: Final = 15.0
_AT_ONCE: Final = 50
_READ: Final = 500
_MOST_PENDING: Final = 10_000
_GONE: Final = 410
_HEARD: Final = range(200, 300)
_WORKER: Final = "worker"
_SECOND: Final = 1_000_000
_DAY: Final = 86_400 * _SECOND

log = logging.getLogger(__name__)


class Calling:
    """Calls who is to be called; ``worker`` is the name that places are held under."""

    def __init__(self, store: Store, worker: str, web: Web, pepper: str, stop: threading.Event) -> None:
        self._store = store
        self._rows = store.webhooks
        self._worker = worker
        self._web = web
        self._seals = Seals(pepper, SEALED)
        self._stop = stop
        self._looked: dict[str, float] = {}

    def due(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Yield what there is to do, by the ids of webhooks."""
        now = clocks.now()
        for webhook in self._rows.active():
            self._listen(webhook)
            if self._rows.due(webhook.id, now, 1):
                yield webhook.id, partial(self.run, webhook)

    def _listen(self, webhook: Webhook) -> None:
        """Put down what has happened since somebody looked last."""
        links = self._store.audit.find(webhook.org, AuditQuery(after=webhook.seq, limit=_READ, ascending=True))
        versions = self._versions(webhook)
        if not links and versions == webhook.versions:
            return
        news = []
        for link in links:
            event = event_of(link.record.action) if link.record else None
            if event in webhook.events and event is not None and link.record:
                data = data_of(link.record.action, link.record.target, link.record.details)
                news.append(delivery(webhook, event, link.record.time, data))
        if SHARED in webhook.events:
            for agreement, version in versions.items():
                if version != webhook.versions.get(agreement):
                    news.append(delivery(webhook, SHARED, clocks.now(), {"agreement": agreement, "version": version}))
        seq = links[-1].seq if links else webhook.seq
        self._store.transact(lambda session: self._rows.tell(webhook, seq, versions, news, session))

    def _versions(self, webhook: Webhook) -> dict[str, int]:
        if (
            SHARED not in webhook.events
            or clocks.passed() - self._looked.get(webhook.id, float("-inf")) < _SHARED_EVERY
        ):
            return dict(webhook.versions)
        self._looked[webhook.id] = clocks.passed()
        return versions_of(self._store, webhook.org)

    def run(self, webhook: Webhook) -> None:
        """Tell what is due; nothing where another worker does."""
        name = place_of(webhook.id)
        if self._store.places.take(name, self._worker, lease=LEASE) is None:
            return
        try:
            self._call(webhook, name)
        finally:
            self._store.places.release(name, self._worker)

    def _call(self, webhook: Webhook, name: str) -> None:
        for each in self._rows.due(webhook.id, clocks.now(), _AT_ONCE):
            current = self._rows.find(webhook.org, webhook.id)
            taken = self._store.places.take(name, self._worker, lease=LEASE)
            if self._stop.is_set() or current is None or current.state != "active" or taken is None:
                return
            error, seconds = self._tell(current, each)
            if error is None:
                self._rows.delivered(each)
                self._rows.change(current, {"last_called": clocks.now(), "last_error": None})
            elif not self._missed(current, each, error, seconds):
                return

    def _tell(self, webhook: Webhook, each: Delivery) -> tuple[str | None, float]:
        """Call once; return why it was not heard, None where it was, and for how long nobody is to call."""
        now = clocks.now() // _SECOND
        try:
            secret = self._seals.open(webhook.secret, webhook.id)
            headers = {
                "Content-Type": "application/json",
                "User-Agent": "so-hoc",
                "webhook-id": each.id,
                "webhook-timestamp": str(now),
                "webhook-signature": signature(secret, each.id, now, each.body),
            }
            reply = self._web.exchange("POST", webhook.url, each.body, headers)
        except (NoAnswer, WrongPepper) as error:
            return error.title, 0.0
        if reply.status in _HEARD:
            return None, 0.0
        if reply.status == _GONE:
            return "gone", 0.0
        return f"It answers with {reply.status}", asked_for(reply.headers.get("retry-after", ""))

    def _missed(self, webhook: Webhook, each: Delivery, error: str, seconds: float) -> bool:
        """Try again later, or never; tell whether the webhook is to be called any more."""
        now = clocks.now()
        if error == "gone":
            self._disable(webhook, "gone", "It answers with 410")
            return False
        if now - each.created > DAYS * _DAY:
            self._disable(webhook, "no_answer", error)
            return False
        if self._rows.pending(webhook.id) > _MOST_PENDING:
            self._disable(webhook, "too_many", error)
            return False
        wait = max(seconds, spread(PAUSES[min(each.tried, len(PAUSES) - 1)]))
        self._rows.postpone(each, now + int(wait * _SECOND))
        self._rows.change(webhook, {"last_error": error})
        return True

    def _disable(self, webhook: Webhook, reason: str, error: str) -> None:
        def disable(session: Session) -> bool:
            self._rows.drop(webhook.id, session)
            values = {"state": "disabled", "reason": reason, "last_error": error}
            return self._rows.change(webhook, values, session) is not None

        details: dict[str, Detail] = {"reason": reason}
        entry = Entry(_WORKER, "webhook.disabled", webhook.id, details)
        log.warning("a webhook was disabled", extra={"webhook": webhook.id})
        self._store.administer(webhook.org, disable, lambda done: entry if done else None)
