"""What a launch is confined to: one learner, one activity, and one registration where it is bound to one.

A launch token sits in a browser, in the learner's own hands: who may open one course must not certify himself another
one. So whatever it was granted, it writes only statements by its learner about its activity, keeps only their state,
and reads of nobody and nothing else.

To the activity belongs what its id begins: players name the parts of a course ``COURSE/slide``, ``COURSE#quiz``,
``COURSE?subContentId=...`` or ``COURSE&subContentId=...``. What is named otherwise, whoever makes the launch names.
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

_BOUNDARIES: Final = tuple("/#?&")
_TITLE: Final = "This launch does not allow this"
_BELONG: Final = "be the activity of this launch, a part of it, or named with it"
_LEARNER: Final = Fault("agent", RULE, "must be the learner of this launch")
_ACTIVITY: Final = Fault("activityId", RULE, f"must {_BELONG}")
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
    if not _is_learner(launch, actor):
        yield Fault(member(path, "actor"), RULE, "must be the learner of this launch")
    if is_voiding(statement):
        yield Fault(member(path, "verb"), RULE, "nothing can be voided in a launch")
    if launch.registration is not None and context.get("registration", "").lower() != launch.registration.lower():
        yield Fault(member(member(path, "context"), "registration"), RULE, "must be the registration of this launch")
    yield from _about(launch, statement["object"], member(path, "object"))
    # Records count an attempt for the activity that it names as its parent.
    parents = context.get("contextActivities", {}).get("parent", ())
    if not all(_belongs(launch, each["id"]) for each in ([parents] if isinstance(parents, dict) else parents)):
        place = member(member(member(path, "context"), "contextActivities"), "parent")
        yield Fault(place, RULE, f"must all {_BELONG}")


def _about(launch: Launch, found: Mapping[str, Any], path: str) -> Iterator[Fault]:
    """Yield what is wrong with an object. That the activity stands in the context is not enough for any other one."""
    kind = found.get("objectType", "Activity")
    if kind == "SubStatement":
        if not _is_learner(launch, found["actor"]):
            yield Fault(member(path, "actor"), RULE, "must be the learner of this launch")
        yield from _about(launch, found["object"], member(path, "object"))
    elif kind == "Activity":
        if not _belongs(launch, found["id"]):
            yield Fault(path, RULE, f"must {_BELONG}")
    elif not _is_learner(launch, found):
        yield Fault(path, RULE, "must be the activity of this launch, or its learner")


def _is_learner(launch: Launch, actor: Mapping[str, Any]) -> bool:
    # A Group could name others as its members, and so write into their records.
    return actor.get("objectType", "Agent") == "Agent" and identity(actor) == identity(launch.agent)


def _belongs(launch: Launch, activity: str) -> bool:
    """Tell whether an activity is that of a launch, a part of it, or was named with it."""
    whole = launch.activity
    if activity == whole or activity in launch.activities:
        return True
    return activity.startswith(whole) and (whole.endswith("/") or activity[len(whole) :].startswith(_BOUNDARIES))


def confine_document(principal: Principal, query: DocumentQuery, *, writes: bool) -> None:
    """Raise Forbidden for a document, or for several, that are not all of the launch."""
    launch = principal.launch
    if launch is None:
        return
    faults = [_PROFILE] if writes and query.kind != "state" else []
    if query.kind != "agent profile" and not _belongs(launch, query.activity or ""):
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
    if launch is not None and not _belongs(launch, activity):
        raise Forbidden(_TITLE, [_ACTIVITY])
