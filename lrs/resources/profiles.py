"""GET /profiles/digital-skills: the xAPI profile that statements name, at the path of its IRI, open to all."""

from typing import Final
from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from lrs.errors import NotFound
from lrs.resources.cors import share
from schemas.training.profile import identifiers, load
from schemas.training.terms import BASE

_PATH: Final = f"/profiles/{urlsplit(BASE).path.rpartition('/')[2]}"


def profiles() -> Blueprint:
    """Return the profile, its versions, and every concept, template and pattern: all of them answer with the whole."""
    blueprint = Blueprint("profiles", __name__, url_prefix=_PATH)
    body, known = load(), identifiers()

    @blueprint.get("")
    @blueprint.get("/<path:part>")
    def profile(part: str = "") -> Response:
        if part and f"{BASE}/{part}" not in known:
            raise NotFound("The profile defines nothing of this name")
        response = share(Response(body, content_type="application/ld+json"))
        response.headers["Cache-Control"] = "public, max-age=3600"
        response.add_etag()
        response.make_conditional(request)
        return response

    return blueprint
