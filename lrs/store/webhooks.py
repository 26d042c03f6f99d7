"""The ``webhooks`` collection, who wants to be called, and ``deliveries``, what they are to be told and when next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.writing import insert_new

WebhookState = Literal["active", "disabled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An address that an organisation wants to be called at for ``events``; ``secret`` is sealed.

    Its organisation's audit was read up to the place ``seq``; ``versions`` are those of shared agreements that it was
    told of; ``step`` counts how often that was moved on. Disabled, there is a ``reason``. Instants are microseconds.
    """

    id: str
    org: bytes
    url: str
    events: tuple[str, ...]
    secret: bytes
    created: int
    label: str = ""
    state: WebhookState = "active"
    reason: str | None = None
    seq: int = 0
    step: int = 0
    versions: Mapping[str, int] = field(default_factory=dict)
    last_called: int | None = None
    last_error: str | None = None


class Delivery(NamedTuple):
    """Something to be told: ``id`` is the same in every attempt. It was ``tried`` so often, is tried ``again`` then."""

    id: str
    webhook: str
    event: str
    body: bytes
    created: int
    tried: int = 0
    again: int = 0


_MOMENTS: Final = ("last_called",)


class Webhooks:
    """Finds and keeps webhooks and deliveries; every call ends within the deadline, else Unavailable."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["webhooks"]
        self._deliveries = database["deliveries"]
        self._deadline = deadline

    def insert(self, webhook: Webhook, session: ClientSession | None = None) -> bool:
        """Store a new one; False where the id is taken."""
        with translated(), pymongo.timeout(self._deadline):
            return insert_new(self._rows, _row(webhook), session)

    def find(self, org: bytes, webhook: str, session: ClientSession | None = None) -> Webhook | None:
        """Return an organisation's webhook, or None."""
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one({"_id": webhook, "org": org}, session=session)
        return None if row is None else _webhook(row)

    def of(self, org: bytes) -> list[Webhook]:
        """Return an organisation's webhooks, the oldest first."""
        with translated(), pymongo.timeout(self._deadline):
            found = [_webhook(row) for row in self._rows.find({"org": org})]
        return sorted(found, key=lambda each: (each.created, each.id))

    def active(self) -> list[Webhook]:
        """Return those of all organisations that are to be called."""
        with translated(), pymongo.timeout(self._deadline):
            return [_webhook(row) for row in self._rows.find({"state": "active"})]

    def count(self, org: bytes, session: ClientSession | None = None) -> int:
        """Return how many an organisation has."""
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.count_documents({"org": org}, session=session)

    def change(
        self, webhook: Webhook, values: Mapping[str, Any], session: ClientSession | None = None
    ) -> Webhook | None:
        """Set fields, named and typed as in ``Webhook``; return it as it is then, None where it is not there."""
        update = {"$set": {name: list(it) if isinstance(it, tuple) else it for name, it in values.items()}}
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one_and_update(
                {"_id": webhook.id, "org": webhook.org},
                update,
                return_document=pymongo.ReturnDocument.AFTER,
                session=session,
            )
        return None if row is None else _webhook(row)

    def tell(
        self,
        webhook: Webhook,
        seq: int,
        versions: Mapping[str, int],
        deliveries: Sequence[Delivery],
        session: ClientSession,
    ) -> bool:
        """Let these be delivered, and what they come from be over; False where somebody else has seen to that."""
        where = {"_id": webhook.id, "step": webhook.step, "state": "active"}
        change = {"$set": {"seq": seq, "versions": dict(versions)}, "$inc": {"step": 1}}
        if self._rows.update_one(where, change, session=session).matched_count == 0:
            return False
        self.deliver(deliveries, session)
        return True

    def deliver(self, deliveries: Sequence[Delivery], session: ClientSession | None = None) -> None:
        """Let something be delivered."""
        rows = [{"_id": each.id, **{n: v for n, v in each._asdict().items() if n != "id"}} for each in deliveries]
        if rows:
            with translated(), pymongo.timeout(self._deadline):
                self._deliveries.insert_many(rows, session=session)

    def due(self, webhook: str, now: int, most: int) -> list[Delivery]:
        """Return what is to be told now, the oldest first."""
        where = {"webhook": webhook, "again": {"$lte": now}}
        with translated(), pymongo.timeout(self._deadline):
            return [
                _delivery(row) for row in self._deliveries.find(where).sort([("again", 1), ("created", 1)]).limit(most)
            ]

    def pending(self, webhook: str) -> int:
        """Return how much is to be told yet."""
        with translated(), pymongo.timeout(self._deadline):
            return self._deliveries.count_documents({"webhook": webhook})

    def oldest(self, webhook: str) -> int | None:
        """Return when the oldest of what was tried in vain happened, None where nothing was."""
        where = {"webhook": webhook, "tried": {"$gt": 0}}
        with translated(), pymongo.timeout(self._deadline):
            row = self._deliveries.find_one(where, {"created": 1}, sort=[("created", 1)])
        return None if row is None else int(row["created"])

    def delivered(self, delivery: Delivery, session: ClientSession | None = None) -> None:
        """Forget what was told."""
        with translated(), pymongo.timeout(self._deadline):
            self._deliveries.delete_one({"_id": delivery.id}, session=session)

    def postpone(self, delivery: Delivery, again: int) -> None:
        """Let something be tried again at an instant."""
        with translated(), pymongo.timeout(self._deadline):
            self._deliveries.update_one({"_id": delivery.id}, {"$set": {"again": again}, "$inc": {"tried": 1}})

    def wait(self, webhook: str, again: int) -> None:
        """Let nothing be tried before an instant."""
        with translated(), pymongo.timeout(self._deadline):
            self._deliveries.update_many({"webhook": webhook, "again": {"$lt": again}}, {"$set": {"again": again}})

    def at_once(self, webhook: str, now: int) -> None:
        """Let all that waits be tried now."""
        with translated(), pymongo.timeout(self._deadline):
            self._deliveries.update_many({"webhook": webhook, "again": {"$gt": now}}, {"$set": {"again": now}})

    def drop(self, webhook: str, session: ClientSession | None = None) -> None:
        """Forget all that was to be told."""
        with translated(), pymongo.timeout(self._deadline):
            self._deliveries.delete_many({"webhook": webhook}, session=session)

    def delete(self, org: bytes, webhook: str, session: ClientSession | None = None) -> bool:
        """Remove one; False where there is none."""
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.delete_one({"_id": webhook, "org": org}, session=session).deleted_count == 1


def _row(webhook: Webhook) -> dict[str, Any]:
    row = {name: getattr(webhook, name) for name in Webhook.__slots__}
    return {"_id": row.pop("id"), **row, "events": list(webhook.events), "versions": dict(webhook.versions)}


def _webhook(row: Mapping[str, Any]) -> Webhook:
    known: dict[str, Any] = {name: row[name] for name in Webhook.__slots__ if name != "id"}
    known |= {
        "created": int(row["created"]),
        "seq": int(row["seq"]),
        "step": int(row["step"]),
        "events": tuple(row["events"]),
    }
    known["versions"] = {name: int(version) for name, version in row["versions"].items()}
    known |= {name: None if row[name] is None else int(row[name]) for name in _MOMENTS}
    return Webhook(id=row["_id"], **known)


def _delivery(row: Mapping[str, Any]) -> Delivery:
    return Delivery(
        row["_id"],
        row["webhook"],
        row["event"],
        bytes(row["body"]),
        int(row["created"]),
        int(row["tried"]),
        int(row["again"]),
    )
