"""Organisations: what each may change of itself, and what the host of this server may do to all of them.

The host's administrators make, rename and disable organisations; nothing here lets them see what is inside of one.
What they do to another is in its audit as well as in theirs.
"""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from lrs.errors import Conflict, NotFound
from lrs.services import clocks
from lrs.services.people import Invited, People
from lrs.services.principals import Principal
from lrs.store import Store
from lrs.store.entries import Detail, Entry
from lrs.store.organisations import HOST, Organisation
from lrs.store.rows import ORG_BYTES
from lrs.store.transactions import Session

__all__ = ["Organisation", "OrganisationService", "Owner"]

_Changed = tuple[Organisation, dict[str, Any]]


class Owner(NamedTuple):
    """The person to whom a new organisation is handed over."""

    email: str
    name: str


class OrganisationService:
    """Looks after organisations. One that is disabled lets nobody in, with whatever, within a minute."""

    def __init__(self, store: Store, people: People) -> None:
        self._store = store
        self._rows = store.organisations
        self._people = people

    def own(self, principal: Principal) -> Organisation:
        """Return the caller's organisation."""
        return _there(self._rows.of(principal.org))

    def change_own(self, principal: Principal, values: Mapping[str, Any]) -> Organisation:
        """Set ``name``, ``kind`` and ``small`` of the caller's organisation; needs ``admin``."""
        principal.require("admin")
        return self._change(principal, self.own(principal).id, values)

    def all(self, principal: Principal) -> list[Organisation]:
        """Return all organisations in the order of their ids, to the host's administrators."""
        principal.require_host()
        return self._rows.all()

    def create(
        self, principal: Principal, organisation: str, name: str, kind: str, owner: Owner | None = None
    ) -> tuple[Organisation, Invited | None]:
        """Make an organisation, as an administrator of the host, and invite its owner; raise Conflict for a taken id.

        No key is made: whoever holds the code is the first to get in, and that is the host until the code was handed
        on. An owner whose code was used finds so out, for it works once.
        """
        principal.require_host()
        made = Organisation(organisation, secrets.token_bytes(ORG_BYTES), name, kind, clocks.now())
        invited, store_invitation = self._people.inviting(made.org, *owner, "owner") if owner else (None, None)
        created = Entry(principal.credential, "organisation.created", organisation, {"kind": kind, "by": HOST})
        entries = [created]
        if invited:
            entries.append(Entry(principal.credential, "member.invited", invited.member_id, {"role": "owner"}))

        def create(session: Session) -> None:
            if not self._rows.insert(made, session):
                raise Conflict("There is an organisation with this id")
            if store_invitation:
                store_invitation(session)
            self._store.audit.append(made.org, *entries, session=session)

        self._store.administer(principal.org, create, created)
        return made, invited

    def change(self, principal: Principal, organisation: str, values: Mapping[str, Any]) -> Organisation:
        """Set ``name``, ``kind`` and ``disabled`` of any organisation, as an administrator of the host.

        Raise NotFound, and Conflict where the host itself would be disabled.
        """
        principal.require_host()
        if organisation == HOST and values.get("disabled"):
            raise Conflict("The organisation that runs this server cannot be disabled")
        return self._change(principal, organisation, values)

    def _change(self, principal: Principal, organisation: str, values: Mapping[str, Any]) -> Organisation:
        def change(session: Session) -> _Changed:
            held = _there(self._rows.find(organisation, session))
            changed = {name: value for name, value in values.items() if getattr(held, name) != value}
            if changed:
                self._rows.change(organisation, changed, session)
                if held.org != principal.org:
                    self._store.audit.append(held.org, _told(principal, organisation, changed), session=session)
            return replace(held, **changed), changed

        def entry(done: _Changed) -> Entry | None:
            return _told(principal, organisation, done[1]) if done[1] else None

        return self._store.administer(principal.org, change, entry)[0]


def _there(organisation: Organisation | None) -> Organisation:
    if organisation is None:
        raise NotFound("There is no such organisation")
    return organisation


def _told(principal: Principal, organisation: str, changed: Mapping[str, Any]) -> Entry:
    """Return the entry of a change: the names of its fields, and values only where they name nobody."""
    by: dict[str, Detail] = {"by": principal.organisation}
    if changed.keys() == {"disabled"}:
        action = "organisation.disabled" if changed["disabled"] else "organisation.enabled"
        return Entry(principal.credential, action, organisation, by)
    plain = {name: changed[name] for name in ("kind", "disabled", "small") if name in changed}
    details: dict[str, Detail] = by | {"fields": sorted(changed)} | plain
    return Entry(principal.credential, "organisation.changed", organisation, details)
