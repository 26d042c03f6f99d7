"""GET /api/reviews: what was noticed in statements, which was no reason to refuse them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from lrs.resources.api.interface import Section
from lrs.resources.api.records import told
from lrs.resources.guards import principal
from lrs.services.noticed import Noticed, NoticedService
from schemas.api.noticed import NoticedSchema


def noticed(service: NoticedService) -> Section:
    """Return the views."""
    section = Section("reviews", "What was noticed in statements")

    @section.view("/reviews", "GET", gives=NoticedSchema)
    def reviews() -> dict[str, Any]:
        """List what was noticed in statements

        How they follow the templates of the profile, if they name it; verbs that count nowhere, types and extensions
        that are not known; what was sent and could not be used. All of them are stored. Examples are ids of statements,
        and nothing of what they hold is told. Needs the scope records/read, credentials or admin.
        """  # noqa: D400 - the first line is the operation's summary
        found = service.overview(principal())
        templates = [
            {
                "template": each.template,
                "statements": each.statements,
                "broken": each.broken,
                "rules": [{"path": rule.note.path, "rule": rule.note.rule} | _seen(rule) for rule in each.rules],
            }
            for each in found.templates
        ]
        return told(found.reached) | {
            "templates": templates,
            "verbs": _named(found.verbs),
            "types": _named(found.types),
            "extensions": _named(found.extensions),
            "flags": _named(found.flags),
            "aside": _seen(found.aside),
        }

    return section


def _named(several: Sequence[Noticed]) -> list[dict[str, Any]]:
    return [{"name": each.note.name} | _seen(each) for each in several]


def _seen(each: Noticed) -> dict[str, Any]:
    return {"statements": each.statements, "examples": [str(UUID(bytes=found)) for found in each.examples]}
