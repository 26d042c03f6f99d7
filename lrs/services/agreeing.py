"""How an agreement comes to be, is changed, and ends.

One side proposes, the other accepts: what was accepted is what was read, for it is named by its version. Either side
suspends and ends at once, alone. Everything is in the audit of both.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from secrets import token_bytes, token_hex
from typing import Any, Final

from lrs.errors import BadRequest, Conflict, Forbidden, NotFound, PreconditionFailed, Unavailable
from lrs.services import clocks
from lrs.services.agreements import PURPOSE, told_abroad
from lrs.services.principals import Principal
from lrs.services.registries import RegistryService
from lrs.services.seals import Seals
from lrs.services.terms import sound
from lrs.store import Store
from lrs.store.agreements import Agreement, Key
from lrs.store.entries import Detail, Entry
from lrs.store.organisations import Organisation
from lrs.store.transactions import Session
from schemas.api.agreements import DEFAULT_K
from schemas.faults import Fault, Refused
from schemas.sharing.agreements import Filter

_ID_BYTES: Final = 8
_KEY_BYTES: Final = 32
_MISSING: Final = "Send If-Match with the ETag of what was read: what is meant is that version, and no other."
_OTHERS: Final = "Somebody has changed this agreement: nothing was done"

_TERMS: Final = (
    "partner",
    "purpose",
    "basis",
    "level",
    "filter",
    "fields",
    "statements",
    "minors",
    "k",
    "starts",
    "ends",
)

_Change = Callable[[Agreement], Mapping[str, Any]]


class AgreementService:
    """Looks after agreements; everything needs the scope ``share``, and is done for one of their sides."""

    def __init__(self, store: Store, pepper: str, registries: RegistryService) -> None:
        self._store = store
        self._rows = store.agreements
        self._seals = Seals(pepper, PURPOSE)
        self._registries = registries

    def propose(self, principal: Principal, wanted: Mapping[str, Any]) -> Agreement:
        """Propose an agreement, ``wanted`` as ``NewAgreementSchema`` has it; raise Refused for terms that cannot be.

        Raise Forbidden unless the caller's organisation is one of its sides; where the taker is outside, the giver.
        """
        principal.require("share")
        giver, taker = self._side(wanted, "giver"), self._side(wanted, "taker")
        if giver is None or principal.org not in {giver.org, taker.org if taker else giver.org}:
            raise Forbidden("Only who gives or takes may propose this")
        if taker is not None and giver.org == taker.org:
            raise Refused.at("taker", "same", "An organisation needs no agreement with itself.")
        now = clocks.now()
        made = Agreement(
            id=token_hex(_ID_BYTES),
            giver=giver.org,
            giver_id=giver.id,
            taker=taker.org if taker else None,
            taker_id=taker.id if taker else None,
            partner=wanted.get("partner"),
            purpose=wanted["purpose"],
            basis=wanted["basis"],
            level=wanted["level"],
            filter=wanted.get("filter", Filter()),
            fields=tuple(wanted.get("fields", ())),
            statements=wanted.get("statements", False),
            minors=wanted.get("minors", False),
            k=wanted.get("k", DEFAULT_K),
            starts=wanted.get("starts", self._registries.today()),
            ends=wanted.get("ends"),
            proposed_by=principal.organisation,
            created=now,
            changed=now,
        )
        made = self._sound(made)

        def insert(session: Session) -> None:
            if not self._rows.insert(made, session):
                raise Unavailable
            self._tell_other(principal, made, entry, session)

        entry = _entry(principal, made, "agreement.proposed")
        self._store.administer(principal.org, insert, entry)
        return made

    def change(self, principal: Principal, agreement: str, version: int | None, values: Mapping[str, Any]) -> Agreement:
        """Name other terms for what is proposed, as in ``Agreement``; then the other side is to accept.

        Raise BadRequest without a ``version``, PreconditionFailed where it is another one by now, Conflict for what was
        accepted.
        """

        def change(held: Agreement) -> Mapping[str, Any]:
            _expect(held, version)
            _in_state(held, "proposed")
            if held.taker is None and values.get("partner", held.partner) is None:
                raise Refused.at("partner", "required", "Somebody outside has a name.")
            if held.taker is not None and "partner" in values:
                raise Refused.at("partner", "unknown", "There is a taker.")
            terms: dict[str, Any] = {name: tuple(it) if name == "fields" else it for name, it in values.items()}
            if terms.get("level", held.level) != held.level:
                # Another level has other fields, unless they are named.
                terms.setdefault("fields", ())
            made = self._sound(replace(held, **terms))
            changed = {name: getattr(made, name) for name in _TERMS if getattr(made, name) != getattr(held, name)}
            return changed | {"proposed_by": principal.organisation} if changed else {}

        return self._change(principal, agreement, "agreement.changed", change)

    def accept(self, principal: Principal, agreement: str, version: int | None) -> Agreement:
        """Accept what the other side has proposed, as it was read; for a partner outside, the giver does.

        Raise as ``change`` does; Conflict for what is no proposal, or over; Forbidden to who named the terms.
        """
        keys = self._new_keys(agreement, 1, 2)

        def accept(held: Agreement) -> Mapping[str, Any]:
            _expect(held, version)
            _in_state(held, "proposed")
            if held.taker is not None and held.proposed_by == principal.organisation:
                raise Forbidden("The other side accepts what this one has proposed")
            if held.ends is not None and held.ends < self._registries.today():
                raise Conflict("Its last day is over")
            return {"state": "active", "accepted_by": principal.organisation, "keys": keys}

        return self._change(principal, agreement, "agreement.accepted", accept)

    def suspend(self, principal: Principal, agreement: str) -> Agreement:
        """Let nothing be given until this side resumes; raise Conflict for what is not in force."""

        def suspend(held: Agreement) -> Mapping[str, Any]:
            _in_state(held, "active", "suspended")
            if principal.organisation in held.suspended_by:
                return {}
            by = tuple(sorted({*held.suspended_by, principal.organisation}))
            return {"state": "suspended", "suspended_by": by}

        return self._change(principal, agreement, "agreement.suspended", suspend)

    def resume(self, principal: Principal, agreement: str) -> Agreement:
        """Take back that this side has suspended; raise Forbidden where only the other one has."""

        def resume(held: Agreement) -> Mapping[str, Any]:
            _in_state(held, "active", "suspended")
            if held.state == "active":
                return {}
            if principal.organisation not in held.suspended_by:
                raise Forbidden("The other side has suspended it")
            left = tuple(each for each in held.suspended_by if each != principal.organisation)
            return {"state": "suspended" if left else "active", "suspended_by": left}

        return self._change(principal, agreement, "agreement.resumed", resume)

    def end(self, principal: Principal, agreement: str) -> Agreement:
        """End an agreement for good, or refuse what is proposed."""

        def end(held: Agreement) -> Mapping[str, Any]:
            return {} if held.state == "ended" else {"state": "ended"}

        return self._change(principal, agreement, "agreement.ended", end)

    def rotate(self, principal: Principal, agreement: str) -> Agreement:
        """Give the records new pseudonyms, their rows staying the same; for the giver."""
        fresh = token_bytes(_KEY_BYTES)

        def rotate(held: Agreement) -> Mapping[str, Any]:
            if held.giver != principal.org:
                raise Forbidden("The pseudonyms are the giver's")
            _in_state(held, "active", "suspended")
            key = Key(held.keys[-1].version + 1, self._seals.seal(fresh, held.id))
            return {"keys": (*held.keys, key)}

        return self._change(principal, agreement, "agreement.rotated", rotate)

    def _change(self, principal: Principal, agreement: str, action: str, change: _Change) -> Agreement:
        """Make a change of one side, audited in both; what ``change`` returns is set, nothing for nothing."""
        principal.require("share")
        known = self._known(principal, agreement)

        def write(session: Session) -> tuple[Agreement, Entry | None]:
            # First of all, so that whoever counts the giver's records sees either all of it or nothing.
            self._store.links.hold(known.giver, session)
            held = self._rows.get(agreement, session) or known
            values = change(held)
            if not values:
                return held, None
            made = self._rows.change(agreement, held.version, {**values, "changed": clocks.now()}, session)
            if made is None:
                raise Unavailable
            if made.state == "active" and made.level != "figures":
                self._store.changes.begin(made.giver, session)
            entry = _entry(principal, made, action, values)
            self._tell_other(principal, made, entry, session)
            return made, entry

        return self._store.administer(principal.org, write, lambda done: done[1])[0]

    def _tell_other(self, principal: Principal, agreement: Agreement, entry: Entry, session: Session) -> None:
        for org in (agreement.giver, agreement.taker):
            if org is not None and org != principal.org:
                self._store.audit.append(org, told_abroad(entry, principal), session=session)

    def _known(self, principal: Principal, agreement: str) -> Agreement:
        found = self._rows.get(agreement)
        if found is None or not found.concerns(principal.org):
            raise NotFound("There is no such agreement")
        return found

    def _side(self, wanted: Mapping[str, Any], name: str) -> Organisation | None:
        if wanted[name] is None:
            return None
        found = self._store.organisations.find(wanted[name])
        if found is None or found.disabled:
            raise Refused.at(name, "unknown", "No organisation of this server has this id.")
        return found

    def _new_keys(self, agreement: str, *versions: int) -> tuple[Key, ...]:
        return tuple(Key(each, self._seals.seal(token_bytes(_KEY_BYTES), agreement)) for each in versions)

    def _sound(self, made: Agreement) -> Agreement:
        return sound(made, self._registries.current().units, self._registries.today())


def _expect(held: Agreement, version: int | None) -> None:
    if version is None:
        raise BadRequest("If-Match is missing", [Fault("If-Match", "required", _MISSING)])
    if held.version != version:
        message = "It is another version: read it, and send its ETag in If-Match"
        raise PreconditionFailed(_OTHERS, [Fault("If-Match", "etag", message)])


def _in_state(held: Agreement, *states: str) -> None:
    if held.state not in states:
        raise Conflict(f"This agreement is {held.state}")


def _entry(principal: Principal, agreement: Agreement, action: str, changed: Mapping[str, Any] | None = None) -> Entry:
    """Return what is told of a change: its terms by words and names of fields, no texts."""
    details: dict[str, Detail] = {
        "by": principal.organisation,
        "giver": agreement.giver_id,
        "taker": agreement.taker_id or "outside",
        "purpose": agreement.purpose["code"],
        "basis": agreement.basis,
        "level": agreement.level,
        "version": agreement.version,
    }
    if action == "agreement.changed":
        details["fields"] = sorted(changed or ())
    return Entry(principal.credential, action, agreement.id, details)
