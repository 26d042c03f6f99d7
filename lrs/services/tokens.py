"""Our own tokens: what a credential gets in exchange for its secret (RFC 9068), and launch tokens.

A token is tied to the credential that it was made for: what it may do is never more than what that credential may do
at the moment, and it ends with the credential, with the secret it was got by, or when it is revoked. A launch that was
made with a token ends with that one.

Launches are not audited. There are as many as learners open contents, a chain takes some hundred records a second and
can never be trimmed; what was done in them stands in statements, under the authority of the credential.
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import asdict, replace
from secrets import token_urlsafe
from typing import Any, Final, NamedTuple

import jwt
import msgspec

from lrs.errors import BadRequest, Forbidden, LRSError, Unauthorized
from lrs.services import clocks
from lrs.services.auth import Proven
from lrs.services.grants import common, covered
from lrs.services.keyring import LONGEST, Keyring, coordinate
from lrs.services.principals import Held, Launch, Principal, bounds_of
from lrs.services.proofs import LARGEST, opened, verified
from lrs.store import Store
from lrs.store.credentials import Credential
from lrs.store.entries import Entry
from schemas.api.launches import LAUNCH_SCOPES as LAUNCHED
from schemas.api.launches import LONGEST as LONGEST_LAUNCH
from schemas.faults import Fault

ALGORITHM: Final = "EdDSA"
ACCESS: Final = "at+jwt"
LAUNCH: Final = "launch+jwt"
LAUNCH_SCOPES: Final = frozenset(LAUNCHED)
"""The most a launch token may do; of profiles it only reads those of its activity and of its learner."""
_REQUIRED: Final = ("sub", "iat", "nbf", "jti", "scope")
# The clocks of servers of one store hardly differ.
_LEEWAY: Final = 5.0
_SECRET_MARK: Final = 12
_MILLION: Final = 1_000_000


class InvalidScope(LRSError):
    """More was asked for than the credential may do (RFC 6749, 5.2)."""

    status = 400
    title = "This credential has not all of these scopes"


class NotYours(LRSError):
    """The token was made for another credential."""

    status = 400
    title = "This token was made for another credential"


class Issued(NamedTuple):
    """A new token: what it may do, and for how many seconds."""

    token: str
    scopes: frozenset[str]
    lifetime: int


class _Launched(msgspec.Struct, frozen=True):
    agent: dict[str, Any]
    activity: str
    registration: str | None = None
    activities: tuple[str, ...] = ()


class _Claims(msgspec.Struct, frozen=True):
    """What a token of ours says; ``secret`` marks the secret that its credential had when it was made.

    ``parent`` is the id of the token that a launch was made with.
    """

    sub: str
    scope: str
    exp: int
    jti: str
    secret: str
    launch: _Launched | None = None
    parent: str | None = None


class Tokens:
    """Makes, proves and revokes tokens. ``home`` is the address of this server: the issuer.

    ``admit`` turns a credential into the caller that it stands for, or raises Unauthorized; ``lifetime`` is in seconds.
    """

    def __init__(
        self, store: Store, keyring: Keyring, home: str, *, admit: Callable[[Credential], Proven], lifetime: int
    ) -> None:
        self._store = store
        self._credentials = store.credentials
        self._revocations = store.revocations
        self._keyring = keyring
        self.issuer = home.rstrip("/")
        self.audience = f"{self.issuer}/xapi"
        self._admit = admit
        self._lifetime = min(lifetime, LONGEST)

    def issue(self, principal: Principal, asked: frozenset[str] = frozenset()) -> Issued:
        """Return an access token for a credential, with the scopes asked for, or all it has.

        Raise InvalidScope; Unauthorized where the credential ends within this second.
        """
        credential = self._own(principal)
        if covered(asked, credential.scopes) != asked:
            raise InvalidScope
        return self._signed(ACCESS, credential, asked or credential.scopes, self._lifetime, {})

    def launch(
        self, principal: Principal, launch: Launch, minutes: int, asked: frozenset[str] = LAUNCH_SCOPES
    ) -> Issued:
        """Return a token with which content can act for one learner; raise Forbidden, BadRequest.

        Of the scopes asked for it gets those that the credential has and that a launch may have. Raise Unauthorized
        where what it is made with has ended.
        """
        principal.require("statements/write")
        if principal.bound is not None:
            raise Forbidden("Content knows nothing of what this credential is bound to")
        credential = self._own(principal)
        scopes = covered(asked & LAUNCH_SCOPES, principal.scopes)
        lifetime = min(minutes, LONGEST_LAUNCH) * 60
        more: dict[str, Any] = {"launch": asdict(launch)}
        if (held := principal.token) is not None:
            lifetime = min(lifetime, held.until - clocks.now() // _MILLION)
            more["parent"] = held.id
        issued = self._signed(LAUNCH, credential, scopes, lifetime, more)
        if len(issued.token) > LARGEST:
            raise _too_long(launch)
        return issued

    def prove(self, token: str) -> Proven:
        """Return the caller that a token of ours was made for; raise Unauthorized."""
        claims = self._read(token)
        credential = self._credentials.find(claims.sub)
        if credential is None or claims.secret != _mark(credential):
            raise Unauthorized
        if self._revocations.has(claims.jti, *([claims.parent] if claims.parent else [])):
            raise Unauthorized
        admitted = self._admit(credential)
        held = admitted.principal
        launch = Launch(**msgspec.structs.asdict(claims.launch)) if claims.launch else None
        if launch is not None and held.bound is not None:
            raise Unauthorized
        if launch is not None:
            launch = replace(launch, agent=dict(held.intake.agent(launch.agent)))
        scopes = common(frozenset(claims.scope.split()), held.scopes)
        bounds = bounds_of(scopes, held.authority_agent, launch, held.bound)
        ends = claims.exp * _MILLION
        until = ends if admitted.until is None else min(ends, admitted.until)
        came_with = Held(claims.jti, claims.exp)
        return Proven(replace(held, scopes=scopes, launch=launch, bounds=bounds, token=came_with), until)

    def revoke(self, principal: Principal, token: str) -> None:
        """End a token of the caller's; raise NotYours. One that does not hold, or holds no more, is no error."""
        try:
            claims = self._read(token)
        except Unauthorized:
            return
        if claims.sub != principal.credential:
            raise NotYours
        # Once each: nobody may fill the audit by ending the same token again and again.
        if self._revocations.has(claims.jti):
            return
        entry = Entry(principal.credential, "token.revoked", claims.jti)
        until = claims.exp + _LEEWAY
        self._store.administer(
            principal.org,
            lambda session: self._revocations.add(claims.jti, until, session),
            lambda added: entry if added else None,
        )

    def jwks(self) -> list[dict[str, str]]:
        """Return the public keys that tokens of ours are signed with, as JWKs (RFC 8037)."""
        common_members = {"kty": "OKP", "crv": "Ed25519", "alg": ALGORITHM, "use": "sig"}
        return [common_members | {"kid": kid, "x": coordinate(key)} for kid, key in self._keyring.public().items()]

    def _own(self, principal: Principal) -> Credential:
        """Return the credential of a caller; raise Forbidden where it is none: nothing else can be tied to."""
        credential = self._credentials.find(principal.credential) if principal.launch is None else None
        if credential is None:
            raise Forbidden("Tokens are made for credentials of this server only")
        return credential

    def _signed(
        self, kind: str, credential: Credential, scopes: frozenset[str], lifetime: int, more: dict[str, Any]
    ) -> Issued:
        now = clocks.now() // _MILLION
        if credential.expires is not None:
            lifetime = min(lifetime, credential.expires // _MILLION - now)
        if lifetime <= 0:
            raise Unauthorized
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": credential.key,
            "client_id": credential.key,
            "scope": " ".join(sorted(scopes)),
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "jti": token_urlsafe(16),
            "secret": _mark(credential),
        }
        signer = self._keyring.signer()
        headers = {"typ": kind, "kid": signer.kid}
        return Issued(jwt.encode(claims | more, signer.key, ALGORITHM, headers), scopes, lifetime)

    def _read(self, token: str) -> _Claims:
        """Return what a token of ours says, whether or not its credential is still good; raise Unauthorized."""
        envelope = opened(token)
        if envelope[:1] != (ALGORITHM,) or (envelope.issuer, envelope.audience) != (self.issuer, self.audience):
            raise Unauthorized
        key = self._keyring.find(envelope.kid)
        if key is None or envelope.typ not in {ACCESS, LAUNCH}:
            raise Unauthorized
        said = verified(
            token,
            key,
            ALGORITHM,
            issuer=self.issuer,
            audience=self.audience,
            required=_REQUIRED,
            leeway=_LEEWAY,
        )
        try:
            claims = msgspec.convert(said, _Claims)
        except msgspec.ValidationError as error:
            raise Unauthorized from error
        if (claims.launch is None) != (envelope.typ == ACCESS) or not isinstance(said["aud"], str):
            raise Unauthorized
        return claims


def _too_long(launch: Launch) -> BadRequest:
    """Return the refusal of a launch that fits into no token; it names what takes the most room."""
    told = asdict(launch)
    longest = max(told, key=lambda name: len(json.dumps(told[name])))
    fault = Fault(longest, "limit", f"This is too long: a token has at most {LARGEST} characters.")
    return BadRequest("The token would be too large", [fault])


def _mark(credential: Credential) -> str:
    """Return a word that changes with the credential's secret, and tells nothing of it."""
    return urlsafe_b64encode(hashlib.sha256(credential.digest).digest()[:_SECRET_MARK]).decode()
