"""GET /xapi/about: which versions are spoken here, and what is too large (Communication 2.8)."""

import json
from collections.abc import Mapping
from typing import Final

from flask import Response
from flask.views import MethodView

from schemas.xapi.versions import VERSIONS

LIMITS: Final = "urn:x-sohoc:limits"
"""Names the extension that holds the limits."""


class About(MethodView):
    """Tells versions and limits; open to callers without a credential or a version."""

    init_every_request = False

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._body = json.dumps({"version": list(VERSIONS), "extensions": {LIMITS: dict(limits)}})

    def get(self) -> Response:
        """Return the versions that this store speaks, and its limits."""
        return Response(self._body, content_type="application/json")
