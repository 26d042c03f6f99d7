"""/xapi/agents: what is known of an Agent (Communication 2.4)."""

from flask import Response
from flask.views import MethodView

from lrs.resources.arguments import arguments
from lrs.resources.guards import principal, version
from lrs.resources.replies import for_the_caller
from lrs.services.agents import AgentService
from schemas.xapi.resource_queries import load_agent_query


class Agents(MethodView):
    """Tells the Person behind an Agent."""

    init_every_request = False

    def __init__(self, service: AgentService) -> None:
        self._service = service

    def get(self) -> Response:
        """Return the Person; one that nobody has heard of too."""
        found = self._service.get(principal(), load_agent_query(arguments(), version()))
        return for_the_caller(Response(found, content_type="application/json"))
