"""Whether this process is alive, and whether statements can be stored."""

from flask import Blueprint, Response

from lrs.services.health import Health


def health(service: Health) -> Blueprint:
    """Return /health/live and /health/ready."""
    blueprint = Blueprint("health", __name__, url_prefix="/health")

    @blueprint.get("/live")
    def live() -> Response:
        return Response("alive\n", content_type="text/plain")

    @blueprint.get("/ready")
    def ready() -> Response:
        service.check()
        return Response("ready\n", content_type="text/plain")

    return blueprint
