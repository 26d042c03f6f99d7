"""People signed in: a password becomes a session, and the session's token the caller of a request.

A session ends after half an hour without use and after twelve hours in any case, when its person signs out or is
disabled, and when the password is set anew. Only its keyed hash is stored.
"""

import hashlib
import hmac
import json
import logging
from base64 import urlsafe_b64encode
from secrets import token_urlsafe
from typing import Any, Final, NamedTuple

from lrs.errors import BadRequest, Forbidden, LRSError, NotFound, Unauthorized
from lrs.services import clocks
from lrs.services.auth import REMEMBERED
from lrs.services.browsers import Browsers
from lrs.services.limits import Attempts
from lrs.services.passwords import Passwords
from lrs.services.people import People, folded
from lrs.services.principals import Principal, bounds_of
from lrs.services.scopes import ROLES
from lrs.store import Store
from lrs.store.entries import Entry
from lrs.store.members import Member
from lrs.store.organisations import Organisation
from lrs.store.rows import ORG_BYTES
from lrs.store.sessions import Session as Row
from lrs.store.transactions import Session
from schemas.faults import Refused

IDLE: Final = 30 * 60 * 1_000_000
LONGEST: Final = 12 * 3600 * 1_000_000
"""Microseconds without use, and altogether, after which a session is over."""
_SEEN_EVERY: Final = 60_000_000
_MOST_REMEMBERED: Final = 10_000
_TOKEN_BYTES: Final = 32
_CODES: Final = "invitation codes"
_ANOTHER: Final = "The identity provider vouches for this e-mail, but for another person than before"
_REFUSED: Final = "The organisation, the e-mail or the password is wrong"

log = logging.getLogger(__name__)


class SignedIn(NamedTuple):
    """A session as its person is told of it: ``csrf`` must come with every write, ``expires`` is its end at the latest.

    ``token`` is the secret in the cookie; ``browser`` is what proves later that this person signed in there.
    """

    token: str
    csrf: str
    member: Member
    organisation: Organisation
    expires: int
    browser: str = ""


class _Known(NamedTuple):
    since: float
    until: int
    principal: Principal


class SessionService:
    """Signs people in and out, and tells who they are. ``home_page`` is the address of this store in authorities."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that signing in stands on
        self, store: Store, pepper: str, home_page: str, people: People, passwords: Passwords, attempts: Attempts
    ) -> None:
        self._store = store
        self._people = people
        self._key = hmac.digest(pepper.encode(), b"sessions", hashlib.sha256)
        self._csrf_key = hmac.digest(pepper.encode(), b"csrf", hashlib.sha256)
        self._home_page = home_page
        self._passwords = passwords
        self._attempts = attempts
        self._browsers = Browsers(pepper)
        self._known: dict[bytes, _Known] = {}

    def sign_in(  # noqa: PLR0913 - who claims to be whom, and from where
        self, organisation: str, email: str, password: str, *, address: str = "", instead: str = "", browser: str = ""
    ) -> SignedIn:
        """Begin a session; the one of the token ``instead`` ends. ``browser`` is what an earlier one left there.

        Raise Unauthorized, alike and as late for whatever is wrong; TooManyRequests after too many wrong attempts.
        """
        name = f"{organisation} {folded(email)}"
        known = self._browsers.known(name, browser)
        self._attempts.check_name(name, address, known)
        found = self._store.organisations.find(organisation)
        member = self._store.members.with_email(found.org if found else bytes(ORG_BYTES), folded(email))
        right = self._passwords.verify(member.password if member else None, password)
        if not right or found is None or member is None or found.disabled or member.disabled:
            try:
                self._attempts.failed_name(name, address, known)
            finally:
                self.tell_refusal(found, member)
            raise Unauthorized(_REFUSED)
        if member.password and self._passwords.is_outdated(member.password):
            self._store.members.rehash(member, self._passwords.hash(password))
        begun = self.begin(found, member, method="password", instead=instead)
        return begun._replace(browser=browser if known else self._browsers.mark(name))

    def begin(
        self,
        organisation: Organisation,
        member: Member,
        *,
        method: str,
        instead: str = "",
        subject: tuple[str, str] | None = None,
    ) -> SignedIn:
        """Begin a session of somebody who has proven to be this member; raise Unauthorized for one who is gone.

        ``subject`` is the id of an identity provider and the name that it knows this person by. The first one stays:
        raise Unauthorized for another, to whom the mailbox may have been given since.
        """
        now = clocks.now()
        token = token_urlsafe(_TOKEN_BYTES)
        row = Row(self._digest(token), member.org, member.id, member.generation, now, now)

        def change(session: Session) -> Member:
            held = self._store.members.find(member.org, member.id, session)
            values: dict[str, Any] = {"signed_in": now}
            if held is not None and subject is not None:
                if held.subjects.get(*subject) != subject[1]:
                    raise Unauthorized(_ANOTHER)
                values["subjects"] = {**held.subjects, subject[0]: subject[1]}
            changed = self._store.members.change(member.org, member.id, values, session=session)
            if changed is None:
                raise Unauthorized(_REFUSED)
            self._store.sessions.insert(row, _end(row), session)
            if instead:
                self._store.sessions.delete(self._digest(instead), session)
            return changed

        entry = Entry(f"member:{member.id}", "signin.succeeded", member.id, {"method": method})
        signed_in = self._store.administer(member.org, change, entry)
        self._forget(instead)
        return self._told(token, row, signed_in, organisation)

    def accept(self, code: str, password: str, *, address: str = "") -> tuple[Member, Organisation]:
        """Set the password that a one-time code is for; return who that is, and where.

        Raise what People.accept does, and TooManyRequests after too many wrong codes from one address.
        """
        self._attempts.check_code(_CODES, address)
        try:
            member = self._people.accept(code, password)
        except BadRequest:
            self._attempts.failed_code(_CODES, address)
            raise
        organisation = self._store.organisations.of(member.org)
        if organisation is None:
            raise NotFound
        return member, organisation

    def tell_refusal(self, organisation: Organisation | None, member: Member | None) -> None:
        """Note in the audit that a member was refused, once a minute at most.

        Nothing is noted of others: the audit is kept for ever, and anybody can be refused as often as they like.
        """
        if organisation is None or member is None or not self._attempts.is_news(f"refusal of {member.id}"):
            return
        self._store.audit.append(organisation.org, Entry("anonymous", "signin.failed", member.id))

    def caller(self, token: str) -> Principal:
        """Return the caller whose cookie holds this token; raise Unauthorized."""
        digest = self._digest(token)
        known = self._known.get(digest)
        if known is None or clocks.passed() - known.since > REMEMBERED or known.until <= clocks.now():
            self._known.pop(digest, None)
            since = clocks.passed()
            row, member, organisation = self._proven(digest)
            known = _Known(since, _end(row), self._principal(member, organisation))
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[digest] = known
        return known.principal

    def who(self, token: str) -> SignedIn:
        """Return the session of this token; raise Unauthorized."""
        return self._told(token, *self._proven(self._digest(token)))

    def sign_out(self, token: str) -> None:
        """End the session of this token; on other processes within the time that a caller is remembered."""
        digest = self._digest(token)
        self._forget(token)
        row = self._store.sessions.find(digest)
        if row is None:
            return
        ended = Entry(f"member:{row.member}", "session.ended", row.member)
        self._store.administer(
            row.org,
            lambda session: self._store.sessions.delete(digest, session),
            lambda deleted: ended if deleted else None,
        )

    def sign_out_everywhere(self, token: str) -> None:
        """End every session of whoever has this one, as ``sign_out`` does; raise Unauthorized without it."""
        _, member, _ = self._proven(self._digest(token))
        self._forget(token)

        def end(session: Session) -> None:
            self._store.members.change(member.org, member.id, {}, ends=True, session=session)
            self._store.sessions.drop(member.id, session)

        entry = Entry(f"member:{member.id}", "session.ended", member.id, {"everywhere": True})
        self._store.administer(member.org, end, entry)

    def change_password(
        self, token: str, current: str, password: str, *, address: str = "", browser: str = ""
    ) -> SignedIn:
        """Set the password of whoever has this session; begin another in the place of all that there were.

        Raise Unauthorized without a session, Refused where ``current`` is wrong or the new one will not do, and
        TooManyRequests as ``sign_in`` does.
        """
        _, member, organisation = self._proven(self._digest(token))
        name = f"{organisation.id} {member.email}"
        known = self._browsers.known(name, browser)
        self._attempts.check_name(name, address, known)
        if not self._passwords.verify(member.password, current):
            self._attempts.failed_name(name, address, known)
            raise Refused.at("current", "password", "It is not the password that holds now.")
        changed = self._people.set_password(member, password)
        self._forget(token)
        return self.begin(organisation, changed, method="password")

    def csrf(self, token: str) -> str:
        """Return what must come with every write of a session, in a header that no other site's page can send."""
        return urlsafe_b64encode(hmac.digest(self._csrf_key, token.encode(), hashlib.sha256)).decode().rstrip("=")

    def require_csrf(self, token: str, offered: str) -> None:
        """Raise Forbidden unless this came with a write of the session."""
        if not hmac.compare_digest(self.csrf(token).encode(), offered.encode()):
            raise Forbidden("A write with a session needs its X-CSRF-Token, as GET /api/session tells it")

    def _proven(self, digest: bytes) -> tuple[Row, Member, Organisation]:
        """Return a session that is not over, with its person; note that it was used."""
        row, now = self._store.sessions.find(digest), clocks.now()
        if row is None or _end(row) <= now:
            raise Unauthorized
        member = self._store.members.find(row.org, row.member)
        organisation = self._store.organisations.of(row.org)
        if member is None or member.disabled or member.generation != row.generation:
            raise Unauthorized
        if organisation is None or organisation.disabled:
            raise Unauthorized
        if now - row.seen > _SEEN_EVERY:
            self._note_use(row, now)
        return row, member, organisation

    def _note_use(self, row: Row, now: int) -> None:
        try:
            self._store.sessions.touch(row.digest, now, min(row.created + LONGEST, now + IDLE))
        except LRSError as error:  # while nothing can be written, what is stored can still be read
            log.warning("the use of a session was not noted: %s", type(error).__name__)

    def _principal(self, member: Member, organisation: Organisation) -> Principal:
        name = f"member:{member.id}"
        # No e-mail: what is stored under an authority goes out with it.
        agent = {"objectType": "Agent", "account": {"homePage": self._home_page, "name": name}}
        scopes = ROLES[member.role]
        return Principal(
            org=member.org,
            credential=name,
            scopes=scopes,
            authority=json.dumps(agent, ensure_ascii=False).encode(),
            authority_agent=agent,
            organisation=organisation.id,
            bounds=bounds_of(scopes, agent),
        )

    def _told(self, token: str, row: Row, member: Member, organisation: Organisation) -> SignedIn:
        return SignedIn(token, self.csrf(token), member, organisation, row.created + LONGEST)

    def _forget(self, token: str) -> None:
        self._known.pop(self._digest(token), None)

    def _digest(self, token: str) -> bytes:
        return hmac.digest(self._key, token.encode(), hashlib.sha256)


def _end(row: Row) -> int:
    return min(row.created + LONGEST, row.seen + IDLE)
