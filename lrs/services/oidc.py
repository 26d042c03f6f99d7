"""People sign in with the identity provider of their organisation (OpenID Connect, the code flow with PKCE).

A provider says whose mailbox somebody has; who may administer is said here. So nobody becomes a member this way, and
what a provider vouches for counts in the organisation that trusts it and nowhere else.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hmac import compare_digest
from secrets import token_urlsafe
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode, urlsplit

import msgspec

from lrs.errors import BadRequest, NotFound, Unauthorized
from lrs.services import clocks
from lrs.services.discovery import Discovery, discover
from lrs.services.issuers import Issuers
from lrs.services.limits import Attempts
from lrs.services.people import folded
from lrs.services.providers import Provider, ProviderService
from lrs.services.seals import Seals, WrongPepper
from lrs.services.sessions import SessionService, SignedIn
from lrs.services.web import NoAnswer, Web
from lrs.store import Store
from lrs.store.members import Member
from lrs.store.organisations import Organisation
from schemas.faults import Fault, Refused
from schemas.xapi.parsing import parse_json

LIFETIME: Final = 600
"""Seconds that somebody may take at the provider."""
_DESCRIBED_FOR: Final = 300.0
_SILENT_FOR: Final = 45.0
_MOST_DESCRIBED: Final = 1000
# Names no key: what is wrong with a sign-in is known of its address alone.
_ATTEMPTS: Final = "sign-in with a provider"
_MILLION: Final = 1_000_000
_RANDOM_BYTES: Final = 32
_OWNER: Final = "sign-in"


class _Begun(msgspec.Struct, frozen=True, array_like=True):
    """What a sign-in must be ended with; it lies sealed with the browser that began it."""

    expires: int
    organisation: str
    provider: str
    state: str
    nonce: str
    verifier: str


class _Asked(NamedTuple):
    """What a provider said of itself, or why it said nothing; it holds ``until`` then."""

    until: float
    found: Discovery | str


class Begun(NamedTuple):
    """Where the browser goes, and what it keeps until it comes back."""

    address: str
    kept: str


class Answer(NamedTuple):
    """What a provider sends the browser back with; empty where it did not say."""

    state: str
    code: str = ""
    issuer: str = ""


class OidcService:
    """Signs people in by providers. ``home`` is the address of this server, to which they come back."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that signing in by others stands on
        self,
        store: Store,
        pepper: str,
        home: str,
        providers: ProviderService,
        issuers: Issuers,
        web: Web,
        sessions: SessionService,
        attempts: Attempts,
    ) -> None:
        self._store = store
        self._seals = Seals(pepper, "signing in")
        self._return = f"{home.rstrip('/')}/api/session/oidc/callback"
        self._providers = providers
        self._issuers = issuers
        self._web = web
        self._sessions = sessions
        self._attempts = attempts
        self._described: dict[str, _Asked] = {}

    def begin(self, organisation: str, provider: str | None = None, *, address: str = "") -> Begun:
        """Begin to sign in, by the first provider unless one is named.

        Raise NotFound where there is none, NoAnswer where it cannot be asked or could not be asked just now, and
        TooManyRequests after too many attempts from ``address`` that came to nothing.
        """
        with self._counted(address):
            return self._begin(organisation, provider)

    def _begin(self, organisation: str, provider: str | None) -> Begun:
        found = self._store.organisations.find(organisation)
        if found is None or found.disabled:
            raise _none()
        chosen = self._provider(found, provider)
        made = _Begun(
            clocks.now() + LIFETIME * _MILLION, organisation, chosen.id, *(token_urlsafe(_RANDOM_BYTES) for _ in "123")
        )
        asked = {
            "response_type": "code",
            "client_id": self._providers.client(chosen).client_id,
            "redirect_uri": self._return,
            "scope": "openid email",
            "state": made.state,
            "nonce": made.nonce,
            "code_challenge": _base64(hashlib.sha256(made.verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        place = self._description(chosen).authorization_endpoint
        address = f"{place}{'&' if urlsplit(place).query else '?'}{urlencode(asked)}"
        return Begun(address, _base64(self._seals.seal(msgspec.msgpack.encode(made), _OWNER)))

    def finish(self, kept: str, answer: Answer, *, address: str = "", instead: str = "") -> SignedIn:
        """End what ``begin`` began with the provider's answer; the session of the token ``instead`` ends.

        Raise BadRequest for an answer to nothing that this browser began, or for another answer to the same,
        Unauthorized for one that signs nobody in, TooManyRequests after too many such from ``address``.
        """
        with self._counted(address):
            return self._finish(kept, answer, instead)

    @contextmanager
    def _counted(self, address: str) -> Iterator[None]:
        """Count what comes to nothing; raise TooManyRequests after too much of it."""
        self._attempts.check_code(_ATTEMPTS, address)
        try:
            yield
        except (Unauthorized, NoAnswer):
            self._attempts.failed_code(_ATTEMPTS, address)
            raise

    def _finish(self, kept: str, answer: Answer, instead: str) -> SignedIn:
        begun = self._begun(kept)
        if not compare_digest(begun.state.encode(), answer.state.encode()):
            raise _unasked()
        # Whoever holds a cookie could have the provider asked, and the audit written, as often as he likes.
        used = f"signing in {hashlib.sha256(begun.state.encode()).hexdigest()}"
        if not self._store.revocations.use_up(used, begun.expires / _MILLION):
            raise _unasked()
        organisation = self._store.organisations.find(begun.organisation)
        if organisation is None or organisation.disabled:
            raise _none()
        provider = self._provider(organisation, begun.provider)
        member = None
        try:
            claims = self._issuers.identity(provider, self._redeemed(provider, answer, begun), begun.nonce)
            member = self._member(organisation, claims)
            # A mailbox may be given to somebody else; a subject never is (OpenID Connect Core, 5.7).
            subject = provider.id, self._issuers.name(provider, claims["sub"])
            return self._sessions.begin(organisation, _let_in(member), method="oidc", instead=instead, subject=subject)
        except Unauthorized:
            self._sessions.tell_refusal(organisation, member)
            raise

    def _provider(self, organisation: Organisation, provider: str | None) -> Provider:
        for each in self._providers.for_people(organisation.org):
            if provider in {None, each.id}:
                return each
        raise _none()

    def _description(self, provider: Provider) -> Discovery:
        """Return what a provider says of itself, at most some minutes ago; raise NoAnswer.

        One that did not answer is not asked again for a while, however many people come.
        """
        asked = self._described.get(provider.issuer)
        if asked is None or clocks.passed() > asked.until:
            asked = self._asked(provider.issuer)
            if len(self._described) >= _MOST_DESCRIBED:
                self._described.clear()
            self._described[provider.issuer] = asked
        if isinstance(asked.found, str):
            raise NoAnswer(asked.found)
        return asked.found

    def _asked(self, issuer: str) -> _Asked:
        with self._web.turn():
            try:
                found = discover(self._web, issuer)
            except NoAnswer as error:
                return _Asked(clocks.passed() + _SILENT_FOR, error.title)
        # A browser is sent there: as its description, so its page is reached safely.
        if urlsplit(found.authorization_endpoint).scheme not in {"https", urlsplit(issuer).scheme}:
            return _Asked(clocks.passed() + _SILENT_FOR, "The identity provider has no good page to sign in")
        if not found.token_endpoint:
            return _Asked(clocks.passed() + _SILENT_FOR, "The identity provider redeems no codes")
        return _Asked(clocks.passed() + _DESCRIBED_FOR, found)

    def _redeemed(self, provider: Provider, answer: Answer, begun: _Begun) -> str:
        """Return the ID token that the provider gives for a code."""
        # Another provider's answer must not be redeemed here (RFC 9207).
        if not answer.code or answer.issuer not in {"", provider.issuer}:
            raise Unauthorized("The identity provider signed nobody in")
        client = self._providers.client(provider)
        form = {
            "grant_type": "authorization_code",
            "code": answer.code,
            "redirect_uri": self._return,
            "code_verifier": begun.verifier,
            "client_id": client.client_id,
        }
        secret = client.client_secret
        known_as = {} if secret is None else {"user": client.client_id, "password": secret}
        place = self._description(provider).token_endpoint
        try:
            with self._web.turn():
                found = parse_json(self._web.post(place, form, **known_as))
        except Refused as error:
            raise NoAnswer("The identity provider's answer is no JSON") from error
        token = found.get("id_token") if isinstance(found, dict) else None
        if not isinstance(token, str):
            raise NoAnswer("The identity provider's answer has no ID token")
        return token

    def _member(self, organisation: Organisation, claims: dict[str, Any]) -> Member | None:
        email = claims.get("email")
        if not isinstance(email, str) or claims.get("email_verified") is not True:
            raise Unauthorized("The identity provider vouches for no e-mail")
        return self._store.members.with_email(organisation.org, folded(email))

    def _begun(self, kept: str) -> _Begun:
        try:
            sealed = urlsafe_b64decode(kept.encode() + b"=" * (-len(kept) % 4))
            begun = msgspec.msgpack.decode(self._seals.open(sealed, _OWNER), type=_Begun)
        except (ValueError, WrongPepper, msgspec.DecodeError) as error:
            raise _unasked() from error
        if begun.expires <= clocks.now():
            raise _unasked()
        return begun


def _let_in(member: Member | None) -> Member:
    if member is None or member.disabled:
        raise Unauthorized("This organisation has no member with the e-mail that the identity provider vouches for")
    return member


def _none() -> NotFound:
    return NotFound("People of this organisation do not sign in with an identity provider")


def _unasked() -> BadRequest:
    fault = Fault("state", "state", "it belongs to no sign-in that this browser has begun in the last ten minutes")
    return BadRequest("This sign-in was not begun here, or too long ago", [fault])


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
