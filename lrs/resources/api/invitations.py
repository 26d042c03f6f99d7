"""POST /api/invitations/accept: an invited person sets a password."""

from typing import Any

from flask import request

from lrs.resources.api.interface import Section
from lrs.services.sessions import SessionService
from schemas.api.sessions import AcceptedSchema, AcceptSchema


def invitations(sessions: SessionService) -> Section:
    """Return the views."""
    section = Section("invitations", "How people get in for the first time, or again after a forgotten password")

    @section.view("/invitations/accept", "POST", takes=AcceptSchema, gives=AcceptedSchema, open_to_all=True)
    def accept(body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Set a password with a one-time code

        It ends the code, the earlier password and all sessions of this person, who then signs in at `/session`.
        """  # noqa: D400 - the first line is the operation's summary
        member, organisation = sessions.accept(body["code"], body["password"], address=request.remote_addr or "")
        return {"organisation": organisation.id, "email": member.email}, 200, {"Cache-Control": "no-store"}

    return section
