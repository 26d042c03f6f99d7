"""Bytes in: the body of a request becomes statements, or a document."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Request

from lrs.errors import BadRequest, PayloadTooLarge
from lrs.resources.guards import principal
from lrs.services.documents import Sent
from lrs.services.mime import essence
from lrs.services.multipart import Limits, read_mixed
from lrs.services.statements import Batch
from schemas.faults import Fault
from schemas.xapi.normalise import split
from schemas.xapi.parsing import parse_json
from schemas.xapi.statements import Load, load_statement, load_statements
from schemas.xapi.versions import Version


@dataclass(frozen=True, slots=True)
class Bodies:
    """Reads bodies within limits, all but ``batch`` in bytes.

    A credential may have limits of its own of the body, which then holds for documents too, and of the batch. They
    count where they are the smaller ones.
    """

    body: int
    statement: int
    batch: int
    attachments: int
    largest_document: int

    def document(self, request: Request) -> Sent:
        """Return a document as it was sent; one without a content type is just bytes. Raises PayloadTooLarge."""
        most = _narrowed(self.largest_document, principal().limits.body)
        return Sent(whole(request, most), request.content_type or "application/octet-stream")

    @contextmanager
    def statements(self, request: Request, version: Version, load: Load = load_statement) -> Iterator[Batch]:
        """Give the statements of a request, judged; their attachments can be read inside the block only.

        Raises Refused and BadRequest for what breaks a rule of the specification, PayloadTooLarge. Another content
        type is 400, not 415: so the specification has it (Communication 1.5). ``load`` judges each statement.
        """
        kind = essence(request.content_type or "")
        if kind == "application/json":
            yield self._batch(self.text(request), version, load)
        elif kind == "multipart/mixed":
            most = _narrowed(self.body, principal().limits.body)
            limits = Limits(statements=most, total=most + self.attachments)
            request.max_content_length = limits.total
            _refuse_announced(request, limits.total)
            with read_mixed(request.stream, request.content_type or "", limits) as mixed:
                yield self._batch(mixed.statements, version, load)._replace(received=mixed.attachments)
        else:
            fault = Fault("Content-Type", "media-type", "must be application/json, or multipart/mixed with attachments")
            raise BadRequest("Statements cannot be read from this content type", [fault])

    def text(self, request: Request) -> bytes:
        """Return the body of a request without attachments; raise PayloadTooLarge."""
        return whole(request, _narrowed(self.body, principal().limits.body))

    @property
    def rows(self) -> int:
        """The most statements that a request of this caller may hold."""
        return _narrowed(self.batch, principal().limits.batch)

    def _batch(self, body: bytes, version: Version, load: Load) -> Batch:
        parsed = parse_json(body)
        texts = self.texts(body)
        return Batch(load_statements(parsed, version, load=load), texts, single=isinstance(parsed, dict))

    def texts(self, body: bytes) -> list[bytes]:
        """Return each statement's own text from a body that is JSON; raise PayloadTooLarge."""
        texts = split(body)
        most = self.rows
        if len(texts) > most:
            raise PayloadTooLarge(f"A request holds at most {most} statements")
        if any(len(text) > self.statement for text in texts):
            raise PayloadTooLarge(f"A statement holds at most {self.statement} bytes")
        return texts


def whole(request: Request, most: int) -> bytes:
    """Return the body of a request; raise PayloadTooLarge where it has more bytes than ``most``, announced or not."""
    _refuse_announced(request, most)
    # Of a body whose length was not announced, werkzeug reads up to the limit and is content with that.
    request.max_content_length = most + 1
    body = request.get_data(cache=False)
    if len(body) > most:
        raise _too_large(most)
    return body


def _refuse_announced(request: Request, most: int) -> None:
    if request.content_length is not None and request.content_length > most:
        raise _too_large(most)


def _narrowed(most: int, own: int | None) -> int:
    return most if own is None else min(most, own)


def _too_large(most: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"A request of this kind holds at most {most} bytes")


def require_single(batch: Batch, statement_id: str) -> None:
    """Raise BadRequest unless the body is one statement whose id, if it has one, is the one of the request."""
    if not batch.single:
        raise BadRequest("PUT takes one statement", [Fault("", "single", "an array belongs into a POST")])
    given = batch.statements[0].setdefault("id", statement_id)
    if given.lower() != statement_id.lower():
        raise BadRequest("The ids differ", [Fault("id", "same", "must be the statementId of the request")])
