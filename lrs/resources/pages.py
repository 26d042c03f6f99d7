"""Pages for people: no script, nothing from another host, one style."""

import base64
import hashlib
from importlib.resources import files

from flask import Response
from markupsafe import Markup


class Pages:
    """Answers with pages that have our style in them, and lets browsers take nothing else for one."""

    def __init__(self) -> None:
        text = files("lrs.resources").joinpath("templates/docs.css").read_text("utf-8")
        allowed = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        self.style = Markup(text)  # noqa: S704 - our file
        self._policy = f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"

    def answer(self, html: str) -> Response:
        """Answer with a page that has ``style`` in it."""
        response = Response(html, content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = f"{self._policy}; frame-ancestors 'none'"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
