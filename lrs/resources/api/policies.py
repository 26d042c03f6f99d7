"""GET and PUT /api/policies: what the organisation has decided about the data of people."""

from typing import Any, Final

from flask import request

from lrs.errors import BadRequest
from lrs.resources.api.interface import Section
from lrs.resources.guards import principal
from lrs.services.subjects.policies import Decided, PolicyService
from schemas.api.policies import DecidedSchema, PoliciesSchema
from schemas.faults import Fault
from schemas.subjects.policies import Policies

_DIGITS: Final = 18
_MISSING: Final = "Send If-Match with the ETag that GET gives: another administrator may have changed them"


def policies(service: PolicyService) -> Section:
    """Return the views."""
    section = Section("policies", "Deadlines, retention and facts for the dossier")

    @section.view("/policies", "GET", gives=DecidedSchema)
    def show() -> tuple[Decided, int, dict[str, str]]:
        """Show the organisation's policies

        Deadlines of requests, how long things are kept, and what the dossier tells. With the scope `admin`.
        """  # noqa: D400 - the first line is the operation's summary
        return _tagged(service.get(principal()))

    @section.view("/policies", "PUT", takes=PoliciesSchema, gives=DecidedSchema, refusals=[412])
    def replace(sent: Policies) -> tuple[Decided, int, dict[str, str]]:
        """Replace the organisation's policies

        With the scope `admin`, and the ETag of those before in `If-Match`. What is not said is as usual again.
        """  # noqa: D400 - as above
        principal().require("admin")
        return _tagged(service.replace(principal(), sent, _expected()))

    return section


def _tagged(found: Decided) -> tuple[Decided, int, dict[str, str]]:
    return found, 200, {"ETag": f'"{found.version}"'}


def _expected() -> int:
    """Return the version that the caller has seen, -1 for what is none; raise BadRequest where it tells none."""
    header: Any = request.headers.get("If-Match")
    if header is None:
        raise BadRequest("If-Match is missing", [Fault("If-Match", "required", _MISSING)])
    # Proxies that compress make tags weak; both name the same.
    tag = header.strip().removeprefix("W/").strip('"')
    return int(tag) if tag.isascii() and tag.isdecimal() and len(tag) <= _DIGITS else -1
