"""Exchanges with stores of others, forwards and pulls, as far as these are alike.

Who may share sets one up, sees how it gets on, pauses, resumes and removes it; what could not be exchanged waits as
dead letters until somebody has them tried again or gives them up.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from secrets import token_hex
from typing import Any, ClassVar, Final, Generic, NamedTuple, Protocol, TypeVar

from lrs.errors import BadRequest, Conflict, NotFound
from lrs.services.principals import Principal
from lrs.services.seals import Seals
from lrs.services.web import NoAnswer, Web
from lrs.store import Store
from lrs.store.dead_letters import Letter
from lrs.store.entries import Detail, Entry
from lrs.store.rows import document_id
from lrs.store.transactions import Session
from schemas.faults import Fault

MOST: Final = 20
"""Of one kind, of one organisation."""
_ID_BYTES: Final = 8
_AT_ONCE: Final = {"failures": 0, "failing": None, "again": 0}
"""What is tried at once is as if it had never failed."""


class Exchange(Protocol):
    """A forward or a pull."""

    @property
    def id(self) -> str: ...  # noqa: D102 - as the name says
    @property
    def url(self) -> str: ...  # noqa: D102 - as the name says
    @property
    def state(self) -> str: ...  # noqa: D102 - as the name says


E = TypeVar("E", bound=Exchange)
S_co = TypeVar("S_co", covariant=True)


class Rows(Protocol[E]):
    """Finds and keeps exchanges of one kind."""

    def insert(self, exchange: E, session: Session, /) -> bool:  # noqa: D102 - of the store
        ...

    def find(self, org: bytes, exchange: str, session: Session | None = None, /) -> E | None:  # noqa: D102 - as above
        ...

    def of(self, org: bytes, /) -> list[E]:  # noqa: D102 - as above
        ...

    def count(self, org: bytes, session: Session, /) -> int:  # noqa: D102 - as above
        ...

    def change(self, exchange: E, values: Mapping[str, Any], session: Session, /) -> E | None:  # noqa: D102 - as above
        ...


class Actions(NamedTuple):
    """What the audit calls what is done to an exchange."""

    created: str
    changed: str
    paused: str
    resumed: str
    retried: str
    dropped: str


class Exchanges(ABC, Generic[E, S_co]):
    """Looks after exchanges of one kind; everything needs the scope ``share`` and stays within the own organisation.

    ``web`` is what partners are asked through.
    """

    plural: ClassVar[str]
    actions: ClassVar[Actions]

    def __init__(self, store: Store, rows: Rows[E], seals: Seals, web: Web) -> None:
        self._store = store
        self._rows = rows
        self._letters = store.dead_letters
        self._seals = seals
        self._web = web

    @abstractmethod
    def _told(self, exchange: E) -> S_co:
        """Return an exchange with what is known of how it gets on."""

    def all(self, principal: Principal) -> list[S_co]:
        """Return all, the oldest first."""
        principal.require("share")
        return [self._told(each) for each in self._rows.of(principal.org)]

    def get(self, principal: Principal, exchange: str) -> S_co:
        """Return one; raise NotFound, also for those of others."""
        principal.require("share")
        return self._told(self._held(principal, exchange))

    def pause(self, principal: Principal, exchange: str) -> S_co:
        """Exchange nothing until it is resumed; raise NotFound."""
        principal.require("share")
        entry = _entry(principal, self.actions.paused, exchange)
        is_new = self._held(principal, exchange).state != "paused"
        return self._changed(principal, exchange, {"state": "paused"}, entry if is_new else None)

    def letters(self, principal: Principal, exchange: str, *, after: str = "", most: int = 100) -> list[Letter]:
        """Return what could not be exchanged, in the order of ids, from behind ``after``; raise NotFound."""
        principal.require("share")
        return self._letters.of(self._held(principal, exchange).id, after=after, most=most)

    def retry(self, principal: Principal, exchange: str, statements: Sequence[str]) -> int:
        """Let these, or all without any, be tried again; return how many they are. Raise NotFound."""
        return self._with_letters(principal, exchange, statements, self._letters.retry, self.actions.retried)

    def drop(self, principal: Principal, exchange: str, statements: Sequence[str]) -> int:
        """Give these up, or all without any; return how many they were. Raise NotFound."""
        return self._with_letters(principal, exchange, statements, self._letters.drop, self.actions.dropped)

    def _insert(self, principal: Principal, made: E, details: Mapping[str, Detail]) -> S_co:
        """Store a new one; raise Conflict where there are as many as an organisation may have."""

        def insert(session: Session) -> None:
            if self._rows.count(principal.org, session) >= MOST:
                raise Conflict(f"An organisation has at most {MOST} {self.plural}: remove one first")
            self._rows.insert(made, session)

        self._store.administer(principal.org, insert, _entry(principal, self.actions.created, made.id, details))
        return self._told(made)

    def _change(self, principal: Principal, exchange: str, values: Mapping[str, Any]) -> S_co:
        """Set fields, ``secret`` as it is given; raise NotFound, BadRequest."""
        found = dict(values)
        if "url" in found:
            require_address(self._web, found["url"])
            # Who may choose the address must not be handed the secret that somebody else gave.
            if "secret" not in found and found["url"] != self._held(principal, exchange).url:
                raise bad("secret", "Another address needs the secret anew")
        if "secret" in found:
            found["secret"] = self._seals.seal(found["secret"].encode(), exchange)
        entry = _entry(principal, self.actions.changed, exchange, {"fields": sorted(found)})
        # Whatever was wrong may be right now: it is tried at once.
        return self._changed(principal, exchange, found | (_AT_ONCE if found else {}), entry if found else None)

    def _resume(self, principal: Principal, held: E) -> S_co:
        """Go on, and at once where it was waiting."""
        entry = _entry(principal, self.actions.resumed, held.id) if held.state != "running" else None
        return self._changed(principal, held.id, {"state": "running"} | _AT_ONCE, entry)

    def _changed(self, principal: Principal, exchange: str, values: Mapping[str, Any], entry: Entry | None) -> S_co:
        def change(session: Session) -> E:
            changed = self._rows.change(self._held(principal, exchange, session), values, session)
            if changed is None:
                raise NotFound
            return changed

        return self._told(self._store.administer(principal.org, change, lambda _: entry))

    def _with_letters(
        self, principal: Principal, exchange: str, statements: Sequence[str], act: Callable[..., int], action: str
    ) -> int:
        principal.require("share")
        held = self._held(principal, exchange)
        ids = [document_id(principal.org, each) for each in statements]

        def entry(count: int) -> Entry | None:
            return _entry(principal, action, exchange, {"statements": count}) if count else None

        return self._store.administer(principal.org, lambda session: act(held.id, ids, session), entry)

    def _held(self, principal: Principal, exchange: str, session: Session | None = None) -> E:
        found = self._rows.find(principal.org, exchange, session)
        if found is None:
            raise NotFound
        return found


def new_id() -> str:
    """Return an id for a new exchange."""
    return token_hex(_ID_BYTES)


def require_address(web: Web, url: str) -> None:
    """Raise BadRequest for what cannot be the endpoint of a partner."""
    try:
        web.require(url)
    except NoAnswer as error:
        raise bad("url", error.title) from error


def bad(path: str, message: str) -> BadRequest:
    """Return the refusal of one member of what was asked."""
    return BadRequest("This cannot be done", [Fault(path, "value", message)])


def _entry(principal: Principal, action: str, exchange: str, details: Mapping[str, Detail] | None = None) -> Entry:
    return Entry(principal.credential, action, exchange, details or {})
