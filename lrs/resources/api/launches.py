"""POST /api/launches: a token for one learner, so that no secret of a key sits in a browser."""

import uuid
from typing import Any, Final

from lrs.resources.api.interface import Section
from lrs.resources.guards import principal
from lrs.services.principals import Launch
from lrs.services.tokens import LAUNCH_SCOPES, Tokens
from schemas.api.launches import LaunchSchema, NewLaunchSchema
from schemas.xapi.agents import IDENTIFIERS

_TOLD_ONCE: Final = {"Cache-Control": "no-store"}


def launches(tokens: Tokens) -> Section:
    """Return the views."""
    section = Section("launches", "Tokens for content that acts for one learner")

    @section.view("/launches", "POST", takes=NewLaunchSchema, gives=LaunchSchema, status=201)
    def create(body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Make a launch token

        With it, content in a browser stores statements and keeps state for one learner, activity and registration, and
        reads the profiles of both, for some minutes. To the activity belong those whose ids begin with its id followed
        by `/`, `#`, `?` or `&`, and the `activities` that are named. It needs the scope `statements/write`; the token
        ends with the key that asked for it.
        """  # noqa: D400 - the first line is the operation's summary
        # A name would only make the token longer, and be read by whoever reads it.
        agent = {name: value for name, value in body["agent"].items() if name in IDENTIFIERS}
        registration = body.get("registration") or str(uuid.uuid4())
        launch = Launch(agent, body["activity"], registration, tuple(sorted(body.get("activities", ()))))
        issued = tokens.launch(principal(), launch, body["minutes"], body.get("scopes", LAUNCH_SCOPES))
        told = {
            "token": issued.token,
            "expires_in": issued.lifetime,
            "endpoint": f"{tokens.audience}/",
            "activity": launch.activity,
            "registration": launch.registration,
            "scopes": issued.scopes,
        }
        return told, 201, _TOLD_ONCE

    return section
