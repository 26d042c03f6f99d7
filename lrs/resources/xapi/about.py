"""GET /xapi/about: which versions are spoken here (Communication 2.8)."""

import json

from flask import Response
from flask.views import MethodView

from schemas.xapi.versions import VERSIONS


class About(MethodView):
    """Tells the versions; open to callers without a credential or a version."""

    init_every_request = False

    def __init__(self) -> None:
        self._body = json.dumps({"version": list(VERSIONS)})

    def get(self) -> Response:
        """Return the versions that this store speaks."""
        return Response(self._body, content_type="application/json")
