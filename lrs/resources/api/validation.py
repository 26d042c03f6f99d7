"""POST /api/validate: what is wrong with statements, without storing them."""

from collections.abc import Sequence
from typing import Any, Final

from flask import request

from lrs.resources.api.interface import Section
from lrs.resources.bodies import Bodies
from schemas.api.reviews import ReviewsSchema
from schemas.api.versions import VersionQuerySchema
from schemas.faults import Refused
from schemas.xapi.parsing import parse_json
from schemas.xapi.review import Review, review
from schemas.xapi.versions import VERSIONS, Version

MOST_TOLD: Final = 1000
_BODY: Final = {"required": True, "content": {"application/json": {"schema": {"type": ["object", "array"]}}}}


def validation(bodies: Bodies) -> Section:
    """Return the views."""
    section = Section("validation", "What is wrong with statements")

    @section.view("/validate", "POST", query=VersionQuerySchema, body=_BODY, gives=ReviewsSchema)
    def validate(query: dict[str, Any]) -> dict[str, Any]:
        """Say what is wrong with a statement or an array of them

        Under the version asked for, or both. Nothing is stored; the data of attachments is not asked for. What is too
        large to be stored is refused.
        """  # noqa: D400 - the first line is the operation's summary
        versions: tuple[Version, ...] = (query["version"],) if "version" in query else VERSIONS
        return {"versions": [_told(each) for each in _reviews(bodies, versions)]}

    return section


def _reviews(bodies: Bodies, versions: Sequence[Version]) -> list[Review]:
    body = bodies.text(request)
    try:
        value = parse_json(body)
    except Refused as refused:
        return [Review(version, list(refused.faults), complete=True) for version in versions]
    bodies.texts(body)
    return [review(value, version, most=MOST_TOLD) for version in versions]


def _told(reviewed: Review) -> dict[str, Any]:
    return {
        "version": reviewed.version,
        "valid": not reviewed.faults,
        "errors": reviewed.faults,
        "complete": reviewed.complete,
    }
