"""Files that belong to statements: out and in, as multipart/mixed."""

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import Unsendable
from .messages import Body, Json

_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)
_HASHES = {56: hashlib.sha224, 64: hashlib.sha256, 96: hashlib.sha384, 128: hashlib.sha512}


@dataclass(frozen=True, slots=True)
class File:
    """The data of an attachment and its media type, as a server gave them."""

    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file to go with a statement. ``usage_type`` is the IRI that says what it is for."""

    content: bytes
    content_type: str
    usage_type: str
    display: Mapping[str, str]
    description: Mapping[str, str] | None = None

    @property
    def sha2(self) -> str:
        """The SHA-256 hash of the data, by which statement and data find each other."""
        return hashlib.sha256(self.content).hexdigest()

    def metadata(self) -> dict[str, Json]:
        """Return the attachment as it stands in a statement."""
        described = {"description": dict(self.description)} if self.description is not None else {}
        return {
            "usageType": self.usage_type,
            "display": dict(self.display),
            **described,
            "contentType": self.content_type,
            "length": len(self.content),
            "sha2": self.sha2,
        }


def attached(statement: dict[str, Json], attachments: Sequence[Attachment]) -> dict[str, Json]:
    """Return the statement with the attachments named in it; those that it names already stay as they are."""
    listed = list(statement.get("attachments") or [])
    known = {each.get("sha2") for each in listed}
    listed += [each.metadata() for each in attachments if each.sha2 not in known]
    return {**statement, "attachments": listed} if listed else statement


def mixed(text: bytes, attachments: Sequence[Attachment]) -> Body:
    """Return the content of a request that brings statements and their files."""
    boundary = secrets.token_hex(20)
    lines = [f"--{boundary}\r\nContent-Type: application/json\r\n\r\n".encode(), text]
    # Each file once, however many statements name it.
    for sha2, each in {each.sha2: each for each in attachments}.items():
        headers = (
            f"\r\n--{boundary}\r\nContent-Type: {_header(each.content_type)}\r\n"
            f"Content-Transfer-Encoding: binary\r\nX-Experience-API-Hash: {sha2}\r\n\r\n"
        )
        lines += [headers.encode("latin-1"), each.content]
    lines.append(f"\r\n--{boundary}--\r\n".encode())
    return Body(b"".join(lines), f"multipart/mixed; boundary={boundary}")


def split_mixed(content_type: str, content: bytes) -> tuple[bytes, dict[str, File]]:
    """Return the first part, and the files by their hash; raise ValueError for what is cut off or damaged."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise ValueError("it names no boundary")
    delimiter = b"\r\n--" + (found[1] or found[2]).encode("latin-1")
    # The very first boundary may stand without a line before it.
    parts = (b"\r\n" + content).split(delimiter)[1:]
    if len(parts) < 2 or not parts[-1].startswith(b"--"):  # noqa: PLR2004 - the statements, and the end
        raise ValueError("its end is missing")
    _, statements = _part(parts[0])
    return statements, dict(_file(*_part(part)) for part in parts[1:-1])


def _part(part: bytes) -> tuple[dict[str, str], bytes]:
    head, gap, body = part.partition(b"\r\n\r\n")
    if not gap:
        raise ValueError("a part has no headers")
    lines = [line.partition(":") for line in head.decode("latin-1").split("\r\n")]
    return {name.strip().lower(): value.strip() for name, _, value in lines}, body


def _file(headers: dict[str, str], content: bytes) -> tuple[str, File]:
    sha2 = headers.get("x-experience-api-hash", "").lower()
    algorithm: Any = _HASHES.get(len(sha2))
    if algorithm is None or algorithm(content).hexdigest() != sha2:
        raise ValueError("a file is not the one that its hash names")
    return sha2, File(content, headers.get("content-type", "application/octet-stream"))


def _header(text: str) -> str:
    if not text.isascii() or not text.isprintable():
        raise Unsendable("a content type is one line of ASCII")
    return text
