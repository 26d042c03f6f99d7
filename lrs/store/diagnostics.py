"""What went wrong for each credential, and what it was forgiven: the ``refusals`` and ``relaxations`` collections."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import pymongo
from pymongo import DESCENDING, UpdateOne
from pymongo.database import Database

from lrs.store.errors import translated

MOST: Final = 100
"""Reasons that are kept of one credential: those that were met last."""


class Reason(NamedTuple):
    """Why something was refused: the status of the answer, the place of the fault, the word of the rule."""

    status: int
    path: str
    rule: str


@dataclass(slots=True)
class Met:
    """How often a reason was met, and when first and last, in microseconds since the epoch."""

    count: int
    first: int
    last: int


class Diagnostics:
    """One small document a credential and reason; every update is one of its own, so processes do not meet."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._refusals = database["refusals"]
        self._relaxations = database["relaxations"]
        self._deadline = deadline

    def add(self, org: bytes, credential: str, met: Mapping[Reason, Met], uses: Mapping[str, int]) -> None:
        """Count refusals and the uses of relaxations; beyond ``MOST`` reasons the oldest are forgotten."""
        with translated(), pymongo.timeout(self._deadline):
            if met:
                updates = [_update(org, credential, reason, times) for reason, times in met.items()]
                if self._refusals.bulk_write(updates, ordered=False).upserted_count:
                    self._trim(org, credential)
            for name, count in uses.items():
                used = {"org": org, "credential": credential, "name": name}
                update = {"$setOnInsert": used, "$inc": {"count": count}}
                # By the id alone: then MongoDB itself sees to it that two who begin a count both add to it.
                self._relaxations.update_one({"_id": _id(org, credential, name)}, update, upsert=True)

    def _trim(self, org: bytes, credential: str) -> None:
        mine = {"org": org, "credential": credential}
        last_kept = self._refusals.find(mine, {"last": 1}).sort("last", DESCENDING).skip(MOST - 1).limit(1)
        for row in last_kept:
            self._refusals.delete_many(mine | {"last": {"$lt": row["last"]}})

    def refusals(self, org: bytes, credential: str) -> list[tuple[Reason, Met]]:
        """Return the reasons that are kept of a credential, the last one first."""
        with translated(), pymongo.timeout(self._deadline):
            found = self._refusals.find({"org": org, "credential": credential}).sort("last", DESCENDING).limit(MOST)
            return [
                (
                    Reason(row["status"], row["path"], row["rule"]),
                    Met(row["count"], int(row["first"]), int(row["last"])),
                )
                for row in found
            ]

    def relaxations(self, org: bytes, credential: str) -> dict[str, int]:
        """Return how often each relaxation was used by a credential."""
        with translated(), pymongo.timeout(self._deadline):
            found = self._relaxations.find({"org": org, "credential": credential})
            return {row["name"]: row["count"] for row in found}


def _update(org: bytes, credential: str, reason: Reason, met: Met) -> UpdateOne:
    return UpdateOne(
        {"_id": _id(org, credential, *reason)},
        {
            "$setOnInsert": {"org": org, "credential": credential} | reason._asdict(),
            "$inc": {"count": met.count},
            "$min": {"first": met.first},
            "$max": {"last": met.last},
        },
        upsert=True,
    )


def _id(org: bytes, *words: object) -> bytes:
    return org + blake2b("\0".join(map(str, words)).encode(), digest_size=16).digest()
