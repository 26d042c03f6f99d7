"""``lrs admin organisations``: the organisations of this server."""

import argparse
from dataclasses import asdict

from lrs import messages
from lrs.administration import Administration, Commands, command, group, loaded, say, show
from lrs.services.organisations import Owner
from schemas.api.organisations import (
    KINDS,
    CommandedOrganisationSchema,
    MadeOrganisationSchema,
    OrganisationChangeSchema,
    OrganisationSchema,
)


def add_to(admin: "Commands[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    commands = group(admin, "organisations", "Look after the organisations of this server.")
    command(commands, "list", list_all, within=False)
    creating = command(commands, "create", create, within=False)
    creating.add_argument("id", help="small letters, digits and hyphens; it never changes")
    creating.add_argument("--name", required=True)
    creating.add_argument("--kind", choices=KINDS)
    creating.add_argument("--owner-email", metavar="EMAIL", help="the person to invite as its owner")
    creating.add_argument("--owner-name", metavar="NAME")
    changing = command(commands, "change", change, within=False)
    changing.add_argument("id")
    changing.add_argument("--name")
    changing.add_argument("--kind", choices=KINDS)
    for name, run in (("disable", disable), ("enable", enable)):
        command(commands, name, run, within=False).add_argument("id")


def list_all(administration: Administration, options: argparse.Namespace) -> None:
    """List the organisations."""
    found = administration.organisations.all(administration.principal)
    show(options, OrganisationSchema, found, ("id", "kind", "disabled", "name"))


def create(administration: Administration, options: argparse.Namespace) -> None:
    """Make an organisation, and invite its owner."""
    given = {"id": options.id, "name": options.name, "kind": options.kind, "owner": None}
    if options.owner_email is not None:
        given["owner"] = {"email": options.owner_email, "name": options.owner_name or options.owner_email}
    wanted = loaded(CommandedOrganisationSchema, given)
    owner = Owner(**wanted["owner"]) if "owner" in wanted else None
    made, invited = administration.organisations.create(
        administration.principal, wanted["id"], wanted["name"], wanted["kind"], owner
    )
    if invited is None:
        say(options, OrganisationSchema, made, messages.ORGANISATION_MADE, organisation=made.id)
        return
    told = asdict(made) | {"invitation": invited}
    say(
        options,
        MadeOrganisationSchema,
        told,
        messages.ORGANISATION_MADE_FOR,
        organisation=made.id,
        code=invited.code,
    )


def change(administration: Administration, options: argparse.Namespace) -> None:
    """Rename an organisation, or say of what kind it is."""
    _change(administration, options, {"name": options.name, "kind": options.kind})


def disable(administration: Administration, options: argparse.Namespace) -> None:
    """Let none of an organisation's keys, tokens and sessions open anything, within a minute."""
    _change(administration, options, {"disabled": True})


def enable(administration: Administration, options: argparse.Namespace) -> None:
    """Let an organisation's keys open what they did before."""
    _change(administration, options, {"disabled": False})


def _change(administration: Administration, options: argparse.Namespace, given: dict[str, object]) -> None:
    values = loaded(OrganisationChangeSchema, given)
    changed = administration.organisations.change(administration.principal, options.id, values)
    text = messages.ORGANISATION_CHANGED
    if "disabled" in given:
        text = messages.ORGANISATION_DISABLED if changed.disabled else messages.ORGANISATION_ENABLED
    say(options, OrganisationSchema, changed, text, organisation=changed.id)
