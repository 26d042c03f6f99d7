"""Scopes, and the rights that they give.

A *scope* is what a credential was granted, in the words of the specification (Communication 4.0) and, beside xAPI, in
ours. A *right* is what one thing that can be done here asks for.
"""

from collections.abc import Set as AbstractSet
from typing import Final

from schemas.api.members import Role

MINE: Final = "statements/read/mine"
DEFAULT: Final = frozenset({"statements/write"})
"""What a new credential may do unless more is asked for."""

XAPI: Final = frozenset(
    {"statements/write", MINE, "statements/read", "state", "define", "profile", "all/read", "all"},
)
"""The scopes of the specification. ``all`` is about xAPI only: it administers nothing."""
GUARDED: Final = frozenset({"admin", "credentials", "share", "audit/read", "subjects"})
"""Scopes that only ``admin`` may grant: whoever hands out keys must not make itself more than it is."""
OWN: Final = frozenset({"records/read", "reports/read", "imports/write"}) | GUARDED
SCOPES: Final = XAPI | OWN

_EVERYTHING: Final = frozenset({"all/read", "all"})
ALLOWED_BY: Final[dict[str, frozenset[str]]] = {
    "statements/read": frozenset({MINE, "statements/read"}) | _EVERYTHING,
    "statements/read/all": frozenset({"statements/read"}) | _EVERYTHING,
    "statements/write": frozenset({"statements/write", "all"}),
    "state/read": frozenset({"state"}) | _EVERYTHING,
    "state": frozenset({"state", "all"}),
    "profile/read": frozenset({"profile"}) | _EVERYTHING,
    "profile": frozenset({"profile", "all"}),
    "activities/read": frozenset({"define", "statements/read"}) | _EVERYTHING,
    "agents/read": frozenset({MINE, "statements/read"}) | _EVERYTHING,
    "define": frozenset({"define", "all"}),
    "records/read": frozenset({"records/read"}),
    "records/read/own": frozenset({"records/read"}),
    "reports/read": frozenset({"reports/read", "records/read"}),
    "imports/write": frozenset({"imports/write"}),
    "share": frozenset({"share"}),
    "shared/read": frozenset({"share", "records/read"}),
    "audit/read": frozenset({"audit/read"}),
    "subjects": frozenset({"subjects"}),
    "dossier": frozenset({"admin", "audit/read"}),
    "credentials": frozenset({"credentials", "admin"}),
    "admin": frozenset({"admin"}),
}
"""Every right, with the scopes of which one is enough."""

BOUND: Final = frozenset({"statements/write", MINE, "statements/read", "records/read"})
"""The scopes that a credential may have which is bound to an organisation or a team."""
RIGHTS_OF_BOUND: Final = frozenset(
    {"statements/write", "statements/read", "statements/read/all", "agents/read", "records/read/own"},
)
"""What such a credential may do with them. What is not named here knows nothing of bounds, and is not for it."""

ROLES: Final[dict[Role, frozenset[str]]] = {
    "owner": OWN,
    "operator": frozenset({"credentials", "records/read", "reports/read", "imports/write", "subjects"}),
    "analyst": frozenset({"records/read", "reports/read"}),
    "auditor": frozenset({"audit/read"}),
}
"""What people who administer an organisation may do."""


def grantable(scopes: AbstractSet[str]) -> frozenset[str]:
    """Return the scopes that a holder of these may give to a credential."""
    if "admin" in scopes:
        return SCOPES
    return SCOPES - GUARDED if "credentials" in scopes else frozenset()
