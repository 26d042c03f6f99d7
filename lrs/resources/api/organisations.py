"""/api/organisation, the caller's own, and /api/organisations, all of them, for the host of this server."""

from dataclasses import asdict
from typing import Any

from lrs.resources.api.interface import Section
from lrs.resources.guards import principal
from lrs.services.organisations import Organisation, OrganisationService, Owner
from schemas.api.organisations import (
    MadeOrganisationSchema,
    NewOrganisationSchema,
    OrganisationChangeSchema,
    OrganisationSchema,
    OrganisationsSchema,
    OwnOrganisationChangeSchema,
)


def organisations(service: OrganisationService) -> Section:
    """Return the views."""
    section = Section("organisations", "Whoever owns records here; the host of this server makes them")

    @section.view("/organisation", "GET", gives=OrganisationSchema)
    def own() -> Organisation:
        """Show the own organisation"""  # noqa: D400 - the first line is the operation's summary
        return service.own(principal())

    @section.view("/organisation", "PATCH", takes=OwnOrganisationChangeSchema, gives=OrganisationSchema)
    def change_own(body: dict[str, Any]) -> Organisation:
        """Change the own organisation

        Needs the scope `admin`.
        """  # noqa: D400 - the first line is the operation's summary
        return service.change_own(principal(), body)

    @section.view("/organisations", "GET", gives=OrganisationsSchema)
    def every() -> dict[str, Any]:
        """List the organisations of this server

        For administrators of the host.
        """  # noqa: D400 - the first line is the operation's summary
        return {"organisations": service.all(principal())}

    @section.view(
        "/organisations",
        "POST",
        takes=NewOrganisationSchema,
        gives=MadeOrganisationSchema,
        status=201,
        refusals=[409],
    )
    def create(body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Make an organisation

        For administrators of the host. The answer holds a one-time code, this once: the owner sets a password with it
        (`/invitations/accept`) and makes the first key. The host gets no key of it, but until then holds the code: an
        owner whose code was used already is not the only one who knows a way in.
        """  # noqa: D400 - the first line is the operation's summary
        made, invited = service.create(principal(), body["id"], body["name"], body["kind"], Owner(**body["owner"]))
        return asdict(made) | {"invitation": invited}, 201, {"Cache-Control": "no-store"}

    @section.view(
        "/organisations/<id>", "PATCH", takes=OrganisationChangeSchema, gives=OrganisationSchema, refusals=[409]
    )
    def change(body: dict[str, Any], id: str) -> Organisation:  # noqa: A002 - the path's own name
        """Change an organisation

        For administrators of the host, who can disable every organisation but the host itself: then, within a minute,
        none of its keys, tokens and sessions opens anything.
        """  # noqa: D400 - the first line is the operation's summary
        return service.change(principal(), id, body)

    return section
