"""Where a walk through pages stands, as text for a client to hand back: signed, and bound to who walks.

It carries no identifier of anybody: links end up in logs.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec

from lrs.errors import BadRequest
from lrs.services import clocks
from lrs.services.principals import Principal
from schemas.faults import Fault

LIFETIME: Final = 7 * 24 * 3600 * 1_000_000
"""Microseconds that a walk can be gone on with."""
_SIGNATURE: Final = 16
_DIGEST: Final = 12


class _Bound(Protocol):
    @property
    def credential(self) -> str:
        """Whose walk it is."""

    @property
    def expires(self) -> int:
        """Until when it can be gone on with, in microseconds."""


T = TypeVar("T", bound=_Bound)


class Cursors(Generic[T]):
    """Makes and reads tokens of one kind: ``name`` is the parameter, ``secret`` is that of all processes of a store."""

    def __init__(self, secret: str, kind: type[T], *, name: str) -> None:
        self._secret = hmac.digest(secret.encode(), name.encode(), hashlib.sha256)
        self._decode = msgspec.msgpack.Decoder(kind).decode
        self._name = name

    def token(self, walk: T) -> str:
        """Return the walk as text that fits into a URL."""
        body = msgspec.msgpack.encode(walk)
        return urlsafe_b64encode(self._sign(body) + body).decode().rstrip("=")

    def read(self, token: str, principal: Principal) -> T:
        """Return the walk; raise BadRequest for a token that is not ours, not the caller's or too old."""
        try:
            sealed = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        except ValueError as error:
            raise self.refused() from error
        signature, body = sealed[:_SIGNATURE], sealed[_SIGNATURE:]
        if not hmac.compare_digest(signature, self._sign(body)):
            raise self.refused()
        try:
            walk = self._decode(body)
        except msgspec.DecodeError as error:  # ours, and made by another version
            raise self.refused() from error
        if walk.credential != principal.credential or walk.expires < clocks.now():
            raise self.refused()
        return walk

    def refused(self) -> BadRequest:
        """Return the refusal of a token that cannot be used."""
        message = "this link was not made for this credential, or it has expired"
        return BadRequest("The link cannot be followed", [Fault(self._name, "link", message)])

    def _sign(self, body: bytes) -> bytes:
        return hmac.digest(self._secret, body, hashlib.sha256)[:_SIGNATURE]


def fingerprint(asked: Any) -> bytes:
    """Return what tells one question from another; a walk goes on with the question that it began with."""
    return hashlib.blake2b(msgspec.msgpack.encode(asked), digest_size=_DIGEST).digest()
