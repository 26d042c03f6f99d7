"""Doing what people ask for: each type of request in its way, and closed when it is done."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from lrs.errors import Unavailable
from lrs.services.erasing import Erasing
from lrs.services.principals import Principal
from lrs.services.subjects.corrections import Correction, Corrections
from lrs.services.subjects.persons import Person
from lrs.services.subjects.requests import Request, RequestService, Told
from lrs.services.subjects.withdrawals import Withdrawals
from lrs.store import Store
from lrs.store.entries import MOST_LISTED, Detail
from lrs.store.transactions import Session
from schemas.faults import Refused
from schemas.subjects.policies import RequestType

_ELSEWHERE: Final[tuple[RequestType, ...]] = ("access", "correct", "object", "withdraw")
_NOTHING: Final = Correction()
_PATIENCE: Final = 8.0
"""Seconds in which a request erases; the worker goes on with the rest."""
_AGAIN: Final = 5
_GOES_ON: Final = "The erasure has begun and goes on by itself; send the same again to close the request"


class Fulfilment(NamedTuple):
    """What whoever fulfils a request says to it.

    ``elsewhere``: what was asked for was done by other means, and nothing is done here.
    """

    note: str = ""
    reason: str | None = None
    correction: Correction = _NOTHING
    purpose: str | None = None
    elsewhere: bool = False


class Fulfilling:
    """Fulfils requests; everything needs the scope ``subjects``."""

    def __init__(
        self,
        store: Store,
        requests: RequestService,
        corrections: Corrections,
        withdrawals: Withdrawals,
        erasing: Erasing,
    ) -> None:
        self._store = store
        self._requests = requests
        self._corrections = corrections
        self._withdrawals = withdrawals
        self._erasing = erasing

    def fulfil(self, principal: Principal, request: str, said: Fulfilment) -> Told:
        """Do what a request asks for and close it; raise NotFound, Conflict, Refused, Unavailable."""
        held = self._requests.open(principal, request)
        _check(held, said)
        if said.elsewhere or held.type in {"access", "object"}:
            return self._close(principal, held, said, {})
        person = self._requests.person(principal.org, held)
        match held.type:
            case "correct":
                return self._correct(principal, held, person, said)
            case "withdraw":
                return self._withdraw(principal, held, person, said)
            case "erase":
                return self._erase(principal, held, person, said)
        return self._restrict(principal, held, person, said)

    def _correct(self, principal: Principal, held: Request, person: Person, said: Fulfilment) -> Told:
        counts = self._corrections.correct(principal, held.id, person, said.correction)
        details: dict[str, Detail] = {"statements": [each.lower() for each in said.correction.void][:MOST_LISTED]}
        return self._close(principal, held, said, counts, details)

    def _restrict(self, principal: Principal, held: Request, person: Person, said: Fulfilment) -> Told:
        org, restricted = principal.org, held.type == "restrict"
        # Whatever form statements come in later, and of whom nothing was counted yet, from the first record on.
        numbers = set(self._store.learners.numbers(org, person.identities).values())

        def act(session: Session) -> None:
            self._store.links.hold(org, session)
            self._store.learners.restrict(org, numbers, session, restricted=restricted)
            self._store.changes.note_people(org, numbers, session, "restricted")

        return self._requests.fulfil(
            principal, held.id, counts={"learners": len(numbers)}, reason=said.reason, note=said.note, act=act
        )

    def _withdraw(self, principal: Principal, held: Request, person: Person, said: Fulfilment) -> Told:
        withdrawn = self._withdrawals.withdraw_all(principal, person, said.purpose)
        details: dict[str, Detail] = {} if said.purpose is None else {"purpose": said.purpose}
        return self._close(principal, held, said, {"consents": withdrawn}, details)

    def _erase(self, principal: Principal, held: Request, person: Person, said: Fulfilment) -> Told:
        erased = self._erasing.erase(principal.org, person.identities, held.id, principal.credential, _PATIENCE)
        if not erased.finished:
            raise Unavailable(_GOES_ON, retry_after=_AGAIN)

        def act(session: Session) -> None:
            self._requests.forget(principal.org, person, session)

        return self._requests.fulfil(principal, held.id, counts=erased.counts, reason=said.reason, act=act)

    def _close(
        self,
        principal: Principal,
        held: Request,
        said: Fulfilment,
        counts: Mapping[str, int],
        details: Mapping[str, Detail] | None = None,
    ) -> Told:
        more = dict(details or {}) | ({"elsewhere": True} if said.elsewhere else {})
        return self._requests.fulfil(
            principal, held.id, counts=counts, details=more, reason=said.reason, note=said.note
        )


def _check(held: Request, said: Fulfilment) -> None:
    """Raise Refused for what does not belong to a request of this type."""
    corrects = bool(said.correction.void or said.correction.statements)
    if said.elsewhere and held.type not in _ELSEWHERE:
        raise Refused.at("elsewhere", "value", f"A request to {held.type} is fulfilled here or not at all.")
    if corrects and (held.type != "correct" or said.elsewhere):
        raise Refused.at("void", "value", "Statements are voided and replaced by a request to correct only.")
    if held.type == "correct" and not said.elsewhere:
        if not corrects:
            raise Refused.at("void", "required", "Say which statements are void, or send right ones, or both.")
        if said.reason is None:
            raise Refused.at("reason", "required", "Say what was wrong.")
    if said.purpose is not None and held.type != "withdraw":
        raise Refused.at("purpose", "value", "Only consent to a purpose is withdrawn.")
