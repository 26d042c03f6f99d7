"""Calling webhooks: what the audit tells is put down for each of them, and told until it is heard.

An event is told at least once, under one id in every attempt; nothing is lost where a worker dies. Where nobody
answers, nothing is told for a while. After three days without an answer a webhook is disabled.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

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
SLICE: Final = 10.0
"""Seconds after which others have their turn."""
DAYS: Final = 3
"""After which nobody is expected to answer any more."""
PAUSES: Final = (5.0, 60.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0)
"""Seconds until something is tried again, the last one from then on."""
_SHARED_EVERY: Final = 15.0
_AT_ONCE: Final = 50
_READ: Final = 500
_MOST_PENDING: Final = 10_000
_GONE: Final = 410
_TOO_MANY: Final = 429
_TROUBLE: Final = 500
_HEARD: Final = range(200, 300)
_WORKER: Final = "worker"
_SECOND: Final = 1_000_000
_DAY: Final = 86_400 * _SECOND

log = logging.getLogger(__name__)


class _Miss(NamedTuple):
    """Why something was not heard; ``whole``: nothing else would be either, for so many ``seconds`` if it says so."""

    error: str
    seconds: float = 0.0
    whole: bool = True


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

    def due(self) -> Iterator[tuple[str, bytes, Callable[[], None]]]:
        """Yield what there is to do, by the ids of webhooks and whose they are."""
        now = clocks.now()
        for webhook in self._rows.active():
            self._listen(webhook)
            if self._rows.due(webhook.id, now, 1):
                yield webhook.id, webhook.org, partial(self.run, webhook)

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
        until = clocks.passed() + SLICE
        for each in self._rows.due(webhook.id, clocks.now(), _AT_ONCE):
            current = self._rows.find(webhook.org, webhook.id)
            taken = self._store.places.take(name, self._worker, lease=LEASE)
            if self._stop.is_set() or current is None or current.state != "active" or taken is None:
                return
            miss = self._tell(current, each)
            if miss is None:
                self._rows.delivered(each)
                self._rows.change(current, {"last_called": clocks.now(), "last_error": None})
            else:
                self._missed(current, each, miss)
            if (miss is not None and miss.whole) or clocks.passed() > until:
                return

    def _tell(self, webhook: Webhook, each: Delivery) -> _Miss | None:
        """Call once; return why it was not heard, None where it was."""
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
            return _Miss(error.title)
        except Exception:
            log.exception("a webhook could not be called", extra={"webhook": webhook.id})
            return _Miss("It cannot be called; the worker's log says why")
        if reply.status in _HEARD:
            return None
        if reply.status == _GONE:
            return _Miss("gone")
        seconds = asked_for(reply.headers.get("retry-after", ""))
        whole = seconds > 0 or reply.status >= _TROUBLE or reply.status == _TOO_MANY
        return _Miss(f"It answers with {reply.status}", seconds, whole)

    def _missed(self, webhook: Webhook, each: Delivery, miss: _Miss) -> None:
        """Try again later, or never: what is due beside waits, too, where nothing would be heard."""
        now = clocks.now()
        if miss.error == "gone":
            self._disable(webhook, "gone", "It answers with 410")
        elif now - each.created > DAYS * _DAY:
            self._disable(webhook, "no_answer", miss.error)
        elif self._rows.pending(webhook.id) > _MOST_PENDING:
            self._disable(webhook, "too_many", miss.error)
        else:
            wait = max(miss.seconds, spread(PAUSES[min(each.tried, len(PAUSES) - 1)]))
            again = now + int(wait * _SECOND)
            self._rows.postpone(each, again)
            if miss.whole:
                self._rows.wait(webhook.id, again)
            self._rows.change(webhook, {"last_error": miss.error})

    def _disable(self, webhook: Webhook, reason: str, error: str) -> None:
        def disable(session: Session) -> bool:
            self._rows.drop(webhook.id, session)
            values = {"state": "disabled", "reason": reason, "last_error": error}
            return self._rows.change(webhook, values, session) is not None

        details: dict[str, Detail] = {"reason": reason}
        entry = Entry(_WORKER, "webhook.disabled", webhook.id, details)
        log.warning("a webhook was disabled", extra={"webhook": webhook.id})
        self._store.administer(webhook.org, disable, lambda done: entry if done else None)
