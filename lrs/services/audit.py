"""The audit of an organisation: who administered what, and who of another organisation read its records."""

import hashlib
import hmac
from functools import partial
from typing import NamedTuple

from lrs.services.principals import Principal
from lrs.store.audit import Audit
from lrs.store.entries import Record, Seal
from schemas.api.audit import AuditQuery


class Line(NamedTuple):
    """A place of a chain; ``record`` is what lies there, believable only if it ``holds``."""

    seq: int
    holds: bool
    record: Record | None


class Page(NamedTuple):
    """Lines of a chain; ``more`` is the place after which the next page begins, None at the end."""

    lines: list[Line]
    more: int | None


class AuditService:
    """Lets auditors read the chain of their own organisation; each record is checked on the way, its chain is not."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self._seal = audit.seal

    def read(self, principal: Principal, query: AuditQuery) -> Page:
        """Return what is wanted of the caller's organisation; raise Forbidden."""
        principal.require("audit/read")
        links = self._audit.find(principal.org, query._replace(limit=query.limit + 1))
        lines = [
            Line(link.seq, link.record is not None and holds(link.record, self._seal), link.record) for link in links
        ]
        return Page(lines[: query.limit], lines[query.limit - 1].seq if len(lines) > query.limit else None)


def sealed_with(pepper: str) -> Seal:
    """Return what seals the records of the audit: a keyed hash (HMAC-SHA-256) whose key the pepper gives."""
    key = hmac.digest(pepper.encode(), b"audit", hashlib.sha256)
    return partial(_seal, key)


def holds(record: Record, seal: Seal) -> bool:
    """Tell whether a record is as it was sealed."""
    return hmac.compare_digest(record.hash, seal(record.message()))


def _seal(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)
