"""What goes to a server and what comes back, as plain values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

Version = Literal["1.0.3", "2.0.0"]
Json = Any
"""Whatever the standard library's ``json`` reads and writes."""
Statement = dict[str, Json]
Agent = Mapping[str, Json]
Language = Mapping[str, str]
"""Texts by language tag, as in ``{"vi-VN": "đã hoàn thành", "en": "completed"}``."""


@dataclass(frozen=True, slots=True)
class Body:
    """The content of a request and what it is."""

    content: bytes = field(repr=False)
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """A request, without the credential: that is added for the moment of sending only."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None

    def __repr__(self) -> str:
        """Show method and address; not the query, which names people."""
        return f"<{self.method} {urlunsplit(urlsplit(self.url)._replace(query='', fragment=''))}>"


@dataclass(frozen=True, slots=True, repr=False)
class Response:
    """An answer, read to its end. ``headers`` has lower-case names; use ``header`` to look one up."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def __repr__(self) -> str:
        """Show the status only: answers hold records of people."""
        return f"<{self.status}>"

    def header(self, name: str) -> str | None:
        """Return the value of a header, None where it is missing."""
        return self.headers.get(name.lower())

    def json(self) -> Json:
        """Return what the JSON of the answer says; raise ValueError where it is none."""
        try:
            return json.loads(self.content)
        except RecursionError as error:
            raise ValueError("the JSON is nested too deeply") from error

    @property
    def media_type(self) -> str:
        """The content type in lower case, without parameters; empty where none was given."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()
