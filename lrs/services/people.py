"""The people who administer an organisation: who they are, what they may do, and how they get in.

An organisation that has an owner keeps one. Whoever invites gets a one-time code and hands it on: this server sends no
mail.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from secrets import token_hex, token_urlsafe
from string import ascii_lowercase, ascii_uppercase
from typing import Any, Final, NamedTuple

from lrs.errors import BadRequest, Conflict, NotFound
from lrs.services import clocks
from lrs.services.passwords import Passwords, require_good
from lrs.store import Store
from lrs.store.entries import Detail, Entry
from lrs.store.invitations import Invitation
from lrs.store.members import Member
from lrs.store.transactions import Session
from schemas.api.members import Role
from schemas.faults import Fault

__all__ = ["Invited", "Member", "People", "folded"]

LIFETIME: Final = 7 * 24 * 3600 * 1_000_000
"""Microseconds that an invitation can be accepted."""
_ID_BYTES: Final = 8
_CODE_BYTES: Final = 32
_SMALL: Final = str.maketrans(ascii_uppercase, ascii_lowercase)


class Invited(NamedTuple):
    """A member and the code with which that person sets a password: it is told here, and never again."""

    member_id: str
    code: str
    expires: int


def folded(email: str) -> str:
    """Return an e-mail as members are known by it.

    Only plain letters have two cases here: folded further, mailboxes that belong to different people are one.
    """
    return email.strip().translate(_SMALL)


class People:
    """Looks after members. ``org`` is always the caller's organisation, ``by`` who does it, for the audit."""

    def __init__(self, store: Store, pepper: str, passwords: Passwords) -> None:
        self._store = store
        self._members = store.members
        self._invitations = store.invitations
        self._passwords = passwords
        self._key = hmac.digest(pepper.encode(), b"invitations", hashlib.sha256)

    def list(self, org: bytes, *, after: str = "", most: int = 100) -> "list[Member]":
        """Return members in the order of their ids, from behind ``after``."""
        return self._members.of(org, after=after, most=most)

    def get(self, org: bytes, member_id: str) -> Member:
        """Return a member; raise NotFound."""
        return _there(self._members.find(org, member_id))

    def find(self, org: bytes, email: str) -> Member | None:
        """Return the member with this e-mail, or None."""
        return self._members.with_email(org, folded(email))

    def invite(self, org: bytes, email: str, name: str, role: Role, by: str) -> Invited:
        """Make somebody a member and return the code to set a password with; raise Conflict for one who is."""
        made, change = self.inviting(org, email, name, role)
        self._store.administer(org, change, Entry(by, "member.invited", made.member_id, {"role": role}))
        return made

    def inviting(self, org: bytes, email: str, name: str, role: Role) -> tuple[Invited, Callable[[Session], None]]:
        """Return an invitation, and what stores it with its member in a transaction of the caller's."""
        now = clocks.now()
        member = Member(token_hex(_ID_BYTES), org, folded(email), name, role, created=now)
        made = self._invited(member.id, now)

        def change(session: Session) -> None:
            if not self._members.insert(member, session):
                raise Conflict("There is a member with this e-mail")
            self._invitations.put(self._kept(org, made), session)

        return made, change

    def invite_again(self, org: bytes, member_id: str, by: str) -> Invited:
        """Return a new code for a member, also for a forgotten password; the earlier one ends.

        The password stays until the code is accepted; with identity providers the member may be another subject now.
        Raise NotFound, and Conflict for a member who is disabled.
        """
        made = self._invited(member_id, clocks.now())

        def change(session: Session) -> None:
            if _there(self._members.find(org, member_id, session)).disabled:
                raise Conflict("This member is disabled")
            self._members.change(org, member_id, {"subjects": {}}, session=session)
            self._invitations.put(self._kept(org, made), session)

        self._store.administer(org, change, Entry(by, "member.invited", member_id))
        return made

    def accept(self, code: str, password: str) -> Member:
        """Set the password of the member whom a code was made for, once; all of that member's sessions end.

        Raise BadRequest for a code that is not open, Refused for a password that will not do.
        """
        digest = self._digest(code)
        member = self._invitee(self._invitations.find(digest, clocks.now()))
        require_good(password, member.email)
        hashed = self._passwords.hash(password)

        def change(session: Session) -> Member:
            taken = self._invitations.take(digest, clocks.now(), session)
            invitee = self._invitee(taken, session)
            changed = self._members.change(invitee.org, invitee.id, {"password": hashed}, ends=True, session=session)
            self._store.sessions.drop(invitee.id, session)
            return _there(changed)

        entry = Entry(f"member:{member.id}", "member.joined", member.id)
        return self._store.administer(member.org, change, entry)

    def set_password(self, member: Member, password: str) -> Member:
        """Set the password of a member who has just given the one that holds; all of that member's sessions end.

        Raise Refused for a password that will not do, Conflict where it was changed meanwhile.
        """
        require_good(password, member.email)
        hashed = self._passwords.hash(password)

        def change(session: Session) -> Member:
            if _there(self._members.find(member.org, member.id, session)).password != member.password:
                raise Conflict("The password was changed meanwhile")
            changed = self._members.change(member.org, member.id, {"password": hashed}, ends=True, session=session)
            self._store.sessions.drop(member.id, session)
            return _there(changed)

        entry = Entry(f"member:{member.id}", "member.password_changed", member.id)
        return self._store.administer(member.org, change, entry)

    def change(  # noqa: PLR0913 - whose, of whom, and each thing that can be changed
        self,
        org: bytes,
        member_id: str,
        by: str,
        *,
        name: str | None = None,
        role: Role | None = None,
        disabled: bool | None = None,
    ) -> Member:
        """Change what is given; return the member. Raise NotFound, and Conflict where no owner would be left.

        Who is disabled is signed out for good: being enabled again does not bring sessions or codes back.
        """
        asked: dict[str, Any] = {"name": name, "role": role, "disabled": disabled}
        given = {field: value for field, value in asked.items() if value is not None}

        def change(session: Session) -> tuple[Member, Member]:
            before = _there(self._members.find(org, member_id, session))
            after = replace(before, **given)
            if after == before:
                return before, before
            self._members.change(org, member_id, given, ends=after.disabled, session=session)
            if after.disabled:
                self._end(member_id, session)
            self._keep_an_owner(before, after, session)
            return before, after

        return self._store.administer(org, change, lambda pair: _entry(by, *pair))[1]

    def delete(self, org: bytes, member_id: str, by: str) -> None:
        """Remove a member; raise NotFound, and Conflict where no owner would be left."""

        def change(session: Session) -> None:
            before = _there(self._members.delete(org, member_id, session))
            self._end(member_id, session)
            self._keep_an_owner(before, None, session)

        self._store.administer(org, change, Entry(by, "member.deleted", member_id))

    def _end(self, member_id: str, session: Session) -> None:
        self._invitations.drop(member_id, session)
        self._store.sessions.drop(member_id, session)

    def _keep_an_owner(self, before: Member, after: Member | None, session: Session) -> None:
        """Raise Conflict where a change of this transaction took the organisation's last owner.

        One who was invited and never came keeps an organisation only until somebody has come.
        """
        if not _owns(before) or (after is not None and _owns(after)):
            return
        # Two such changes at once see each other's owner still there; writing to the same place, one has to wait.
        self._store.organisations.hold(before.org, session)
        if not self._members.owners(before.org, session, joined=before.joined):
            raise Conflict("An organisation keeps one owner at least: make somebody else an owner first")

    def _invitee(self, invitation: Invitation | None, session: Session | None = None) -> Member:
        found = invitation and self._members.find(invitation.org, invitation.member, session)
        if not found or found.disabled:
            fault = Fault("code", "code", "It was never made, was used or replaced, or is over.")
            raise BadRequest("This code lets nobody in: ask for a new one", [fault])
        return found

    def _invited(self, member_id: str, now: int) -> Invited:
        return Invited(member_id, token_urlsafe(_CODE_BYTES), now + LIFETIME)

    def _kept(self, org: bytes, made: Invited) -> Invitation:
        return Invitation(self._digest(made.code), org, made.member_id, made.expires)

    def _digest(self, code: str) -> bytes:
        return hmac.digest(self._key, code.encode(), hashlib.sha256)


def _there(member: Member | None) -> Member:
    if member is None:
        raise NotFound("There is no such member")
    return member


def _owns(member: Member) -> bool:
    return member.role == "owner" and not member.disabled


def _entry(by: str, before: Member, after: Member) -> Entry | None:
    """Tell of a change by the names of what changed, and of roles, never of what names somebody."""
    fields = [field for field in ("name", "role", "disabled") if getattr(before, field) != getattr(after, field)]
    if not fields:
        return None
    if fields == ["disabled"]:
        return Entry(by, "member.disabled" if after.disabled else "member.enabled", after.id)
    details: dict[str, Detail] = {"fields": fields}
    if before.role != after.role:
        details |= {"was": before.role, "role": after.role}
    return Entry(by, "member.changed", after.id, details)
