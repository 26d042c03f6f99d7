"""Activity definitions: merged from what was posted (Communication 2.5), known before the answer."""

import logging
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import msgspec

from lrs.errors import LRSError
from lrs.services import clocks
from lrs.store.activities import Activities
from schemas.xapi.definitions import described_activities, merged, without_broken_interaction

LARGEST: Final = 256 * 1024
"""Bytes of a merged definition at most; what would make it larger is not learned."""
AGREEING: Final = 60.0
"""Seconds until processes agree on an activity that they were told different things of."""

_REMEMBERED: Final = 20_000
_FORMS: Final = 8

log = logging.getLogger(__name__)


class _Heard(NamedTuple):
    """The definitions of one activity that would change nothing now, and until when that is believed."""

    until: float
    forms: set[bytes]


class Definitions:
    """Merges definitions into the store; a busy activity's unchanged definition costs no round trip."""

    def __init__(self, activities: Activities, *, agreeing: float = AGREEING) -> None:
        self._activities = activities
        self._agreeing = agreeing
        self._heard: OrderedDict[bytes, _Heard] = OrderedDict()

    def learn(self, org: bytes, statements: Iterable[Mapping[str, Any]]) -> None:
        """Merge the definitions in these statements, in their order, where they may be new.

        The statements are stored: that this fails must not make their sender believe otherwise. What was not learned is
        learned from the next statement that says it.
        """
        try:
            for statement in statements:
                for activity, definition in described_activities(statement):
                    self._hear(org, activity, definition)
        except LRSError as error:
            log.warning("definitions were not learned: %s", type(error).__name__)

    def _hear(self, org: bytes, activity: str, definition: Mapping[str, Any]) -> None:
        key = blake2b(org + activity.encode(), digest_size=16).digest()
        form = blake2b(msgspec.json.encode(definition), digest_size=16).digest()
        began = clocks.passed()
        heard = self._heard.get(key)
        if heard is not None and began >= heard.until:
            heard = None
        if heard is not None and form in heard.forms:
            return
        changed = self._merge(org, activity, definition)
        if heard is None or changed or len(heard.forms) >= _FORMS:
            self._remember(key, _Heard(began + self._agreeing, {form}))
        else:
            heard.forms.add(form)

    def _merge(self, org: bytes, activity: str, definition: Mapping[str, Any]) -> bool:
        learned = without_broken_interaction(definition)

        def change(old: bytes | None) -> bytes | None:
            new = merged(old, learned)
            return new if len(new) <= LARGEST else old

        return bool(learned) and self._activities.merge(org, activity, change)

    def _remember(self, key: bytes, heard: _Heard) -> None:
        # Threads share this: taking out and putting in cannot fail, moving can.
        self._heard.pop(key, None)
        self._heard[key] = heard
        if len(self._heard) > _REMEMBERED:
            self._heard.popitem(last=False)

    def of(self, org: bytes, activities: Iterable[str]) -> dict[str, bytes]:
        """Return the merged definitions, as JSON, of those activities that have one."""
        return self._activities.definitions(org, activities)
