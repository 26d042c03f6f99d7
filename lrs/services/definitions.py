"""Activity definitions: merged from what was posted (Communication 2.5), known before the answer."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, Final

import msgspec

from lrs.store.activities import Activities
from schemas.xapi.definitions import described_activities, merged

_REMEMBERED: Final = 20_000


class Definitions:
    """Merges definitions into the store; a busy activity's unchanged definition costs no round trip."""

    def __init__(self, activities: Activities) -> None:
        self._activities = activities
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def learn(self, org: bytes, statements: Iterable[Mapping[str, Any]]) -> None:
        """Merge the definitions in these statements, in their order, where they are new to this process."""
        for statement in statements:
            for activity, definition in described_activities(statement):
                seen = blake2b(org + activity.encode() + msgspec.json.encode(definition), digest_size=16).digest()
                if seen not in self._seen:
                    self._merge(org, activity, definition)
                    self._remember(seen)

    def _merge(self, org: bytes, activity: str, definition: Mapping[str, Any]) -> None:
        self._activities.merge(org, activity, lambda old: merged(old, definition))

    def _remember(self, seen: bytes) -> None:
        self._seen[seen] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)

    def of(self, org: bytes, activities: Iterable[str]) -> dict[str, bytes]:
        """Return the merged definitions, as JSON, of those activities that have one."""
        return self._activities.definitions(org, activities)
