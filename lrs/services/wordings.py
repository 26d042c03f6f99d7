"""The texts that people are shown before they say yes or no: each stays as it is from the first time it was shown."""

from collections.abc import Sequence

from lrs.errors import Conflict
from lrs.services.principals import Principal
from lrs.store import Store
from lrs.store.consents import Held
from lrs.store.entries import MOST_LISTED, Entry
from lrs.store.transactions import Session
from schemas.faults import Fault, Refused
from schemas.sharing.consents import Wording

__all__ = ["Held", "WordingService"]


class WordingService:
    """Keeps the wordings of the caller's organisation."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows = store.wordings

    def all(self, principal: Principal) -> list[Held]:
        """Return all wordings; needs ``records/read``."""
        principal.require("records/read")
        return self._rows.all(principal.org)

    def put(self, principal: Principal, wordings: Sequence[Held]) -> int:
        """Let these be there, besides what is; return how many changed. Needs ``imports/write``.

        Raise Conflict, with nothing changed, where a text would change that somebody was shown.
        """
        principal.require("imports/write")
        _require_different(wordings)

        def change(session: Session) -> list[Held]:
            there = {each.wording: each for each in self._rows.among(principal.org, _names(wordings), session)}
            changed = [each for each in wordings if each.wording not in there or there[each.wording].text != each.text]
            faults = [
                Fault(f"wordings[{place}].text", "used", "people were shown another text: give it another version")
                for place, each in enumerate(wordings)
                if each in changed and each.wording in there and there[each.wording].used
            ]
            if faults:
                raise Conflict("A wording that somebody was shown stays as it is", faults)
            self._rows.put(principal.org, changed, session)
            return changed

        def entry(changed: Sequence[Held]) -> Entry | None:
            ids = ["/".join(each.wording) for each in changed[:MOST_LISTED]]
            return Entry(principal.credential, "wordings.changed", ids[0], {"wordings": ids}) if ids else None

        return len(self._store.administer(principal.org, change, entry))


def _names(wordings: Sequence[Held]) -> set[Wording]:
    return {each.wording for each in wordings}


def _require_different(wordings: Sequence[Held]) -> None:
    seen = set()
    for place, each in enumerate(wordings):
        if each.wording in seen:
            raise Refused.at(f"wordings[{place}]", "unique", "This wording stands here twice.")
        seen.add(each.wording)
