"""A transport without a network: requests go straight into a WSGI application, in tests above all."""

import io
import sys
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from .messages import Request, Response

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class WSGITransport:
    """Calls an application; ``script_name`` is the path that a proxy in front of it would have cut off."""

    def __init__(self, application: Application, script_name: str = "") -> None:
        self._application = application
        self._script_name = script_name

    def send(self, request: Request, timeout: float) -> Response:  # noqa: ARG002 - the application takes its time
        """Return the application's answer; what it raises comes through."""
        started: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], object]:
            started[:] = [status, headers]
            return written.write

        written = io.BytesIO()
        chunks = self._application(self._environ(request), start)
        try:
            for chunk in chunks:
                written.write(chunk)
        finally:
            if close := getattr(chunks, "close", None):
                close()
        status, headers = started
        return Response(int(status[:3]), {name.lower(): value for name, value in headers}, written.getvalue())

    def close(self) -> None:
        """Do nothing: there are no connections."""

    def _environ(self, request: Request) -> dict[str, Any]:
        address = urlsplit(request.url)
        content = request.content or b""
        path = unquote_to_bytes(address.path).decode("latin-1")
        environ = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": self._script_name,
            "PATH_INFO": path.removeprefix(self._script_name),
            "QUERY_STRING": address.query,
            "SERVER_NAME": address.hostname or "",
            "SERVER_PORT": str(address.port or {"https": 443}.get(address.scheme, 80)),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": address.netloc,
            "CONTENT_LENGTH": str(len(content)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": address.scheme,
            "wsgi.input": io.BytesIO(content),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in request.headers.items():
            key = name.upper().replace("-", "_")
            environ["CONTENT_TYPE" if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        return environ
