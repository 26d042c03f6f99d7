"""Multipart bodies as RFC 2046 writes them, cut from a stream at their boundaries.

One way of reading only: lines end in CRLF, headers are neither folded nor repeated, and the boundary is a
boundary wherever it follows a CRLF. What could be read in two ways is refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from schemas.faults import Refused, TooLarge
from schemas.xapi.patterns import MEDIA_TYPE

_CHUNK = 128 * 1024
_CRLF = b"\r\n"
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - RFC 2045's word for a word
_MEDIA_TYPE = re.compile(MEDIA_TYPE)
_MEDIA_TYPE_LENGTH = 255
_HEADER = re.compile(rf"({_TOKEN}):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
# Looser than the grammar on purpose: clients send a boundary with "=" or ":" and forget the quotes.
_PARAMETER = re.compile(rf'[ \t]*;[ \t]*(?:({_TOKEN})[ \t]*=[ \t]*(?:"([^"\\]*)"|([^\s;"]+)))?')
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")


class Readable(Protocol):
    """A stream of bytes, such as the input of a WSGI request."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes, none at the end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How much of a multipart request is taken; sizes in bytes."""

    statements: int
    total: int
    parts: int = 1001
    headers: int = 16
    header_bytes: int = 8 * 1024


def is_media_type(text: str) -> bool:
    """Tell whether the text is a media type, with or without parameters, fit to stand in a header."""
    # Some senders end it in a semicolon with nothing behind.
    return text.isascii() and len(text) <= _MEDIA_TYPE_LENGTH and _MEDIA_TYPE.match(text.rstrip(" ;")) is not None


def essence(media_type: str) -> str:
    """Return ``type/subtype`` in lower case, without parameters."""
    return media_type.partition(";")[0].strip().lower()


def boundary_of(content_type: str) -> str:
    """Return the boundary of a multipart/mixed Content-Type header; raise Refused where there is none to use."""
    main, _, _ = content_type.partition(";")
    if essence(main) != "multipart/mixed":
        raise Refused.at("Content-Type", "media-type", "The media type must be multipart/mixed")
    found: list[str] = []
    position = len(main)
    while position < len(content_type) and (parameter := _PARAMETER.match(content_type, position)):
        name, quoted, plain = parameter.groups()
        if name is not None and name.lower() == "boundary":
            found.append(plain if quoted is None else quoted)
        position = parameter.end()
    if content_type[position:].strip() or len(found) != 1 or not _BOUNDARY.fullmatch(found[0]):
        message = "multipart/mixed needs one boundary of 1 to 70 characters that RFC 2046 allows"
        raise Refused.at("Content-Type", "boundary", message)
    return found[0]


class Scanner:
    """Walks the parts of one multipart body; holds one chunk of it, or the headers of one part.

    Call ``preamble``; then, as long as ``opened`` says that a part begins, ``headers`` and all of ``body``.
    """

    def __init__(self, stream: Readable, boundary: str, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._left = limits.total
        self._part = -1
        self._delimiter = f"\r\n--{boundary}".encode("ascii")
        # The CRLF of a boundary belongs to it; the very first may stand without.
        self._buffer = bytearray(_CRLF)

    @property
    def path(self) -> str:
        """Where the scanner stands, as faults tell it."""
        return f"parts[{self._part}]" if self._part >= 0 else ""

    def preamble(self) -> None:
        """Skip what stands before the first boundary."""
        skipped = 0
        for data in self.body():
            skipped += len(data)
            if skipped > self._limits.header_bytes:
                raise Refused.at("", "boundary", "The body does not begin with the boundary that Content-Type names")

    def opened(self) -> bool:
        """Tell whether the boundary just passed begins a part; False where it ends the body."""
        after = self._peek(2)
        if after == b"--":
            return False
        if self._part + 1 == self._limits.parts:
            raise TooLarge.at("", "limit", f"The request has more than {self._limits.parts} parts")
        self._part += 1
        # Asked first, so that a body whose lines end in LF alone is told so, and not that it has no end.
        if after.startswith(b"\n") or self._line(self._limits.header_bytes).strip(b" \t"):
            raise Refused.at(self.path, "boundary", "After a boundary its line must end, with CRLF")
        return True

    def headers(self) -> dict[str, str]:
        """Read the headers of a part, by their lower-case names."""
        found: dict[str, str] = {}
        room = self._limits.header_bytes
        while self._peek(2) != _CRLF:
            line = self._line(room)
            room -= len(line) + 2
            header = _HEADER.fullmatch(line.decode("latin-1"))
            if header is None or (name := header[1].lower()) in found:
                message = "A header must be one line of the form Name: value, and stand once"
                raise Refused.at(self.path, "header", message)
            if len(found) == self._limits.headers:
                raise TooLarge.at(self.path, "limit", f"The part has more than {self._limits.headers} headers")
            found[name] = header[2].rstrip(" \t")
        # In a part without a body the empty line is already the CRLF of the next boundary.
        if self._peek(len(self._delimiter)) != self._delimiter:
            del self._buffer[:2]
        return found

    def body(self) -> Iterator[bytes]:
        """Yield what stands before the next boundary, and step over it."""
        keep = len(self._delimiter) - 1
        while (cut := self._buffer.find(self._delimiter)) < 0:
            if (safe := len(self._buffer) - keep) > 0:
                yield self._take(safe)
            self._more()
        if cut:
            yield self._take(cut)
        del self._buffer[: len(self._delimiter)]

    def _line(self, limit: int) -> bytes:
        scanned = 0
        while (end := self._buffer.find(_CRLF, scanned, limit + 2)) < 0:
            if len(self._buffer) >= limit + 2:
                message = f"The headers of the part are larger than {self._limits.header_bytes} bytes"
                raise TooLarge.at(self.path, "limit", message)
            scanned = max(len(self._buffer) - 1, 0)
            self._more()
        line = self._take(end)
        del self._buffer[:2]
        return line

    def _peek(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._more()
        return bytes(self._buffer[:size])

    def _take(self, size: int) -> bytes:
        with memoryview(self._buffer) as view:
            taken = bytes(view[:size])
        del self._buffer[:size]
        return taken

    def _more(self) -> None:
        chunk = self._stream.read(min(_CHUNK, self._left + 1))
        if not chunk and self._part < 0:
            raise Refused.at("", "boundary", "The boundary that Content-Type names is not in the body")
        if not chunk:
            raise Refused.at(self.path, "unfinished", "The body ends before its last boundary")
        self._left -= len(chunk)
        if self._left < 0:
            raise TooLarge.at("", "limit", f"The request is larger than {self._limits.total} bytes")
        self._buffer += chunk
