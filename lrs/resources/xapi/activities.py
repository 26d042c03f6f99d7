"""/xapi/activities: what is known of an Activity (Communication 2.5)."""

from flask import Response
from flask.views import MethodView

from lrs.resources.arguments import arguments
from lrs.resources.guards import principal, version
from lrs.resources.replies import for_the_caller
from lrs.services.activities import ActivityService
from schemas.xapi.resource_queries import load_activity_query


class Activities(MethodView):
    """Tells the merged definition of an Activity."""

    init_every_request = False

    def __init__(self, service: ActivityService) -> None:
        self._service = service

    def get(self) -> Response:
        """Return the Activity; one that nobody has heard of too."""
        found = self._service.get(principal(), load_activity_query(arguments(), version()))
        return for_the_caller(Response(found, content_type="application/json"))
