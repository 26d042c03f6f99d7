"""/api/programmes, /api/targets, /api/frameworks and /api/platforms, which reports count by; /api/holidays."""

from typing import Any, Final

from flask import Response

from lrs.resources.api.interface import Section
from lrs.resources.api.tables import body_of, file_of, gives_files, rows_sent, wants_file
from lrs.resources.bodies import Bodies
from lrs.resources.guards import principal
from lrs.services.registries import RegistryService, Replaced
from schemas.api.registries import SCHEMAS
from schemas.api.units import FormatQuerySchema, ReplacedSchema
from schemas.registries.registries import Kind, Rows

_REGISTRIES: Final[dict[Kind, str]] = {
    "programmes": "Programmes that training serves",
    "targets": "Targets of programmes by unit, group and year",
    "frameworks": "Skill frameworks, and crosswalks between them",
    "platforms": "Digital platforms that people learn to use",
    "holidays": "Days that count as no working days",
}


def registry_sections(registries: RegistryService, bodies: Bodies) -> list[Section]:
    """Return the views of each."""
    return [_section(name, told, registries, bodies) for name, told in _REGISTRIES.items()]


def _section(name: Kind, description: str, registries: RegistryService, bodies: Bodies) -> Section:
    section = Section(name, f"{description}; administrators of the organisation that runs this server replace them")

    def every(query: dict[str, Any]) -> Rows | Response:
        rows = registries.current().rows(name)
        return file_of(name, rows) if wants_file(query) else rows

    def replace() -> Replaced:
        principal().require_host()
        with rows_sent(bodies, name) as sent:
            return registries.replace(principal(), name, lambda _: sent.rows)

    every.__doc__ = f"List all {name}"
    replace.__doc__ = (
        f"Replace all {name}, as administrator of the host\n\nAll or nothing: every row that does not fit is named."
    )
    section.view(f"/{name}", "GET", query=FormatQuerySchema, gives=SCHEMAS[name])(gives_files(section)(every))
    section.view(f"/{name}", "PUT", body=body_of(name), gives=ReplacedSchema)(replace)
    return section
