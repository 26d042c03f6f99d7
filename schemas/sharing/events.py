"""What webhooks are told: that something has happened, by ids, counts and versions; whoever wants more asks for it."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final

TEST: Final = "webhook.test"
SHARED: Final = "shared.changed"
_OF_ACTIONS: Final = {
    "request.recorded": "request.received",
    "forward.failed": "forward.failed",
    "forward.stopped": "forward.failed",
    "pull.failed": "pull.failed",
}
_AGREEMENTS: Final = "agreement."
EVENTS: Final = tuple(sorted({"agreement.changed", SHARED, *_OF_ACTIONS.values()}))
"""What can be asked for; a test is told to everybody who asks for one."""
_TOLD: Final = frozenset({"agreement", "reason", "type"})
"""Details of the audit that are ids or words of ours; numbers are always told."""
PREFIX: Final = "whsec_"


def event_of(action: str) -> str | None:
    """Return the event that an action in the audit is, None for one that nobody is told of."""
    return "agreement.changed" if action.startswith(_AGREEMENTS) else _OF_ACTIONS.get(action)


def body_of(event: str, timestamp: str, data: Mapping[str, Any]) -> bytes:
    """Return what is sent, in the form of Standard Webhooks."""
    return json.dumps({"type": event, "timestamp": timestamp, "data": dict(data)}).encode()


def data_of(action: str, target: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is told of an entry of the audit."""
    told = {name: it for name, it in details.items() if name in _TOLD or type(it) is int}
    return {"id": target, "action": action} | told


def written(secret: bytes) -> str:
    """Return a secret as Standard Webhooks write it."""
    return PREFIX + base64.b64encode(secret).decode()


def signature(secret: bytes, identifier: str, timestamp: int, body: bytes) -> str:
    """Return the signature of one attempt, HMAC-SHA-256 over id, seconds since the epoch and body."""
    signed = f"{identifier}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
