"""How a program says who it is: small objects that know one header, and never show their secret."""

import re
from base64 import b64encode
from collections.abc import Callable
from typing import Protocol

from .errors import Unsendable

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


class Auth(Protocol):
    """Anything that can write the Authorization header; asked anew for every attempt."""

    def header(self) -> str:
        """Return the value of the Authorization header."""


class Basic:
    """A key and its secret, as a learning record store hands them out."""

    def __init__(self, key: str, secret: str) -> None:
        if ":" in key:
            raise ValueError("a key cannot contain a colon: HTTP ends the key there")
        self._value = "Basic " + b64encode(f"{key}:{secret}".encode()).decode()

    def __repr__(self) -> str:
        """Show neither: some stores make the key half of the secret."""
        return "Basic(…)"

    def header(self) -> str:
        """Return the value of the Authorization header."""
        return self._value


class Bearer:
    """A token, or a function that returns one: it is called for every attempt, and may renew the token."""

    def __init__(self, token: str | Callable[[], str]) -> None:
        self._token = token

    def __repr__(self) -> str:
        """Show that there is a token."""
        return "Bearer(…)"

    def header(self) -> str:
        """Return the value of the Authorization header; raise Unsendable for what cannot be a token."""
        token = self._token if isinstance(self._token, str) else self._token()
        if not _TOKEN.fullmatch(token):
            raise Unsendable("this is not a bearer token")
        return f"Bearer {token}"
