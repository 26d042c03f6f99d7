"""What of an organisation's statements leaves by an agreement, and in which text.

Whoever asks must have looked at the agreement just before: here nobody asks whether it is in force.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

import msgspec

from lrs.services import clocks
from lrs.services.agreements import PURPOSE
from lrs.services.coverage import Coverage, People, minors_of
from lrs.services.seals import Seals
from lrs.services.share_terms import TermsOf
from lrs.store import Store
from lrs.store.agreements import Agreement
from lrs.store.forwarded import Gone
from lrs.store.rows import Found, document_id, statement_id
from schemas.sharing.pseudonyms import Pseudonyms
from schemas.sharing.statements import Manner, people_in, shared_statement, shared_voiding
from schemas.training.facts import Facts, facts_of
from schemas.training.terms import UNKNOWN
from schemas.xapi.keys import VOIDED, is_voiding, refers_to

_RECALLS: Final = UUID("6f6d5c0e-58a1-4c53-9b1e-51a0c4b8e2f1")

_VOIDED: Final = VOIDED.encode()
_REMEMBERED: Final = 100_000

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


class Parcel(NamedTuple):
    """A statement as it leaves: its ``_id`` here, when it was ``stored``, its ``text`` there, its files.

    ``key`` is the version of the agreement's key that it was made with, ``left`` are those whom it leaves out
    (``Gone.left``).
    """

    statement: bytes
    stored: int
    text: bytes
    files: list[Any]
    key: int
    left: tuple[int, ...] = ()


class _Judged(NamedTuple):
    found: Found
    statement: dict[str, Any]
    facts: Facts


class Departures:
    """Makes parcels of statements."""

    def __init__(self, store: Store, pepper: str, terms: TermsOf, coverage: Coverage) -> None:
        self._store = store
        self._seals = Seals(pepper, PURPOSE)
        self._terms = terms
        self._coverage = coverage
        self._minors: dict[tuple[bytes, int], tuple[float, bool]] = {}

    def parcels(
        self, agreement: Agreement, batch: Sequence[Found], gone: Mapping[bytes, int], since: float | None = None
    ) -> list[Parcel]:
        """Return what leaves of these statements, in their order.

        Who is a child is looked up now, or was ``since`` an instant of the clock that counts seconds. ``gone`` has the
        versions of keys with which some of them, or those that they void, may have left already: they
        leave again as they did, voided or not, and what voids them follows.
        """
        latest, texts = agreement.keys[-1].version, dict[bytes, tuple[bytes, int, tuple[int, ...]]]()
        told = [(each, _decode(each.raw)) for each in batch]
        manners = {key: self._manner(agreement, key) for key in {latest, *gone.values()}}
        wanted = self._covered(agreement, told, gone)
        numbers, people = self._people(agreement, wanted, since)
        joined = self._joined(agreement, numbers)
        for each in wanted:
            travellers = _travellers(each, numbers, people)
            key = gone.get(each.found.id, latest)
            known = {also for who in people_in(each.statement) for also in joined.get(numbers[who], ())}
            text = shared_statement(each.found.raw, each.facts, manners[key], travellers, known)
            if text is not None:
                texts[each.found.id] = text, key, _left_out(each.statement, agreement, travellers)
        for found, statement in told:
            target = _voided(agreement, statement)
            if target in gone:
                texts[found.id] = shared_voiding(found.raw, manners[gone[target]]), gone[target], ()
        files = agreement.level == "named"
        return [
            Parcel(each.id, each.stored, text, each.files if files else [], key, left)
            for each in batch
            if each.id in texts
            for text, key, left in (texts[each.id],)
        ]

    def targets(self, agreement: Agreement, batch: Sequence[Found]) -> set[bytes]:
        """Return the ``_id`` of all of which ``parcels`` has to know whether they have left: these, what they void."""
        found = {each.id for each in batch}
        for each in batch:
            if _VOIDED in each.raw:
                found.add(_voided(agreement, _decode(each.raw)))
        return found - {b""}

    def barred(self, agreement: Agreement, batch: Sequence[Found], left: Mapping[bytes, Collection[int]]) -> set[bytes]:
        """Return those of these statements, all of which have left, with somebody in them who may not travel any more.

        ``left`` are those whom they left out when they did (``Gone.left``): nobody there knows about them.
        """
        manner = self._manner(agreement, agreement.keys[-1].version)
        judged = [
            _Judged(each, statement, facts)
            for each, statement in ((each, _decode(each.raw)) for each in batch)
            if (facts := facts_of(statement, self._terms.vocabulary)) is not None
        ]
        numbers, people = self._people(agreement, judged, None)
        barred = set[bytes]()
        for each in judged:
            travellers = _travellers(each, numbers, people)
            out = set(_left_out(each.statement, agreement, travellers)) - set(left.get(each.found.id, ()))
            if out or shared_statement(each.found.raw, each.facts, manner, travellers, ()) is None:
                barred.add(each.found.id)
        return barred

    def recall(self, agreement: Agreement, gone: Gone) -> bytes:
        """Return a statement of the organisation's own that voids one that has left; the same one every time."""
        manner = self._manner(agreement, gone.key)
        target = own = statement_id(gone.statement)
        if manner.level != "named":
            target = manner.pseudonyms.uuid("statement", own)
        return _encode(
            {
                "id": str(uuid5(_RECALLS, f"{agreement.id} {target}")),
                "actor": manner.authority,
                "verb": {"id": VOIDED},
                "object": {"objectType": "StatementRef", "id": target},
                "authority": manner.authority,
                "version": "1.0.0",
            }
        )

    def _covered(
        self, agreement: Agreement, told: Sequence[tuple[Found, dict[str, Any]]], gone: Mapping[bytes, int]
    ) -> list[_Judged]:
        sieve, judged = self._terms.of(agreement).sieve, list[_Judged]()
        for each, statement in told:
            if each.voided and each.id not in gone:
                continue
            facts = facts_of(statement, self._terms.vocabulary)
            if facts is not None and sieve.takes_statement(statement, facts):
                judged.append(_Judged(each, statement, facts))
        return judged

    def _people(
        self, agreement: Agreement, wanted: Sequence[_Judged], since: float | None
    ) -> tuple[dict[str, int], People]:
        """Return the numbers of everybody in these statements, and who of them travels."""
        identities = {who for each in wanted for who in people_in(each.statement)}
        numbers = self._store.learners.numbers(agreement.giver, identities) if identities else {}
        learners = set(numbers.values())
        minors = self._children(agreement.giver, learners, since)
        return numbers, self._coverage.people(agreement, learners, minors)

    def _joined(self, agreement: Agreement, numbers: Mapping[str, int]) -> Mapping[int, Collection[str]]:
        """Return all identities of these learners, by number; none where the agreement names people anyway."""
        if agreement.level == "named" or not numbers:
            return {}
        return self._store.learners.identities(agreement.giver, set(numbers.values()))

    def _children(self, org: bytes, learners: Collection[int], since: float | None) -> set[int]:
        now = clocks.passed()
        known = {each: self._minors.get((org, each), (float("-inf"), False)) for each in learners}
        if asked := {each for each, (looked, _) in known.items() if since is None or looked < since}:
            minors = minors_of(self._coverage.aged(org, asked))
            if len(self._minors) > _REMEMBERED:
                self._minors.clear()
            for each in asked:
                known[each] = self._minors[org, each] = now, each in minors
        return {each for each, (_, child) in known.items() if child}

    def _manner(self, agreement: Agreement, key: int) -> Manner:
        """Return how statements leave, or have left, with this version of the agreement's key."""
        manner = self._terms.of(agreement).manner
        if key == agreement.keys[-1].version:
            return manner
        sealed = {each.version: each.sealed for each in agreement.keys}
        first, last = (self._seals.open(each, agreement.id) for each in (agreement.keys[0].sealed, sealed[key]))
        return replace(manner, pseudonyms=Pseudonyms(first, last))


def _travellers(each: _Judged, numbers: Mapping[str, int], people: People) -> dict[str, int]:
    """Return those people of a statement who travel; the age band that it tells is that of whom it is about."""
    facts = each.facts
    learners = {facts.learner, facts.mentored, *facts.member_learners}
    return {
        who: numbers[who]
        for who in people_in(each.statement)
        if people.barred(numbers[who], facts.age_band if who in learners else UNKNOWN) is None
    }


def _left_out(statement: Mapping[str, Any], agreement: Agreement, travellers: Collection[str]) -> tuple[int, ...]:
    """Return the places of those who do not travel among the people of a statement whom the agreement tells of."""
    # Without names, nobody is told of but whom it is about.
    told = statement if agreement.level == "named" else {name: statement[name] for name in ("actor", "object")}
    return tuple(place for place, who in enumerate(sorted(people_in(told))) if who not in travellers)


def _voided(agreement: Agreement, statement: Mapping[str, Any]) -> bytes:
    """Return the ``_id`` of what a statement voids, empty for one that voids nothing."""
    target = refers_to(statement) if is_voiding(statement) else None
    return document_id(agreement.giver, target) if target else b""
