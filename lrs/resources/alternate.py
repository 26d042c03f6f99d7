"""The alternate request syntax of 1.0.x (Communication 1.3): what may be a header or a parameter is a form field.

A client that can send neither methods nor headers posts a form to ``?method=``. It is turned into the request that it
means before anything else sees it, so no resource knows of this. 2.0 has no such syntax and refuses it.
"""

from collections.abc import Iterable
from io import BytesIO
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from werkzeug.exceptions import HTTPException
from werkzeug.wsgi import get_input_stream

from lrs.errors import BadRequest, LRSError, PayloadTooLarge
from lrs.resources.encodings import REFUSAL, STRANGERS, Application, Environ
from lrs.services.mime import Readable, essence
from schemas.faults import Fault
from schemas.xapi.versions import HEADER

FORM: Final = "application/x-www-form-urlencoded"
_METHODS: Final = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE"})
_WITH_BODY: Final = frozenset({"PUT", "POST"})
_HEADERS: Final = {
    "accept": "HTTP_ACCEPT",
    "accept-language": "HTTP_ACCEPT_LANGUAGE",
    "authorization": "HTTP_AUTHORIZATION",
    "content-type": "CONTENT_TYPE",
    "if-match": "HTTP_IF_MATCH",
    "if-none-match": "HTTP_IF_NONE_MATCH",
    "x-experience-api-version": "HTTP_X_EXPERIENCE_API_VERSION",
}
# The length of what is sent is known here; what a page took it for is of no use.
_IGNORED: Final = frozenset({"content-length"})
_MOST_FIELDS: Final = 100
_LONGEST_HEADER: Final = 8190
"""What the server takes of a header that is sent as one."""


class AlternateSyntax:
    """WSGI: turn posted forms below ``prefix`` into the requests they mean; ``limit`` bounds a form in bytes.

    It holds ``STRANGERS`` bytes at most in any case: it is read before anybody knows whether its credential is good.
    """

    def __init__(self, application: Application, prefix: str, limit: int) -> None:
        self._application = application
        self._prefix = prefix
        self._limit = min(limit, STRANGERS)

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer the request."""
        if "method=" in environ.get("QUERY_STRING", "") and self._is_alternate(environ):
            try:
                _rewrite(environ, self._limit)
            except (LRSError, HTTPException) as error:
                environ[REFUSAL] = error
        return self._application(environ, start_response)

    def _is_alternate(self, environ: Environ) -> bool:
        return (
            environ["REQUEST_METHOD"] == "POST"
            and environ.get("PATH_INFO", "").startswith(self._prefix)
            and any(name == "method" for name, _ in parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
        )


def _rewrite(environ: Environ, limit: int) -> None:
    """Turn the form into the request it means; raise LRSError where it means none.

    Then the request has the form's headers all the same: so it is known who is to be told.
    """
    method = _method(environ)
    _require_older(environ)
    fields = _fields(environ, limit)
    headers, parameters, complaint = _parted(fields)
    environ |= headers
    if complaint is not None:
        raise complaint
    _require_older(environ)
    content = b""
    if method in _WITH_BODY:
        if "content" not in parameters:
            raise _refused("content", "required", f"a {method} needs its body in this form field")
        content = parameters.pop("content").encode()
        environ["CONTENT_TYPE"] = headers.get("CONTENT_TYPE", _usual_type(environ))
    environ |= {
        "REQUEST_METHOD": method,
        "QUERY_STRING": urlencode(parameters),
        "CONTENT_LENGTH": str(len(content)),
        "wsgi.input": BytesIO(content),
    }


def _require_older(environ: Environ) -> None:
    if environ.get("HTTP_X_EXPERIENCE_API_VERSION", "").strip().startswith("2"):
        raise _refused(HEADER, "alternate-syntax", "version 2.0 has no alternate request syntax")


def _method(environ: Environ) -> str:
    parameters = parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)
    if len(parameters) != 1:
        raise _refused("method", "alone", "this must be the only parameter outside the form")
    method: str = parameters[0][1]
    if method not in _METHODS:
        raise _refused("method", "choice", f"this must be one of {', '.join(sorted(_METHODS))}")
    return method


def _fields(environ: Environ, limit: int) -> list[tuple[str, str]]:
    if essence(environ.get("CONTENT_TYPE", "")) != FORM:
        raise _refused("Content-Type", "media-type", f"with `method` this must be {FORM}")
    form = _read(get_input_stream(environ), limit + 1)
    if len(form) > limit:
        raise PayloadTooLarge(f"A form holds at most {limit} bytes")
    try:
        return parse_qsl(form.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise _refused("", "form", f"this is no form in UTF-8 of at most {_MOST_FIELDS} fields") from error


def _read(stream: Readable, size: int) -> bytes:
    """Return so many bytes, fewer only at the end: one read may give less than there is."""
    parts: list[bytes] = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _parted(fields: list[tuple[str, str]]) -> tuple[dict[str, str], dict[str, str], BadRequest | None]:
    """Return the headers among the fields, by their WSGI names, the other fields, and what is wrong with them."""
    headers: dict[str, str] = {}
    others: dict[str, str] = {}
    complaint: BadRequest | None = None
    for name, value in fields:
        if name.lower() in _IGNORED:
            continue
        header = _HEADERS.get(name.lower())
        place, key = (others, name) if header is None else (headers, header)
        if key in place:
            complaint = complaint or _refused("", "repeated", "a form field comes twice")
        elif header is not None and not (value.isascii() and value.isprintable()):
            complaint = complaint or _refused(name, "header", "this has characters that no header may hold")
        elif header is not None and len(value) > _LONGEST_HEADER:
            complaint = complaint or _refused(name, "header", f"a header has at most {_LONGEST_HEADER} characters")
        else:
            place[key] = value
    return headers, others, complaint


def _usual_type(environ: Environ) -> str:
    """Return the content type of a body that comes without one: statements have no other."""
    is_statements = environ["PATH_INFO"].rstrip("/").endswith("/statements")
    return "application/json" if is_statements else "application/octet-stream"


def _refused(path: str, rule: str, message: str) -> BadRequest:
    return BadRequest("This is no request in the alternate syntax", [Fault(path, rule, message)])
