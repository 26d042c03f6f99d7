"""What a launch is confined to: one learner, one activity, and one registration where it is bound to one.

A launch token sits in a browser, in the learner's own hands. Whatever it was granted, it writes only statements by its
learner about its activity, keeps only their state, and reads of nobody and nothing else.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lrs.errors import Forbidden
from lrs.services.principals import Launch, Principal
from schemas.faults import Fault
from schemas.xapi.identity import identity
from schemas.xapi.keys import is_voiding
from schemas.xapi.paths import member
from schemas.xapi.resource_queries import DocumentQuery

RULE: Final = "launch"

_TITLE: Final = "This launch does not allow this"
_LEARNER: Final = Fault("agent", RULE, "must be the learner of this launch")
_ACTIVITY: Final = Fault("activityId", RULE, "must be the activity of this launch")
_REGISTRATION: Final = Fault("registration", RULE, "must be the registration of this launch")
_PROFILE: Final = Fault("", RULE, "profiles can only be read in a launch")


def refuse_launch(principal: Principal) -> None:
    """Raise Forbidden in a launch."""
    if principal.launch is not None:
        raise Forbidden(_TITLE, [Fault("", RULE, "a launch gives no access to this")])


def confine_statement(principal: Principal, statement: Mapping[str, Any], path: str = "") -> None:
    """Raise Forbidden for a statement that a launch may not write; ``path`` is where it stood in the request."""
    launch = principal.launch
    if launch is None:
        return
    if faults := list(_faults(launch, statement, path)):
        raise Forbidden(_TITLE, faults)


def _faults(launch: Launch, statement: Mapping[str, Any], path: str) -> Iterator[Fault]:
    actor, context = statement["actor"], statement.get("context", {})
    # A Group could name others as its members, and so write into their records.
    if actor.get("objectType", "Agent") != "Agent" or identity(actor) != identity(launch.agent):
        yield Fault(member(path, "actor"), RULE, "must be the learner of this launch")
    if is_voiding(statement):
        yield Fault(member(path, "verb"), RULE, "nothing can be voided in a launch")
    if launch.registration is not None and context.get("registration", "").lower() != launch.registration.lower():
        yield Fault(member(member(path, "context"), "registration"), RULE, "must be the registration of this launch")
    if launch.activity not in _activities(statement):
        message = "must be the activity of this launch, or have it among its contextActivities"
        yield Fault(member(path, "object"), RULE, message)


def _activities(statement: Mapping[str, Any]) -> Iterator[str]:
    """Yield the ids of the Activities that a statement itself is about."""
    found = statement["object"]
    if found.get("objectType", "Activity") == "Activity":
        yield found["id"]
    for several in statement.get("context", {}).get("contextActivities", {}).values():
        for each in [several] if isinstance(several, dict) else several:
            yield each["id"]


def confine_document(principal: Principal, query: DocumentQuery, *, writes: bool) -> None:
    """Raise Forbidden for a document, or for several, that are not all of the launch."""
    launch = principal.launch
    if launch is None:
        return
    faults = [_PROFILE] if writes and query.kind != "state" else []
    if query.kind != "agent profile" and query.activity != launch.activity:
        faults.append(_ACTIVITY)
    if query.kind != "activity profile" and query.agent != identity(launch.agent):
        faults.append(_LEARNER)
    bound = launch.registration.lower() if launch.registration is not None else None
    if query.kind == "state" and bound is not None and query.registration != bound:
        faults.append(_REGISTRATION)
    if faults:
        raise Forbidden(_TITLE, faults)


def confine_agent(principal: Principal, agent: Mapping[str, Any]) -> None:
    """Raise Forbidden for any but the learner of a launch."""
    launch = principal.launch
    if launch is not None and identity(agent) != identity(launch.agent):
        raise Forbidden(_TITLE, [_LEARNER])


def confine_activity(principal: Principal, activity: str) -> None:
    """Raise Forbidden for any but the activity of a launch."""
    launch = principal.launch
    if launch is not None and activity != launch.activity:
        raise Forbidden(_TITLE, [_ACTIVITY])
