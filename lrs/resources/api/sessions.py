"""/api/session: people sign in and out, see who they are, and change their password."""

from typing import Any, Final

from flask import Response, request

from lrs.errors import NotFound
from lrs.resources.api.interface import Section
from lrs.resources.cookies import Cookies
from lrs.services.scopes import ROLES
from lrs.services.sessions import SessionService, SignedIn
from schemas.api.sessions import PasswordSchema, SessionSchema, SignInSchema

_UNSTORED: Final = {"Cache-Control": "no-store"}


def sessions(service: SessionService, cookies: Cookies) -> Section:
    """Return the views."""
    section = Section("sessions", "People sign in with a password, or with an identity provider of their organisation")

    @section.view("/session", "POST", takes=SignInSchema, gives=SessionSchema, open_to_all=True)
    def sign_in(body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Sign in with a password

        The answer sets a cookie that opens /api, and nothing else here. Ten wrong passwords in a quarter of an hour
        from one address, or a hundred from anywhere, close an account for the rest of it, but not for browsers in
        which its person has signed in before.
        """  # noqa: D400 - the first line is the operation's summary
        cookies.expect_session()
        cookies.refuse_foreign()
        address, browser = request.remote_addr or "", cookies.browser()
        made = service.sign_in(**body, address=address, instead=cookies.token(), browser=browser)
        cookies.keep(made.token)
        cookies.recognise(made.browser)
        return _told(made), 200, _UNSTORED

    @section.view("/session", "GET", gives=SessionSchema, refusals=[404])
    def who() -> tuple[dict[str, Any], int, dict[str, str]]:
        """Show who is signed in

        404: the request came with a key or token, and so without a session.
        """  # noqa: D400 - the first line is the operation's summary
        return _told(service.who(_token(cookies))), 200, _UNSTORED

    @section.view("/session", "DELETE", status=204, refusals=[404])
    def sign_out() -> Response:
        """Sign out

        404: as above.
        """  # noqa: D400 - the first line is the operation's summary
        service.sign_out(_token(cookies))
        cookies.drop()
        return Response(status=204, headers=_UNSTORED)

    @section.view("/session/password", "POST", takes=PasswordSchema, gives=SessionSchema, refusals=[404, 409])
    def change_password(body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Change the own password

        The answer is a new session; all others of this person end. Wrong ones count as they do where people sign in.
        404: as above. 409: it was changed at the same moment.
        """  # noqa: D400 - the first line is the operation's summary
        address, browser = request.remote_addr or "", cookies.browser()
        made = service.change_password(_token(cookies), **body, address=address, browser=browser)
        cookies.keep(made.token)
        return _told(made), 200, _UNSTORED

    @section.view("/sessions", "DELETE", status=204, refusals=[404])
    def sign_out_everywhere() -> Response:
        """Sign out everywhere

        Every session of this person ends, this one included. 404: as above.
        """  # noqa: D400 - the first line is the operation's summary
        service.sign_out_everywhere(_token(cookies))
        cookies.drop()
        return Response(status=204, headers=_UNSTORED)

    return section


def _token(cookies: Cookies) -> str:
    """Return the token of the session that this request came with; raise NotFound for one that came with a key."""
    if "Authorization" in request.headers:
        raise NotFound("There is no session: the request came with a key or token")
    return cookies.token()


def _told(made: SignedIn) -> dict[str, Any]:
    return made._asdict() | {"scopes": sorted(ROLES[made.member.role])}
