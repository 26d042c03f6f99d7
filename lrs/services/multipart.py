"""Statements with their attachments as multipart/mixed (Communication 1.5.2): requests in, answers out."""

import hashlib
import io
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import IO, Any, BinaryIO, Self, cast

from lrs.errors import Unavailable
from lrs.services.attachments import SHA2, OutgoingAttachment, ReceivedAttachment
from lrs.services.mime import Limits, Readable, Scanner, boundary_of, essence, is_media_type
from schemas.faults import Refused, TooLarge
from schemas.xapi.paths import member

__all__ = ["Limits", "Mixed", "mixed_body", "read_mixed"]

_OCTETS = "application/octet-stream"
_IN_MEMORY = 1024 * 1024
# The header does not say which of the SHA-2 family it holds; its length does.
_HASHES: Mapping[int, Callable[[], Any]] = {
    56: hashlib.sha224,
    64: hashlib.sha256,
    96: hashlib.sha384,
    128: hashlib.sha512,
}


@dataclass(frozen=True, slots=True)
class Mixed:
    """A multipart/mixed request: the text of its statements and the data that came with them.

    Use it in a ``with`` block, or close it: the data is gone then.
    """

    statements: bytes
    attachments: list[ReceivedAttachment]
    _file: IO[bytes]

    def close(self) -> None:
        """Drop the data."""
        _drop(self._file)

    def __enter__(self) -> Self:
        """Return the request itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop the data."""
        self.close()


def read_mixed(stream: Readable, content_type: str, limits: Limits) -> Mixed:
    """Read a request up to its last boundary; what follows that is left unread.

    Raise TooLarge, which names the limit, or Refused; the path of a fault counts the parts from 0, the statements.
    The hash of every attachment has been checked against its data. All data goes to one
    temporary file, so that neither memory nor open files grow with size or number of the parts.
    """
    scanner = Scanner(stream, boundary_of(content_type), limits)
    with ExitStack() as held:
        file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - it lives on in what is returned
        held.callback(_drop, file)
        scanner.preamble()
        if not scanner.opened():
            raise Refused.at("parts[0]", "required", "The first part must hold the statements")
        statements = _read_statements(scanner, limits.statements)
        attachments = []
        while scanner.opened():
            attachments.append(_read_attachment(scanner, file))
        held.pop_all()
    return Mixed(statements, attachments, file)


def mixed_body(statements: bytes, parts: Iterable[OutgoingAttachment]) -> tuple[str, Iterator[bytes]]:
    """Return the Content-Type of an answer and its body, which reads each attachment when its turn comes.

    A content type that may not stand in a header goes out as application/octet-stream.
    """
    # Random, so that nothing stored beforehand can contain it.
    boundary = secrets.token_hex(20)
    return f"multipart/mixed; boundary={boundary}", _chunks(boundary.encode(), statements, parts)


def _chunks(boundary: bytes, statements: bytes, parts: Iterable[OutgoingAttachment]) -> Iterator[bytes]:
    yield b"--%b\r\nContent-Type: application/json\r\n\r\n" % boundary
    yield statements
    for part in parts:
        if not SHA2.fullmatch(part.sha2):
            raise ValueError("an attachment's sha2 must be lower-case hex")
        content_type = part.content_type if is_media_type(part.content_type) else _OCTETS
        yield (
            f"\r\n--{boundary.decode()}\r\nContent-Type: {content_type}\r\n"
            f"Content-Transfer-Encoding: binary\r\nX-Experience-API-Hash: {part.sha2}\r\n\r\n"
        ).encode("ascii")
        yield from part.chunks
    yield b"\r\n--%b--\r\n" % boundary


def _read_statements(scanner: Scanner, limit: int) -> bytes:
    headers = scanner.headers()
    if essence(headers.get("content-type", "")) != "application/json":
        path = member(scanner.path, "Content-Type")
        raise Refused.at(path, "media-type", "The first part must hold the statements, as application/json")
    if headers.get("content-transfer-encoding", "binary").lower() not in {"binary", "8bit", "7bit"}:
        path = member(scanner.path, "Content-Transfer-Encoding")
        raise Refused.at(path, "encoding", "The statements must be sent as they are, without an encoding")
    # A BytesIO gives its content away without a second copy.
    text = io.BytesIO()
    for data in scanner.body():
        text.write(data)
        if text.tell() > limit:
            raise TooLarge.at(scanner.path, "limit", f"The statements are larger than {limit} bytes")
    return text.getvalue()


def _read_attachment(scanner: Scanner, file: IO[bytes]) -> ReceivedAttachment:
    headers = scanner.headers()
    sha2 = _claimed_hash(scanner.path, headers)
    content_type = _content_type(scanner.path, headers)
    digest = _HASHES[len(sha2)]()
    sha256 = digest if digest.name == "sha256" else hashlib.sha256()
    digests = {digest, sha256}
    start = file.tell()
    for data in scanner.body():
        with _room():
            file.write(data)
        for each in digests:
            each.update(data)
    with _room():
        file.flush()
    if digest.hexdigest() != sha2:
        path = member(scanner.path, "X-Experience-API-Hash")
        raise Refused.at(path, "hash", "The data of the part has another hash")
    length = file.tell() - start
    return ReceivedAttachment(
        sha2=sha2,
        sha256=sha256.hexdigest(),
        content_type=content_type,
        length=length,
        file=cast("BinaryIO", io.BufferedReader(_Window(file, start, length))),
    )


def _claimed_hash(path: str, headers: Mapping[str, str]) -> str:
    # The text also says that an LRS SHOULD assume "binary"; the conformance requirements (XAPI-00135) want it said.
    if headers.get("content-transfer-encoding", "").lower() != "binary":
        message = "An attachment must be sent with Content-Transfer-Encoding: binary"
        raise Refused.at(member(path, "Content-Transfer-Encoding"), "encoding", message)
    sha2 = headers.get("x-experience-api-hash", "").lower()
    if not SHA2.fullmatch(sha2):
        message = "An attachment must be sent with its SHA-2 hash in hex"
        raise Refused.at(member(path, "X-Experience-API-Hash"), "sha2", message)
    return sha2


def _content_type(path: str, headers: Mapping[str, str]) -> str:
    content_type = headers.get("content-type", _OCTETS)
    if not is_media_type(content_type):
        raise Refused.at(member(path, "Content-Type"), "media-type", "This is not a media type")
    if essence(content_type).startswith("multipart/"):
        raise Refused.at(member(path, "Content-Type"), "nested", "An attachment cannot be multipart itself")
    return content_type


def _drop(file: IO[bytes]) -> None:
    # On a full disk closing fails too, for want of room for what the file still holds back.
    with suppress(OSError):
        file.close()


@contextmanager
def _room() -> Iterator[None]:
    """Translate a full disk."""
    try:
        yield
    except OSError as error:
        raise Unavailable("There is no room for attachments at the moment; send the same again") from error


class _Window(io.RawIOBase):
    """One stretch of the temporary file, as a file of its own."""

    def __init__(self, file: IO[bytes], start: int, length: int) -> None:
        self._file = file
        self._start = start
        self._length = length
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._length}[whence]
        self._position = max(base + offset, 0)
        return self._position

    def readinto(self, buffer: Any, /) -> int:
        # The windows of a request share one file: its own position means nothing.
        self._file.seek(self._start + self._position)
        data = self._file.read(max(min(len(buffer), self._length - self._position), 0))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
