"""The client: one method for each thing that xAPI can do."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self, Unpack
from uuid import UUID

from .attachments import Attachment, attached, mixed
from .auth import Auth
from .batches import PORTION, Batch, save_portions
from .calls import Caller
from .documents import Documents, StateDocuments
from .encoding import encoded
from .errors import LRSError, NotFound
from .messages import Agent, Body, Json, Statement, Version
from .pages import CONSISTENT_THROUGH, Page, unpacked, walk
from .queries import Conditions, Query, query_of
from .retries import Patience
from .statements import identified
from .transport import HTTPTransport, Transport


class LRSClient:
    """Speaks to one learning record store with one credential; may be used by many threads.

    ``endpoint`` is the address below which the resources lie, as in ``https://lrs.example.org/xapi``. Every method
    raises LRSError, and sends again what does not get through, as long as ``patience`` lasts.
    """

    def __init__(
        self,
        endpoint: str,
        auth: Auth | None = None,
        *,
        version: Version = "2.0.0",
        patience: Patience | None = None,
        transport: Transport | None = None,
    ) -> None:
        if version not in {"1.0.3", "2.0.0"}:
            raise ValueError("the versions are 1.0.3 and 2.0.0")
        self._transport = transport or HTTPTransport()
        self._caller = Caller(endpoint, auth, version, self._transport, patience or Patience())

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the client."""
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._transport.close()

    def save(self, statement: Mapping[str, Json], attachments: Sequence[Attachment] = ()) -> str:
        """Store a statement, with files if there are any, and return its id; the same again is not stored twice.

        Without an id it gets one. Raise Conflict where the id is taken by another statement.
        """
        fixed = attached(identified(statement), attachments)
        try:
            text = encoded(fixed)
            body = Body(text) if not attachments else mixed(text, attachments)
            self._caller.call(self._caller.request("PUT", "statements", {"statementId": fixed["id"]}, body))
        except LRSError as error:
            error.unsaved = [fixed]
            raise
        statement_id: str = fixed["id"]
        return statement_id

    def save_many(
        self, statements: Iterable[Mapping[str, Json]], *, portion: int = PORTION, within: float | None = None
    ) -> list[str]:
        """Store statements in portions and return their ids in order; the same again is not stored twice.

        Patience is for each portion; ``within`` bounds all together, in seconds. When an LRSError is raised, its
        ``saved`` has the ids that are stored and its ``unsaved`` the statements that are not: save those again.
        """
        return save_portions(self._caller, statements, portion=portion, within=within)

    def batch(self, portion: int = PORTION) -> Batch:
        """Return a collector of statements, to be used in a ``with`` block."""
        return Batch(self._caller, portion)

    def get(self, statement_id: str) -> Statement:
        """Return a statement; raise NotFound, also where it is voided."""
        return self._one({"statementId": statement_id}).statements[0]

    def get_voided(self, statement_id: str) -> Statement:
        """Return a statement that is voided; raise NotFound for any other."""
        return self._one({"voidedStatementId": statement_id}).statements[0]

    def get_with_files(self, statement_id: str) -> Page:
        """Return a statement, as the only one of a page, with the files that belong to it; raise NotFound."""
        return self._one({"statementId": statement_id, "attachments": True})

    def find(self, **conditions: Unpack[Conditions]) -> Iterator[Statement]:
        """Yield all statements that meet every condition, the newest first unless ``ascending`` is true.

        ``since`` and ``until`` are about when statements were stored. Further pages are asked for as you go.
        """
        for page in self.pages(**conditions):
            yield from page.statements

    def pages(self, *, files: bool = False, **conditions: Unpack[Conditions]) -> Iterator[Page]:
        """Yield the same answer page by page, with the files of attachments if they are wanted."""
        return walk(self._caller, self._caller.request("GET", "statements", query_of(conditions, files=files)))

    def state(self, activity: str, agent: Agent, registration: str | UUID | None = None) -> StateDocuments:
        """Return the documents that keep what an agent has reached in an activity."""
        place = {"activityId": activity, "agent": agent, "registration": registration}
        return StateDocuments(self._caller, "activities/state", "stateId", place)

    def activity_profile(self, activity: str) -> Documents:
        """Return the documents about an activity."""
        return Documents(self._caller, "activities/profile", "profileId", {"activityId": activity})

    def agent_profile(self, agent: Agent) -> Documents:
        """Return the documents about an agent."""
        return Documents(self._caller, "agents/profile", "profileId", {"agent": agent})

    def activity(self, activity_id: str) -> dict[str, Json]:
        """Return an activity as the server knows it from all statements; raise NotFound where it does not."""
        return self._object("activities", {"activityId": activity_id})

    def person(self, agent: Agent) -> dict[str, Json]:
        """Return the Person object: all that the server knows of an agent's names and identifiers."""
        return self._object("agents", {"agent": agent})

    def about(self) -> dict[str, Json]:
        """Return what the server says of itself: the versions that it speaks, and its own extensions."""
        return self._object("about")

    def _one(self, query: Query) -> Page:
        request = self._caller.request("GET", "statements", query)
        response = self._caller.call(request)
        files, found = unpacked(request, response)
        # Some stores (ralph 5.1.0) answer with a list here, and with an empty one where 404 is due.
        listed = found.get("statements", [found])
        if not listed:
            raise NotFound(f"{request!r} found nothing", request)
        return Page(listed, files, response.header(CONSISTENT_THROUGH))

    def _object(self, resource: str, query: Query | None = None) -> dict[str, Json]:
        found: dict[str, Json] = self._caller.json(self._caller.request("GET", resource, query), dict)
        return found
