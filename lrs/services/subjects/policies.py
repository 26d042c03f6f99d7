"""What an organisation has decided about the data of people: read by whoever acts on it, replaced by administrators."""

from typing import NamedTuple

from lrs.errors import PreconditionFailed
from lrs.services import clocks
from lrs.services.principals import Principal
from lrs.store import Store
from lrs.store.entries import Detail, Entry
from lrs.store.policies import StoredPolicies
from lrs.store.transactions import Session
from schemas.faults import Fault
from schemas.subjects.policies import Policies


class Decided(NamedTuple):
    """Decisions, how often they were replaced, and when that was (microseconds); version 0: never."""

    policies: Policies
    version: int
    changed: int


class PolicyService:
    """Tells and replaces decisions; each reader sees what holds at that moment."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows = store.policies

    def of(self, org: bytes) -> Policies:
        """Return what holds in an organisation."""
        return _decided(self._rows.get(org)).policies

    def get(self, principal: Principal) -> Decided:
        """Return what holds in the caller's organisation; needs ``admin``."""
        principal.require("admin")
        return _decided(self._rows.get(principal.org))

    def replace(self, principal: Principal, policies: Policies, version: int) -> Decided:
        """Put decisions in the place of those of a version; needs ``admin``, raise PreconditionFailed for another."""
        principal.require("admin")
        now = clocks.now()

        def change(session: Session) -> tuple[Decided, Entry | None]:
            held = _decided(self._rows.get(principal.org, session))
            if held.version != version:
                fault = Fault("If-Match", "etag", "GET them again, and send the ETag that they have now")
                raise PreconditionFailed("Somebody else has changed the policies: nothing was changed", [fault])
            if held.policies == policies:
                return held, None
            made = Decided(policies, version + 1, now)
            self._rows.put(principal.org, StoredPolicies(made.version, policies.text(), now), session)
            return made, _entry(principal, made, held)

        return self._store.administer(principal.org, change, lambda done: done[1])[0]


def _decided(found: StoredPolicies) -> Decided:
    return Decided(Policies.parse(found.text), found.version, found.changed)


def _entry(principal: Principal, made: Decided, before: Decided) -> Entry:
    """Return the entry of a change: terms and months as they are now, of names and texts only that they changed."""
    changes = dict(made.policies.changes(before.policies))
    plain = [
        f"{name}={'ever' if value is None else value}"
        for name, value in changes.items()
        if not name.startswith("facts.")
    ]
    details: dict[str, Detail] = {"version": made.version, "fields": sorted(changes), "now": plain}
    return Entry(principal.credential, "policies.changed", principal.organisation, details)
