"""The caller of one request."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from lrs.errors import Forbidden
from lrs.services.scopes import ALLOWED_BY, RIGHTS_OF_BOUND, grantable
from lrs.store.organisations import HOST
from schemas.training.intake import DEFAULT, Intake
from schemas.xapi.keys import agent_key, author_key, group_key, organisation_key, registration_key

Bounds = tuple[tuple[bytes, ...], ...]
"""Groups of query keys: a statement must have one of every group."""


class Limits(NamedTuple):
    """The most a credential may send: requests and statements a minute, bytes of a body, statements in one.

    None is what the settings say for everybody.
    """

    requests: int | None = None
    statements: int | None = None
    body: int | None = None
    batch: int | None = None


_UNLIMITED: Final = Limits()


class Bound(NamedTuple):
    """What a credential is bound to: an organisation, by its code; a team, by its identity; or both.

    With a ``consent`` it is told of nobody whose consent to this purpose does not stand.
    """

    organisation: str | None = None
    team: str | None = None
    consent: str | None = None


class Held(NamedTuple):
    """A token of ours that a caller came with: its id, and its end in seconds since the epoch."""

    id: str
    until: int


@dataclass(frozen=True, slots=True)
class Launch:
    """What a launch token is bound to: one learner, one activity, and the registration if there is one.

    ``activities`` are others that belong to this one though their ids do not begin with its id.
    """

    agent: dict[str, Any]
    activity: str
    registration: str | None = None
    activities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of one request: an organisation's credential, its scopes and the authority of its statements.

    ``organisation`` is the public id of ``org``. ``credential`` is a key, ``provider:ID:SUBJECT`` for a token of
    somebody else's, ``member:ID`` for a person. ``authority`` is JSON as it goes into statements, ``authority_agent``
    the same parsed. ``origins`` are those whose pages may read the answers, ``leniency`` names what is forgiven.
    ``bounds`` hold for every statement that it may see, ``intake`` is what becomes of those that it sends. ``token`` is
    the one of ours that it came with. Who may ``relay`` passes on statements of others, which keep their authority.
    Who is ``bound`` may do nothing that knows nothing of what it is bound to.
    """

    org: bytes
    credential: str
    scopes: frozenset[str]
    authority: bytes
    authority_agent: dict[str, Any]
    origins: frozenset[str] = frozenset()
    leniency: frozenset[str] = frozenset()
    organisation: str = ""
    limits: Limits = _UNLIMITED
    launch: Launch | None = None
    bounds: Bounds = ()
    intake: Intake = DEFAULT
    token: Held | None = field(default=None, compare=False)
    relay: bool = False
    bound: Bound | None = None

    def may(self, right: str) -> bool:
        """Tell whether one of the scopes allows this."""
        if self.bound is not None and right not in RIGHTS_OF_BOUND:
            return False
        return not self.scopes.isdisjoint(ALLOWED_BY[right])

    def require(self, right: str) -> None:
        """Raise Forbidden unless one of the scopes allows this."""
        if not self.may(right):
            if self.bound is not None:
                raise Forbidden("This is not for a credential that is bound to an organisation or a team")
            raise Forbidden(f"This needs a credential with the scope {' or '.join(sorted(ALLOWED_BY[right]))}")

    def require_grant(self, scopes: AbstractSet[str]) -> None:
        """Raise Forbidden unless the caller may grant these scopes."""
        if foreign := scopes - grantable(self.scopes):
            raise Forbidden(f"You may not grant {', '.join(sorted(foreign))}")

    def may_see(self, keys: AbstractSet[bytes]) -> bool:
        """Tell whether the bounds allow to see a statement with these keys."""
        return all(not keys.isdisjoint(group) for group in self.bounds)

    def require_host(self) -> None:
        """Raise Forbidden unless the caller administers the organisation that runs this server."""
        self.require("admin")
        if self.organisation != HOST:
            raise Forbidden("This is for administrators of the organisation that runs this server")


def bounds_of(
    scopes: frozenset[str],
    authority: dict[str, Any],
    launch: Launch | None = None,
    bound: Bound | None = None,
) -> Bounds:
    """Return what every statement must have that a caller with these scopes may see.

    Without a scope that reads all statements, it is those stored under the caller's own authority; in a launch, of
    these only those of its learner and registration. Of one that is bound, only those of its organisation or team.
    """
    groups: list[bytes] = []
    if bound is not None and bound.organisation is not None:
        groups.append(organisation_key(bound.organisation))
    if bound is not None and bound.team is not None:
        groups.append(group_key(bound.team))
    if scopes.isdisjoint(ALLOWED_BY["statements/read/all"]) or launch is not None:
        groups.append(author_key(authority))
    if launch is not None:
        groups.append(agent_key(launch.agent))
        if launch.registration is not None:
            groups.append(registration_key(launch.registration))
    return tuple((key,) for key in groups)
