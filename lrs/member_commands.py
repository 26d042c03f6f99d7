"""``lrs admin members``: the people who administer an organisation."""

import argparse
from typing import Final

from lrs import messages
from lrs.administration import ACTOR, Administration, Commands, command, group, loaded, say, show
from lrs.errors import NotFound
from lrs.messages import Text
from lrs.services.people import Member
from schemas.api.members import ROLES, InvitedSchema, MemberSchema, NewMemberSchema, Role

_PAGE: Final = 500


def add_to(admin: "Commands[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    commands = group(admin, "members", "Look after the people who administer an organisation.")
    command(commands, "list", list_all)
    inviting = command(commands, "invite", invite)
    inviting.add_argument("email")
    inviting.add_argument("--name", help="the e-mail unless told")
    inviting.add_argument("--role", choices=ROLES, default="owner", help="owner unless told")
    changing = command(commands, "role", change_role)
    changing.add_argument("member", help="the id or the e-mail")
    changing.add_argument("role", choices=ROLES)
    for name, run in (("disable", disable), ("enable", enable)):
        command(commands, name, run).add_argument("member", help="the id or the e-mail")


def list_all(administration: Administration, options: argparse.Namespace) -> None:
    """List the people who administer an organisation."""
    found: list[Member] = []
    while page := administration.people.list(administration.org, after=found[-1].id if found else "", most=_PAGE):
        found += page
    show(options, MemberSchema, found, ("id", "email", "role", "disabled", "joined", "name"))


def invite(administration: Administration, options: argparse.Namespace) -> None:
    """Invite somebody, or again who was invited before, and print the one-time code, this once.

    It is good for a forgotten password, too; the role of a member stays.
    """
    people, org = administration.people, administration.org
    member = people.find(org, options.email)
    if member is not None:
        made = people.invite_again(org, member.id, ACTOR)
    else:
        given = {"email": options.email, "name": options.name or options.email, "role": options.role}
        wanted = loaded(NewMemberSchema, given)
        made = people.invite(org, wanted["email"], wanted["name"], wanted["role"], ACTOR)
    told = {"member": people.get(org, made.member_id), "invitation": made}
    say(options, InvitedSchema, told, messages.INVITED, email=options.email, code=made.code)


def change_role(administration: Administration, options: argparse.Namespace) -> None:
    """Change what somebody may do."""
    _change(administration, options, messages.MEMBER_CHANGED, role=options.role)


def disable(administration: Administration, options: argparse.Namespace) -> None:
    """Sign somebody out, and let that person not in again."""
    _change(administration, options, messages.MEMBER_DISABLED, disabled=True)


def enable(administration: Administration, options: argparse.Namespace) -> None:
    """Let somebody in again."""
    _change(administration, options, messages.MEMBER_ENABLED, disabled=False)


def _change(
    administration: Administration,
    options: argparse.Namespace,
    text: Text,
    *,
    role: Role | None = None,
    disabled: bool | None = None,
) -> None:
    people, org = administration.people, administration.org
    member = people.find(org, options.member) if "@" in options.member else people.get(org, options.member)
    if member is None:
        raise NotFound("There is no such member")
    changed = people.change(org, member.id, ACTOR, role=role, disabled=disabled)
    say(options, MemberSchema, changed, text, member=options.member, role=changed.role)
