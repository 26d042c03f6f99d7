"""The cookie that a person's session lives in, and which pages may send a write along with it."""

from typing import Final
from urllib.parse import urlsplit

from flask import Response, after_this_request, g, request

from lrs.errors import Forbidden, Unauthorized
from lrs.services.browsers import KEPT
from lrs.services.principals import Principal
from lrs.services.sessions import LONGEST, SessionService

CSRF: Final = "X-CSRF-Token"
_BROWSER: Final = "sohoc-browser"
_READING: Final = frozenset({"GET", "HEAD"})
_OWN_SITES: Final = frozenset({"same-origin", "none"})
_PORTS: Final = {"http": 80, "https": 443}


class Cookies:
    """Keeps the token of a session in a cookie, which is read by /api alone.

    ``public_url`` is the address that people reach this server by, empty where that is not known. With https the
    cookie is sent over nothing else, and its name keeps neighbouring hosts from setting one (RFC 6265bis 4.1.3).
    """

    def __init__(self, public_url: str, sessions: SessionService) -> None:
        self._secure = public_url.lower().startswith("https:")
        self._origin = _origin(public_url) if public_url else ""
        self._sessions = sessions
        self.name = self.named("sohoc")

    def named(self, name: str) -> str:
        """Return the name that a cookie of ours has here."""
        return f"__Host-{name}" if self._secure else name

    def token(self) -> str:
        """Return the token of this request's session, empty without one."""
        return request.cookies.get(self.name, "")

    def caller(self) -> Principal:
        """Return whose session this request comes with; raise Unauthorized, and Forbidden for a forged write."""
        token = self.token()
        if token or "Sec-Fetch-Site" in request.headers:
            self.expect_session()
        if not token:
            raise Unauthorized
        found = self._sessions.caller(token)
        if request.method not in _READING:
            self.refuse_foreign()
            self._sessions.require_csrf(token, request.headers.get(CSRF, ""))
        return found

    def expect_session(self) -> None:
        """Let a refusal ask for a session: asked for Basic, a browser would open a dialogue of its own."""
        g.challenge = "Session"

    def refuse_foreign(self) -> None:
        """Raise Forbidden where the browser says that a page of another site sent this request."""
        site, origin = request.headers.get("Sec-Fetch-Site", "none"), request.headers.get("Origin")
        if site not in _OWN_SITES or (origin is not None and not self._is_own(origin)):
            raise Forbidden("A page of another site sent this")

    def _is_own(self, origin: str) -> bool:
        if self._origin:
            return origin == self._origin
        # What is in front may speak another scheme, but it says which host was asked.
        try:
            return urlsplit(origin).netloc == request.host
        except ValueError:  # no address at all, such as http://[
            return False

    def browser(self) -> str:
        """Return what an earlier sign-in left in this browser, empty without one."""
        return request.cookies.get(self.named(_BROWSER), "")

    def recognise(self, mark: str) -> None:
        """Let the browser prove from now on that somebody has signed in there."""
        self.put(self.named(_BROWSER), mark, KEPT)

    def keep(self, token: str) -> None:
        """Let the browser keep a session, with the answer to this request."""
        self.put(self.name, token, LONGEST // 1_000_000)

    def drop(self) -> None:
        """Let the browser forget the session."""
        self.put(self.name, "", 0)

    def put(self, name: str, value: str, seconds: int) -> None:
        """Set a cookie that no page reads and no other site's page sends along but by following a link here."""

        @after_this_request
        def add(response: Response) -> Response:
            response.set_cookie(
                name, value, max_age=seconds, path="/", secure=self._secure, httponly=True, samesite="Lax"
            )
            return response


def _origin(url: str) -> str:
    """Return the origin of an address, as browsers write it (RFC 6454)."""
    parts = urlsplit(url)
    # Names such as trường.vn, too, are sent in plain letters.
    host = (parts.hostname or "").encode("idna").decode()
    port = "" if parts.port in {None, _PORTS[parts.scheme]} else f":{parts.port}"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"
