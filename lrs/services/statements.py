"""Storing and finding statements (Communication 2.1)."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import NamedTuple

import msgspec

from lrs.errors import Conflict, NotFound
from lrs.services import clocks
from lrs.services.attachments import OutgoingAttachment, ReceivedAttachment
from lrs.services.binding import Binding
from lrs.services.confinement import confine_statement
from lrs.services.definitions import Definitions
from lrs.services.drafts import draft, erased, repeats, stamp
from lrs.services.erasing.people import ErasedPeople
from lrs.services.files import Files
from lrs.services.minors import Minors
from lrs.services.principals import Principal
from lrs.services.room import Room
from lrs.services.safetime import SafeTime, Stamps
from lrs.services.walks import LIFETIME, Walk, Walks
from lrs.store import Store
from lrs.store.pages import Selection
from lrs.store.rows import Found, Row, document_id
from lrs.store.statements import Taken
from schemas.faults import Fault, Refused
from schemas.training.minors import Policy
from schemas.xapi.base import MOST_FAULTS
from schemas.xapi.formats import activities_of, as_canonical, as_ids
from schemas.xapi.keys import query_keys
from schemas.xapi.paths import item
from schemas.xapi.queries import StatementQuery
from schemas.xapi.statements import Statement
from schemas.xapi.versions import Version


class Batch(NamedTuple):
    """Statements as they came: parsed and judged, the client's own text of each, and the data sent along.

    ``single`` says that the body was one object and no array, for the paths of faults.
    """

    statements: list[Statement]
    texts: list[bytes]
    single: bool
    received: Sequence[ReceivedAttachment] = ()


class Answer(NamedTuple):
    """One page: the statements' JSON, the newest ``stored`` (microseconds), the token of the next page, attachments."""

    statements: list[bytes]
    newest: int | None
    more: str | None = None
    attachments: list[OutgoingAttachment] | None = None


class StatementService:
    """Stores batches whole or not at all, each statement once; finds them by the filters of the specification.

    ``page`` is the most statements an answer holds. Nobody who is among the ``erased`` is stored by name again.
    ``before_commit`` is called while a write is stamped and not yet visible: fault tests hold writes there.
    """

    def __init__(  # noqa: PLR0913 - what it works with is passed in
        self,
        store: Store,
        safetime: SafeTime,
        walks: Walks,
        *,
        room: Room,
        page: int,
        erased: ErasedPeople | None = None,
        before_commit: Callable[[], None] | None = None,
    ) -> None:
        self._statements = store.statements
        self._binding = Binding(store)
        self._minors = Minors(store)
        self._files = Files(store.attachments)
        self._definitions = Definitions(store.activities)
        self._safetime = safetime
        self._walks = walks
        self._room = room
        self._page = page
        self._erased = erased
        self._before_commit = before_commit

    @property
    def consistent_through(self) -> int:
        """The safe time, in microseconds: nothing new will appear at or before it."""
        return self._safetime.consistent_through

    def store(self, principal: Principal, batch: Batch, version: Version) -> list[str]:
        """Store all statements or none; return their ids once they are durable.

        A statement that is stored already, the same by the rule of immutability, counts as stored. Raises Forbidden,
        Refused (attachments, and what the sender's intake does not let in), Conflict where an id holds another
        statement, Unavailable. Of a statement that the sender may not see it is not even told whether it is the same:
        Conflict too.
        """
        principal.require("statements/write")
        self._room.check()
        batch = _admitted(principal, batch, self._erased)
        if self._erased is not None:
            principal = self._erased.vouching(principal)
        if principal.launch is not None:
            for index, statement in enumerate(batch.statements):
                confine_statement(principal, statement, "" if batch.single else item("", index))
        if principal.bound is not None:
            for index, statement in enumerate(batch.statements):
                self._binding.require(principal, statement, "" if batch.single else item("", index))
        if principal.intake.minors is not None:
            batch = self._consented(principal, principal.intake.minors, batch)
        files = self._files.keep(principal.org, batch.statements, batch.received, single=batch.single)
        drafts = [draft(principal, *sent) for sent in zip(batch.statements, batch.texts, files, strict=True)]

        def move(stamps: Stamps) -> None:
            stamp(drafts, stamps.first, principal, version)
            self._statements.restamp(written)

        gone: set[bytes] = set()
        if drafts:
            with self._safetime.in_flight(len(drafts), move) as stamps:
                stamp(drafts, stamps.first, principal, version)
                written, gone = self._insert(principal, [each.row for each in drafts])
        if principal.may("define"):
            self._definitions.learn(principal.org, [each.statement for each in drafts if each.row.id not in gone])
        return [each.statement_id for each in drafts]

    def _consented(self, principal: Principal, policy: Policy, batch: Batch) -> Batch:
        """Return a batch as it may be stored of children; raise Refused with the faults of all its statements."""
        paths = ["" if batch.single else item("", index) for index in range(len(batch.statements))]
        sent = list(zip(batch.statements, batch.texts, strict=True))
        judged = self._minors.admit(principal, policy, sent, paths)
        if faults := [fault for each in judged if isinstance(each, Refused) for fault in each.faults]:
            raise Refused(faults[:MOST_FAULTS])
        admitted = [each for each in judged if not isinstance(each, Refused)]
        return batch._replace(statements=[each for each, _ in admitted], texts=[text for _, text in admitted])

    def _insert(self, principal: Principal, rows: list[Row]) -> tuple[list[Row], set[bytes]]:
        """Write the rows that are not stored yet; return them, and the ids of those that were erased before.

        Raise Conflict where an id holds something else.
        """
        gone: set[bytes] = set()
        while rows:
            try:
                self._statements.insert(rows, before_commit=self._before_commit)
            except Taken as error:
                taken = {row.id for row in rows} & {holder.id for holder in error.taken}
                repeated = repeats(principal, rows, error.taken)
                if taken - repeated:
                    raise _conflict(rows, taken - repeated) from error
                gone |= erased(error.taken)
                rows = [row for row in rows if row.id not in taken]
            else:
                break
        return rows, gone

    def get(self, principal: Principal, query: StatementQuery, languages: Sequence[str]) -> Answer:
        """Return the one statement that is asked for by its id; raise NotFound."""
        principal.require("statements/read")
        wanted = query.statement_id or query.voided_statement_id
        voided = query.statement_id is None
        found = None
        if wanted:
            document = document_id(principal.org, wanted)
            found = self._statements.get(document, voided=voided, bounds=principal.bounds)
        if found is None:
            raise NotFound(f"There is no {'voided ' if voided else ''}statement with this id")
        return self._answer(principal, [found], query.format, languages, attachments=query.attachments)

    def find(self, principal: Principal, query: StatementQuery, languages: Sequence[str]) -> Answer:
        """Return the first page of the statements that meet a query, newest first unless asked otherwise."""
        if query.agent is not None:
            query = replace(query, agent=principal.intake.agent(query.agent))
        walk = Walk(
            credential=principal.credential,
            expires=clocks.now() + LIFETIME,
            keys=tuple(tuple(group) for group in query_keys(query)),
            since=query.since,
            until=query.until,
            ascending=query.ascending,
            limit=min(query.limit or self._page, self._page),
            format=query.format,
            attachments=query.attachments,
            stored=0,
            ids=(),
        )
        first = Selection(principal.org, walk.keys, principal.bounds, walk.since, walk.until, ascending=walk.ascending)
        return self._walk(principal, walk, first, languages)

    def follow(self, principal: Principal, token: str, languages: Sequence[str]) -> Answer:
        """Return a later page of a walk; raise BadRequest for a token that is not the caller's."""
        walk = self._walks.read(token, principal)
        return self._walk(principal, walk, walk.selection(principal), languages)

    def _walk(self, principal: Principal, walk: Walk, selection: Selection, languages: Sequence[str]) -> Answer:
        principal.require("statements/read")
        page = self._statements.page(selection, limit=walk.limit)
        answer = self._answer(principal, page.statements, walk.format, languages, attachments=walk.attachments)
        if page.position is None:
            return answer
        if walk.ascending and selection.position is None:
            # What is stored after the walk began does not belong to it. Not by the clock: another host's may be ahead.
            newest = self._statements.newest(principal.org, principal.bounds)
            walk = msgspec.structs.replace(walk, until=min(walk.until or newest, newest))
        onward = msgspec.structs.replace(walk, stored=page.position.stored, ids=page.position.ids)
        return answer._replace(more=self._walks.token(onward))

    def _answer(
        self, principal: Principal, found: list[Found], form: str, languages: Sequence[str], *, attachments: bool
    ) -> Answer:
        raw = [statement.raw for statement in found]
        newest = max((statement.stored for statement in found), default=None)
        files = self._files.of(principal.org, found) if attachments else None
        return Answer(self._formatted(principal, raw, form, languages), newest, attachments=files)

    def _formatted(self, principal: Principal, raw: list[bytes], form: str, languages: Sequence[str]) -> list[bytes]:
        if form == "ids":
            return [as_ids(statement) for statement in raw]
        if form == "canonical":
            # Merged from what all senders said: not for who may not ask for an Activity.
            told = principal.may("activities/read") and principal.launch is None
            activities = {a for statement in raw for a in activities_of(statement)} if told else set()
            known = self._definitions.of(principal.org, activities)
            return [as_canonical(statement, languages, known) for statement in raw]
        return raw


def _admitted(principal: Principal, batch: Batch, erased: ErasedPeople | None) -> Batch:
    """Return a batch as the sender's intake lets it in, without those who were erased.

    Raise Refused with the faults of all its statements.
    """
    admit = principal.intake.admit
    admitted, faults = [], list[Fault]()
    for index, sent in enumerate(zip(batch.statements, batch.texts, strict=True)):
        try:
            path = "" if batch.single else item("", index)
            taken = admit(*sent, path)
            admitted.append(taken if erased is None else erased.admit(principal.org, *taken, path))
        except Refused as refused:
            faults += refused.faults
    if faults:
        raise Refused(faults[:MOST_FAULTS])
    statements, texts = [each for each, _ in admitted], [text for _, text in admitted]
    return batch._replace(statements=statements, texts=texts)


def _conflict(rows: Sequence[Row], taken: AbstractSet[bytes]) -> Conflict:
    faults = [
        Fault(f"[{index}].id" if len(rows) > 1 else "id", "taken", "another statement is stored under this id")
        for index, row in enumerate(rows)
        if row.id in taken
    ]
    return Conflict("A statement with this id is stored already, and it is not the same", faults)
