"""gzip: of requests, decoded as they are read and never past a limit, and of answers that are worth it."""

import io
import zlib
from collections.abc import Callable, Iterable
from typing import Any, Final

from flask import Response, request
from werkzeug.wsgi import get_input_stream

from lrs.errors import BadRequest, LRSError, PayloadTooLarge, UnsupportedMediaType
from lrs.services.mime import Readable, essence
from schemas.faults import Fault

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]

REFUSAL: Final = "lrs.refusal"
"""Where a request's WSGI environment holds the error to raise once it is known who is calling."""
STRANGERS: Final = 1024**2
"""Bytes that are read at most for callers who bring no credential."""
WORTHWHILE: Final = 1024
"""Bytes from which an answer is compressed."""

_CHUNK: Final = 64 * 1024
_GZIP: Final = frozenset({"gzip", "x-gzip"})
_WINDOW: Final = 16 + zlib.MAX_WBITS
# A page of statements shrinks to a tenth at any level; higher ones only take longer.
_LEVEL: Final = 1
_TEXTS: Final = frozenset({"application/json", "application/problem+json"})


class Decoding:
    """WSGI: give the application the content of gzipped requests, up to ``limit`` bytes of it.

    With attachments it may be ``mixed`` bytes, from callers without a credential ``STRANGERS``.
    """

    def __init__(self, application: Application, limit: int, mixed: int) -> None:
        self._application = application
        self._limit = limit
        self._mixed = mixed

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer the request."""
        if "HTTP_CONTENT_ENCODING" in environ:
            decode(environ, self._most(environ))
        return self._application(environ, start_response)

    def _most(self, environ: Environ) -> int:
        if "HTTP_AUTHORIZATION" not in environ:
            return min(self._limit, STRANGERS)
        return self._mixed if essence(environ.get("CONTENT_TYPE", "")) == "multipart/mixed" else self._limit


def decode(environ: Environ, limit: int) -> None:
    """Put the decoded body in the place of the encoded one; an encoding not known here becomes the ``REFUSAL``."""
    encoding = environ["HTTP_CONTENT_ENCODING"].strip().lower()
    if encoding in _GZIP:
        environ["wsgi.input"] = Inflated(get_input_stream(environ), limit)
        environ["wsgi.input_terminated"] = True
        # What is left to read is neither of this length nor encoded.
        environ.pop("CONTENT_LENGTH", None)
        del environ["HTTP_CONTENT_ENCODING"]
    elif encoding not in {"", "identity"}:
        environ[REFUSAL] = UnsupportedMediaType("Send the body as it is, or with Content-Encoding: gzip")


class Inflated(io.RawIOBase):
    """The content of a gzip stream. Reading raises BadRequest where it is none, PayloadTooLarge past the limit.

    The limit holds for the encoded bytes too: members without content decode to nothing, for ever.
    """

    def __init__(self, stream: Readable, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._taken = 0
        self._given = 0
        self._waiting = b""
        self._member = zlib.decompressobj(_WINDOW)

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill some of the buffer; 0 at the end."""
        data = self._next(min(len(buffer), _CHUNK))
        self._given = self._counted(self._given, data)
        buffer[: len(data)] = data
        return len(data)

    def _next(self, size: int) -> bytes:
        while True:
            if not self._waiting:
                self._waiting = self._stream.read(_CHUNK)
                self._taken = self._counted(self._taken, self._waiting)
            if self._member.eof:
                if not self._waiting:
                    return b""
                self._member = zlib.decompressobj(_WINDOW)
            at_end = not self._waiting
            data = self._inflated(size)
            if data:
                return data
            if at_end and not self._member.eof:
                raise _malformed("the body ends before its gzip stream does")

    def _inflated(self, size: int) -> bytes:
        try:
            data = self._member.decompress(self._waiting, size)
        except zlib.error as error:
            raise _malformed("the body is no gzip stream") from error
        self._waiting = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        return data

    def _counted(self, before: int, data: bytes) -> int:
        if before + len(data) > self._limit:
            raise PayloadTooLarge(f"A decoded request holds at most {self._limit} bytes")
        return before + len(data)


def _malformed(message: str) -> LRSError:
    return BadRequest("The body cannot be decoded", [Fault("Content-Encoding", "encoding", message)])


def compress(response: Response) -> Response:
    """Compress an answer if the caller takes that and it pays.

    Not one with an ETag: that would need a tag of its own, and clients hand tags back in If-Match. Nor a streamed one.
    """
    parts: Any = response.response
    if not isinstance(parts, list) or len(parts) != 1 or len(parts[0]) < WORTHWHILE:
        return response
    headers = response.headers
    if "ETag" in headers or "Content-Encoding" in headers or essence(headers.get("Content-Type", "")) not in _TEXTS:
        return response
    vary(response, "Accept-Encoding")
    if request.method != "HEAD" and request.accept_encodings["gzip"]:
        squeezer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW)
        response.set_data(squeezer.compress(parts[0]) + squeezer.flush())
        headers["Content-Encoding"] = "gzip"
    return response


def vary(response: Response, name: str) -> None:
    """Say that the answer depends on a header of the request."""
    response.headers.add("Vary", name)
