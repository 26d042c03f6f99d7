"""Walks through many pages: what a ``more`` link carries.

A link holds everything that the next page needs, signed, so that any process can answer it and nobody can change it.
It is bound to the credential that began the walk and to what was stored then. It carries digests of what was asked for
and no identifier of anybody: links end up in logs.
"""

import msgspec

from lrs.services.cursors import LIFETIME, Cursors
from lrs.services.principals import Principal
from lrs.store.pages import Position, Selection

__all__ = ["LIFETIME", "Walk", "Walks"]


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


class Walks(Cursors[Walk]):
    """Makes and reads the links' tokens. ``secret`` is shared by all processes of one store."""

    def __init__(self, secret: str) -> None:
        super().__init__(secret, Walk, name="more")
