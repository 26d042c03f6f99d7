"""/api/members: the people who administer the caller's organisation."""

from typing import Any, Final

from lrs.resources.api.interface import Section
from lrs.resources.guards import principal
from lrs.services.people import Invited, Member, People
from schemas.api.members import (
    InvitedSchema,
    MemberChangeSchema,
    MemberSchema,
    MembersQuerySchema,
    MembersSchema,
    NewMemberSchema,
)

_PAGE: Final = 100
_UNSTORED: Final = {"Cache-Control": "no-store"}


def members(people: People) -> Section:
    """Return the views."""
    section = Section("members", "The people who administer an organisation; all but one's own needs the scope `admin`")

    @section.view("/members", "GET", query=MembersQuerySchema, gives=MembersSchema)
    def every(query: dict[str, Any]) -> dict[str, Any]:
        """List the members"""  # noqa: D400 - the first line is the operation's summary
        principal().require("admin")
        found = people.list(principal().org, after=query["after"], most=_PAGE + 1)
        return {"members": found[:_PAGE], "more": found[_PAGE - 1].id if len(found) > _PAGE else None}

    @section.view("/members", "POST", takes=NewMemberSchema, gives=InvitedSchema, status=201, refusals=[409])
    def invite(body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Invite somebody

        The answer holds a one-time code, this once, for seven days: hand it on, for this server sends no mail. With it
        that person sets a password, at `/invitations/accept`. 409: this e-mail is a member's.
        """  # noqa: D400 - the first line is the operation's summary
        caller = principal()
        caller.require("admin")
        invited = people.invite(caller.org, body["email"], body["name"], body["role"], caller.credential)
        return _told(invited), 201, _UNSTORED

    @section.view("/members/<member>", "GET", gives=MemberSchema)
    def one(member: str) -> Member:
        """Show a member

        Everybody may see the own entry.
        """  # noqa: D400 - the first line is the operation's summary
        if principal().credential != f"member:{member}":
            principal().require("admin")
        return people.get(principal().org, member)

    @section.view("/members/<member>", "PATCH", takes=MemberChangeSchema, gives=MemberSchema, refusals=[409])
    def change(body: dict[str, Any], member: str) -> Member:
        """Change a member's name or role, disable or enable

        It holds for every process within a minute. 409: the organisation would be without an owner.
        """  # noqa: D400 - the first line is the operation's summary
        principal().require("admin")
        return people.change(principal().org, member, principal().credential, **body)

    @section.view("/members/<member>", "DELETE", status=204, refusals=[409])
    def delete(member: str) -> None:
        """Remove a member

        409: the organisation would be without an owner.
        """  # noqa: D400 - the first line is the operation's summary
        principal().require("admin")
        people.delete(principal().org, member, principal().credential)

    @section.view("/members/<member>/invitation", "POST", gives=InvitedSchema, status=201, refusals=[409])
    def invite_again(member: str) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Make a new one-time code for a member

        Also for a forgotten password, which stays until the code is accepted. An earlier code ends. 409: the member is
        disabled.
        """  # noqa: D400 - the first line is the operation's summary
        principal().require("admin")
        return _told(people.invite_again(principal().org, member, principal().credential)), 201, _UNSTORED

    def _told(invited: Invited) -> dict[str, Any]:
        return {"member": people.get(principal().org, invited.member_id), "invitation": invited}

    return section
