"""/api/session/oidc: people sign in with the identity provider of their organisation."""

from typing import Any, Final

from flask import Response, request

from lrs.resources.api.interface import Section
from lrs.resources.cookies import Cookies
from lrs.services.oidc import LIFETIME, Answer, OidcService
from schemas.api.sessions import OidcAnswerSchema, OidcQuerySchema

_COOKIE: Final = "sohoc-signing-in"


def oidc(service: OidcService, cookies: Cookies, root: str) -> Section:
    """Return the views; ``root`` is the path that the outside reaches this server by."""
    section = Section("oidc", "People sign in with the identity provider of their organisation")
    kept = cookies.named(_COOKIE)

    @section.view("/session/oidc", "GET", query=OidcQuerySchema, status=302, refusals=[404], open_to_all=True)
    def begin(query: dict[str, Any]) -> Response:
        """Go to the identity provider

        404: the organisation has none for people, or there is no such organisation.
        """  # noqa: D400 - the first line is the operation's summary
        begun = service.begin(query["organisation"], query.get("provider"), address=request.remote_addr or "")
        cookies.put(kept, begun.kept, LIFETIME)
        return _redirect(begun.address)

    @section.view("/session/oidc/callback", "GET", query=OidcAnswerSchema, status=302, refusals=[404], open_to_all=True)
    def finish(query: dict[str, Any]) -> Response:
        """Come back from the identity provider

        It must vouch for the e-mail of a member; nobody becomes one this way. Leads to `/api/session`.
        """  # noqa: D400 - the first line is the operation's summary
        cookies.expect_session()
        cookies.put(kept, "", 0)
        code = "" if "error" in query else query.get("code", "")
        answer = Answer(query["state"], code, query.get("iss", ""))
        begun, address = request.cookies.get(kept, ""), request.remote_addr or ""
        cookies.keep(service.finish(begun, answer, address=address, instead=cookies.token()).token)
        return _redirect(f"{root}/api/session")

    return section


def _redirect(address: str) -> Response:
    # The address that is left holds a code: it must not be told to the next one.
    headers = {"Location": address, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(status=302, headers=headers)
