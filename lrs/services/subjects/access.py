"""Everything that an organisation has about somebody, for whoever asked to see it.

Some at a time, so that its size does not matter; and audited, with how much it is, before the first of it goes out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

import msgspec

from lrs.services import clocks
from lrs.services.consents import Told as Said
from lrs.services.principals import Principal
from lrs.services.records import RecordService
from lrs.services.subjects.persons import Person
from lrs.services.subjects.recipients import Recipients
from lrs.services.subjects.requests import RequestService, Told
from lrs.services.subjects.withdrawals import Withdrawals
from lrs.store import Store
from lrs.store.attachments import FileId
from lrs.store.documents import Named
from schemas.xapi.identity import identity
from schemas.xapi.keys import mention_keys

_READ: Final = frozenset({"records/read"})
_CHUNK: Final = 500
_TOGETHER: Final = 50
"""Identities that are looked for at a time, by two keys each."""
_QUERY: Final = {"dated": "last", "whose": "persons", "sort": "learner"}
_decode = msgspec.json.Decoder().decode


__all__ = ["Access", "Bundle", "Line", "Named"]


class Line(NamedTuple):
    """A statement as it is stored: ``relation`` is actor or mentioned, ``stored`` in microseconds."""

    relation: str
    voided: bool
    stored: int
    raw: bytes


class Bundle:
    """What there is about a person. Statements are walked through first: what follows from them is known then."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it reads from
        self,
        store: Store,
        records: RecordService,
        recipients: Recipients,
        principal: Principal,
        request: str,
        person: Person,
        consents: Sequence[Said],
        requests: Sequence[Told],
    ) -> None:
        self._store = store
        self._records = records
        self._recipients = recipients
        self._principal = principal
        self._files: dict[FileId, None] = {}
        self._statements: list[bytes] = []
        self._keys: list[bytes] = []
        self.request = request
        self.person = person
        self.consents = consents
        self.requests = requests
        self.made = clocks.now()

    @property
    def organisation(self) -> str:
        """The public id of the organisation."""
        return self._principal.organisation

    def restricted(self) -> bool:
        """Tell whether the person's data are restricted."""
        return bool(self._store.learners.restricted(self._principal.org, self.person.numbers))

    def statements(self) -> Iterator[Line]:
        """Yield all statements that name the person, each once, those that are voided too."""
        org, who = self._principal.org, frozenset(self.person.identities)
        seen: set[bytes] = set()
        for begin in range(0, len(self.person.identities), _TOGETHER):
            keys = _keys(self.person.identities[begin : begin + _TOGETHER])
            place = 0
            while found := self._store.statements.having_any(org, keys, place, most=_CHUNK):
                place = found[-1].stored
                for each in found:
                    if each.id not in seen:
                        seen.add(each.id)
                        self._files |= dict.fromkeys(each.files)
                        relation = "actor" if identity(_decode(each.raw)["actor"]) in who else "mentioned"
                        yield Line(relation, each.voided, each.stored, each.raw)
        self._statements = list(seen)

    def documents(self) -> Iterator[Named]:
        """Yield states and profiles of the person."""
        return self._store.documents.about(self._principal.org, self.person.identities)

    def records(self) -> Iterator[list[dict[str, Any]]]:
        """Yield training records, some at a time."""
        reader = replace(self._principal, scopes=_READ)
        for number in self.person.numbers:
            for part in self._records.export(reader, {**_QUERY, "learner": str(number)}).parts:
                self._keys += [bytes.fromhex(each["id"]) for each in part]
                yield part

    def attachments(self) -> list[dict[str, Any]]:
        """Return what is attached to the statements that were walked through."""
        found = self._store.attachments.find(self._principal.org, self._files)
        return [{"sha2": each.sha2, "content_type": each.content_type, "length": each.length} for each in found]

    def shared(self) -> list[dict[str, Any]]:
        """Return to whom the records and statements that were walked through have gone, or may have."""
        return self._recipients.of(self._principal.org, self._keys, self._statements)


class Access:
    """Opens what there is about somebody who asked for it; needs the scope ``subjects``."""

    def __init__(
        self,
        store: Store,
        requests: RequestService,
        records: RecordService,
        consents: Withdrawals,
        recipients: Recipients,
    ) -> None:
        self._store = store
        self._requests = requests
        self._records = records
        self._consents = consents
        self._recipients = recipients

    def open(self, principal: Principal, request: str, form: str) -> Bundle:
        """Return what there is, noted as read; raise NotFound, Conflict for another type or an answered request."""
        held = self._requests.open(principal, request, ("access",))
        org, person = principal.org, self._requests.person(principal.org, held)
        said, asked = self._consents.said_by(principal, person), self._requests.of(org, person)
        parts = range(0, len(person.identities), _TOGETHER)
        keys = [_keys(person.identities[begin : begin + _TOGETHER]) for begin in parts]
        counts = {
            "statements": sum(self._store.statements.count_having(org, each) for each in keys),
            "documents": self._store.documents.count_about(org, person.identities),
            "records": self._store.records.count_of(org, person.numbers),
            "consents": len(said),
            "requests": len(asked),
        }
        self._requests.read(principal, held, {"format": form, **counts})
        return Bundle(self._store, self._records, self._recipients, principal, held.id, person, said, asked)


def _keys(identities: Sequence[str]) -> list[bytes]:
    return [key for who in identities for key in mention_keys(who)]
