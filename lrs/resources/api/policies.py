"""GET and PUT /api/policies: what the organisation has decided about the data of people."""

from collections.abc import Callable
from typing import Final

from lrs.errors import BadRequest
from lrs.resources.api.interface import Section, View
from lrs.resources.api.versions import seen, tag
from lrs.resources.guards import principal
from lrs.services.subjects.policies import Decided, PolicyService
from schemas.api.policies import DecidedSchema, PoliciesSchema
from schemas.faults import Fault
from schemas.subjects.policies import Policies

_MISSING: Final = "Send If-Match with the ETag that GET gives: another administrator may have changed them"
_MATCH: Final = {"in": "header", "name": "If-Match", "required": True, "schema": {"type": "string"}}

Answer = tuple[Decided, int, dict[str, str]]


def policies(service: PolicyService) -> Section:
    """Return the views."""
    section = Section("policies", "Deadlines, retention and facts for the dossier")

    @section.view("/policies", "GET", gives=DecidedSchema)
    def show() -> Answer:
        """Show the organisation's policies

        Deadlines of requests, how long things are kept, and what the dossier tells. With the scope `admin`.
        """  # noqa: D400 - the first line is the operation's summary
        return _tagged(service.get(principal()))

    @section.view("/policies", "PUT", takes=PoliciesSchema, gives=DecidedSchema, refusals=[412])
    @_takes_a_version(section)
    def replace(sent: Policies) -> Answer:
        """Replace the organisation's policies

        With the scope `admin`, and the ETag of those before in `If-Match`. What is not said is as usual again.
        """  # noqa: D400 - as above
        principal().require("admin")
        version = seen()
        if version is None:
            raise BadRequest("If-Match is missing", [Fault("If-Match", "required", _MISSING)])
        return _tagged(service.replace(principal(), sent, version))

    return section


def _tagged(found: Decided) -> Answer:
    return found, 200, tag(found.version)


def _takes_a_version(section: Section) -> Callable[[View], View]:
    """Describe the header that a view needs; stands below its declaration."""

    def declare(function: View) -> View:
        described: View = section.blueprint.doc(parameters=[_MATCH])(function)
        return described

    return declare
