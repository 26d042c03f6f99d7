# ruff: noqa: N815  # the properties are named by the specification
"""Agents, Groups, and who vouches for a statement (Data 2.4.2 and 2.4.9)."""

from typing import Any, ClassVar, Final, cast

from schemas.xapi.base import Complaint, Rule, StrictSchema, check
from schemas.xapi.containers import ByObjectType, ListOf, Nested
from schemas.xapi.fields import SHA1, Choice, KeyIRI, KeyText, Mailbox, OpenID, Text

IDENTIFIERS: Final = ("mbox", "mbox_sha1sum", "openid", "account")

_ONE: Final = Complaint("one-identifier", "Exactly one of mbox, mbox_sha1sum, openid, account is needed.")
_ONE_AT_MOST: Final = Complaint("one-identifier", "At most one of mbox, mbox_sha1sum, openid, account is allowed.")
_MEMBERS: Final = Complaint("members", "A group without an identifier needs members.", at=("member",))
_AUTHORITY: Final = Complaint("authority", "A group that vouches is of two agents, without an identifier of its own.")

_AUTHORITY_SIZE: Final = 2
_identifying: Final = frozenset(IDENTIFIERS)


def one_identifier(agent: dict[str, Any]) -> Complaint | None:
    """Demand exactly one identifier of an Agent (2.4.2.1)."""
    return None if _identifiers(agent) == 1 else _ONE


def group_is_known(group: dict[str, Any]) -> Complaint | None:
    """Demand of a Group one identifier, or members instead (2.4.2.2)."""
    identifiers = _identifiers(group)
    if identifiers > 1:
        return _ONE_AT_MOST
    # An empty list of members names nobody either.
    return None if identifiers == 1 or group.get("member") else _MEMBERS


def two_agents(group: dict[str, Any]) -> Complaint | None:
    """Demand of an authority that is a Group to be an application and a user, no more (2.4.9)."""
    member = group.get("member")
    fits = isinstance(member, list) and len(member) == _AUTHORITY_SIZE and not _identifiers(group)
    return None if fits else _AUTHORITY


class Account(StrictSchema):
    """A user account somewhere."""

    homePage = KeyIRI(required=True)
    name = KeyText(required=True)


class Identified(StrictSchema):
    """What Agents and Groups have in common."""

    name = Text()
    mbox = Mailbox()
    mbox_sha1sum = SHA1()
    openid = OpenID()
    account = Nested(Account)


class Agent(Identified):
    """A person or a system."""

    rules: ClassVar[tuple[Rule, ...]] = (one_identifier,)

    objectType = Choice("Agent")


class Group(Identified):
    """Several Agents, with an identifier or without."""

    rules: ClassVar[tuple[Rule, ...]] = (group_is_known,)

    objectType = Choice("Group", required=True)
    member = ListOf(Nested(Agent))


class AuthorityGroup(Group):
    """The two who vouch together: an application and its user."""

    rules: ClassVar[tuple[Rule, ...]] = (*Group.rules, two_agents)


def agent_or_group(*, required: bool = False) -> ByObjectType:
    """Return the field of an Agent or Group; whoever does not say is an Agent."""
    return ByObjectType({"Agent": Agent, "Group": Group}, default="Agent", required=required)


_anyone: Final = agent_or_group()


def load_agent(raw: object, path: str = "") -> dict[str, Any]:
    """Return the parsed value as a valid Agent or Group; ``Refused`` with every fault if it is none."""
    check(_anyone, raw, path)
    return cast(dict[str, Any], raw)


def _identifiers(agent: dict[str, Any]) -> int:
    return len(_identifying.intersection(agent))
