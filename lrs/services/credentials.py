"""The keys of an organisation: who may grant what a key holds may make, change and end it.

Secrets are made here, told once, and kept as a keyed hash. What is changed holds for every process as soon as it no
longer remembers the caller, which is within a minute.
"""

import json
import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from lrs.errors import Forbidden, NotFound, Unavailable
from lrs.services import clocks
from lrs.services.auth import digest
from lrs.services.principals import Limits, Principal
from lrs.services.scopes import BOUND, DEFAULT
from lrs.store import Store
from lrs.store.credentials import Credential
from lrs.store.entries import Detail, Entry
from lrs.store.transactions import Session
from schemas.faults import Fault, Refused
from schemas.training.organisations import account_of, told_by

__all__ = ["Credential", "CredentialService", "Issued", "Wanted"]

_KEY_BYTES: Final = 12
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a new credential is to be; without an ``authority``, the account of its key at this server is it."""

    label: str = ""
    scopes: frozenset[str] = DEFAULT
    authority: Mapping[str, Any] | None = None
    origins: frozenset[str] = frozenset()
    leniency: frozenset[str] = frozenset()
    expires: int | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    intake: Mapping[str, str] = field(default_factory=dict)
    relay: bool = False
    bound: Mapping[str, Any] | None = None


class Issued(NamedTuple):
    """A credential with its secret, which is nowhere else."""

    credential: Credential
    secret: str


class CredentialService:
    """Looks after credentials; everything needs the right ``credentials`` and stays within the caller's organisation.

    ``home_page`` is the address of this store, which stands in authorities. ``most`` bounds the limits that can be set:
    what one organisation lets its keys send, the others of this server must bear.
    """

    def __init__(self, store: Store, pepper: str, home_page: str, most: Limits | None = None) -> None:
        self._store = store
        self._rows = store.credentials
        self._pepper = pepper.encode()
        self._home_page = home_page
        self._most = (most or Limits())._asdict()

    def page(self, principal: Principal, *, after: str = "", most: int = 100) -> list[Credential]:
        """Return credentials in the order of their keys, from behind ``after``."""
        principal.require("credentials")
        return self._rows.of(principal.org, after=after, most=most)

    def get(self, principal: Principal, key: str) -> Credential:
        """Return a credential; raise NotFound, also for those of others."""
        principal.require("credentials")
        return self._held(principal, key)

    def create(self, principal: Principal, wanted: Wanted) -> Issued:
        """Make a credential; raise Forbidden for scopes that the caller may not grant, Refused for too high limits.

        A caller with limits of its own grants no more than these, and these where nothing is said.
        """
        principal.require("credentials")
        principal.require_grant(wanted.scopes)
        _require_relay(principal, relay=wanted.relay)
        _check_authority(wanted)
        self._require_bounded(wanted.limits)
        wanted = replace(wanted, limits=_within(principal, wanted.limits))
        issued = self._made(principal.org, wanted)
        _check_bound(issued.credential)

        def insert(session: Session) -> None:
            if not self._rows.insert(issued.credential, session):
                raise Unavailable

        details: dict[str, Detail] = {"scopes": sorted(wanted.scopes)}
        if wanted.relay:
            details["relay"] = True
        if wanted.bound:
            details["bound"] = sorted(wanted.bound)
        entry = Entry(principal.credential, "credential.created", issued.credential.key, details)
        self._store.administer(principal.org, insert, entry)
        return issued

    def _made(self, org: bytes, wanted: Wanted) -> Issued:
        key, secret = secrets.token_hex(_KEY_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
        bound = wanted.bound or {}
        authority = dict(wanted.authority) if wanted.authority else self._account(key, bound)
        made = Credential(
            key=key,
            org=org,
            digest=digest(self._pepper, key, secret),
            scopes=wanted.scopes,
            authority=_written({"objectType": "Agent"} | authority),
            origins=wanted.origins,
            leniency=wanted.leniency,
            label=wanted.label,
            created=clocks.now(),
            expires=wanted.expires,
            limits=wanted.limits,
            intake=wanted.intake,
            relay=wanted.relay,
            bound=bound,
        )
        return Issued(made, secret)

    def _account(self, key: str, bound: Mapping[str, Any]) -> dict[str, Any]:
        """Return the account of a key: at its organisation where it is bound to one, else at this server."""
        if "organisation" in bound:
            return account_of(bound["organisation"], key)
        return {"objectType": "Agent", "account": {"homePage": self._home_page, "name": key}}

    def change(self, principal: Principal, key: str, values: Mapping[str, Any]) -> Credential:
        """Set fields of a credential, named and typed as in ``Credential``; return it as it is then.

        With what it is bound to, the authority of what it stores changes as well. Raise NotFound; Forbidden where the
        caller may not grant the scopes or limits that it has, or the scopes that it is to have; Refused for too high
        limits, and for what does not go with what it is bound to.
        """
        principal.require("credentials")
        principal.require_grant(values.get("scopes", frozenset()))
        _require_relay(principal, relay=values.get("relay", False))
        if "limits" in values:
            self._require_bounded(values["limits"])
            values = {**values, "limits": _within(principal, values["limits"])}
        if "bound" in values:
            values = {**values, "bound": values["bound"] or {}}

        def change(session: Session) -> tuple[Credential, dict[str, Any]]:
            held = self._grantable(principal, key, session)
            changed = {name: value for name, value in values.items() if getattr(held, name) != value}
            if "bound" in changed:
                changed["authority"] = _written(self._account(key, changed["bound"]))
            if changed:
                _check_bound(replace(held, **changed))
                self._rows.change(principal.org, key, changed, session)
            return replace(held, **changed), changed

        found, _ = self._store.administer(principal.org, change, lambda done: _told(principal, key, done[1]))
        return found

    def renew(self, principal: Principal, key: str) -> Issued:
        """Give a credential a new secret: the old one ends. Raise NotFound or Forbidden, as ``change`` does."""
        principal.require("credentials")
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        values = {"digest": digest(self._pepper, key, secret)}

        def renew(session: Session) -> Credential:
            held = self._grantable(principal, key, session)
            self._rows.change(principal.org, key, values, session)
            return held

        entry = Entry(principal.credential, "credential.secret_renewed", key)
        return Issued(self._store.administer(principal.org, renew, lambda _: entry), secret)

    def delete(self, principal: Principal, key: str) -> None:
        """Remove a credential; what was stored with it stays. Raise NotFound or Forbidden, as ``change`` does."""
        principal.require("credentials")

        def delete(session: Session) -> Entry:
            held = self._grantable(principal, key, session)
            self._rows.delete(principal.org, key, session)
            return Entry(principal.credential, "credential.deleted", key, {"scopes": sorted(held.scopes)})

        self._store.administer(principal.org, delete, lambda entry: entry)

    def _require_bounded(self, limits: Mapping[str, int]) -> None:
        bounds = {name: self._most[name] for name in limits if self._most[name]}
        too_high = [name for name, most in bounds.items() if limits[name] > most]
        if too_high:
            raise Refused(
                Fault(f"limits.{name}", "limit", f"On this server, {bounds[name]} is the most.") for name in too_high
            )

    def _grantable(self, principal: Principal, key: str, session: Session) -> Credential:
        """Return a credential that the caller could have made.

        To give one that may more a new secret would be as good as the grant. Read within the transaction of the change:
        what it may do cannot grow in between.
        """
        held = self._held(principal, key, session)
        principal.require_grant(held.scopes)
        _require_relay(principal, relay=held.relay)
        if any(held.limits.get(name, math.inf) > most for name, most in _own(principal).items()):
            raise Forbidden("This credential may not change one with higher limits than its own")
        return held

    def _held(self, principal: Principal, key: str, session: Session | None = None) -> Credential:
        found = self._rows.find(key, session)
        if found is None or found.org != principal.org:
            raise NotFound("There is no such credential")
        return found


def _require_relay(principal: Principal, *, relay: bool) -> None:
    """Raise Forbidden for what lets a credential speak for others, unless the caller administers the organisation."""
    if relay and not principal.may("admin"):
        raise Forbidden("You may not grant relay")


def _check_authority(wanted: Wanted) -> None:
    """Raise Refused for an authority that is not for the credential's owner to choose."""
    if wanted.authority and "organisation" in (wanted.bound or {}):
        raise Refused.at("authority", "bound", "What is bound to an organisation is stored under its own account.")
    if told_by(wanted.authority) is not None:
        raise Refused.at("authority", "bound", "Such accounts are those of credentials that are bound.")


def _check_bound(credential: Credential) -> None:
    """Raise Refused where a credential cannot be bound so, or not with what it may do."""
    if not credential.bound:
        return
    if foreign := credential.scopes - BOUND:
        raise Refused.at("scopes", "bound", f"Not for one that is bound: {', '.join(sorted(foreign))}.")
    if "consent" in credential.bound and "statements/read" in credential.scopes:
        # Statements of one page are of many people: what each has agreed to is looked up for records.
        raise Refused.at("scopes", "bound", "With a consent, statements/read/mine or records/read.")
    if credential.relay:
        raise Refused.at("relay", "bound", "What is bound tells of itself only.")


def _written(authority: Mapping[str, Any]) -> bytes:
    return json.dumps(authority, ensure_ascii=False).encode()


def _own(principal: Principal) -> dict[str, int]:
    return {name: most for name, most in principal.limits._asdict().items() if most is not None}


def _within(principal: Principal, limits: Mapping[str, int]) -> dict[str, int]:
    """Return limits that a caller may grant: its own where nothing is said; raise Refused for higher ones."""
    own = _own(principal)
    if too_high := [name for name, most in own.items() if limits.get(name, 0) > most]:
        raise Refused(
            Fault(f"limits.{name}", "limit", f"This credential may grant {own[name]} at most.") for name in too_high
        )
    return own | dict(limits)


def _told(principal: Principal, key: str, changed: Mapping[str, Any]) -> Entry | None:
    """Return the entry of a change: the names of its fields, and values only where they name nobody."""
    if not changed:
        return None
    if changed.keys() == {"disabled"}:
        action = "credential.disabled" if changed["disabled"] else "credential.enabled"
        return Entry(principal.credential, action, key)
    details: dict[str, Detail] = {"fields": sorted(changed)}
    if "scopes" in changed:
        details["scopes"] = sorted(changed["scopes"])
    if "intake" in changed:
        details["intake"] = sorted(f"{name}={word}" for name, word in changed["intake"].items())
    if "bound" in changed:
        details["bound"] = sorted(changed["bound"])
    if "relay" in changed:
        details["relay"] = changed["relay"]
    if "disabled" in changed:
        details["disabled"] = changed["disabled"]
    return Entry(principal.credential, "credential.changed", key, details)
