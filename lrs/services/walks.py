"""Walks through many pages: what a ``more`` link carries.

A link holds everything that the next page needs, signed, so that any process can answer it and nobody can change it.
It is bound to the credential that began the walk and to what was stored then. It carries digests of what was asked for
and no identifier of anybody: links end up in logs.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import msgspec

from lrs.errors import BadRequest
from lrs.services import clocks
from lrs.services.principals import Principal
from lrs.store.pages import Position, Selection
from schemas.faults import Fault

LIFETIME: Final = 7 * 24 * 3600 * 1_000_000
"""Microseconds that a link can be followed."""
_SIGNATURE: Final = 16


class Walk(msgspec.Struct, frozen=True, array_like=True):
    """A query with the place it has come to; ``until`` is bound to the beginning of the walk."""

    credential: str
    expires: int
    keys: tuple[tuple[bytes, ...], ...]
    since: int | None
    until: int | None
    ascending: bool
    limit: int
    format: str
    attachments: bool
    stored: int
    ids: tuple[bytes, ...]

    def selection(self, principal: Principal) -> Selection:
        """Return what the next page is taken from; organisation and bounds are always the caller's, as of now."""
        return Selection(
            org=principal.org,
            keys=self.keys,
            bounds=principal.bounds,
            since=self.since,
            until=self.until,
            ascending=self.ascending,
            position=Position(self.stored, self.ids),
        )


_decode = msgspec.msgpack.Decoder(Walk).decode


class Walks:
    """Makes and reads the links' tokens. ``secret`` is shared by all processes of one store."""

    def __init__(self, secret: str) -> None:
        self._secret = hmac.digest(secret.encode(), b"more", hashlib.sha256)

    def token(self, walk: Walk) -> str:
        """Return the walk as text that fits into a URL."""
        body = msgspec.msgpack.encode(walk)
        return urlsafe_b64encode(self._sign(body) + body).decode().rstrip("=")

    def read(self, token: str, principal: Principal) -> Walk:
        """Return the walk; raise BadRequest for a token that is not ours, not the caller's or too old."""
        try:
            sealed = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        except ValueError as error:
            raise _refused() from error
        signature, body = sealed[:_SIGNATURE], sealed[_SIGNATURE:]
        if not hmac.compare_digest(signature, self._sign(body)):
            raise _refused()
        try:
            walk = _decode(body)
        except msgspec.DecodeError as error:  # ours, and made by another version
            raise _refused() from error
        if walk.credential != principal.credential or walk.expires < clocks.now():
            raise _refused()
        return walk

    def _sign(self, body: bytes) -> bytes:
        return hmac.digest(self._secret, body, hashlib.sha256)[:_SIGNATURE]


def _refused() -> BadRequest:
    message = "this link was not made for this credential, or it has expired"
    return BadRequest("The link cannot be followed", [Fault("more", "link", message)])
