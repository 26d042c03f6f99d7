"""Requests of the people whom data is about: what there is to ask for, to answer, and when an answer is late."""

from collections.abc import Set as AbstractSet
from datetime import date
from typing import Final, Literal, NamedTuple, get_args

from schemas.subjects.calendar import due
from schemas.subjects.policies import Deadlines, RequestType

State = Literal["received", "acknowledged", "fulfilled", "refused"]
STATES: Final[tuple[State, ...]] = get_args(State)
OPEN: Final[frozenset[State]] = frozenset({"received", "acknowledged"})
CHANNELS: Final = ("office", "paper", "mail", "phone", "message", "web", "other")
EXTENSIONS: Final = ("complex", "many-requests", "third-party", "other")
"""Why it takes longer; third-party: a processor or a partner must act, too."""
REFUSALS: Final = (
    "identity-not-proven",
    "not-ours",
    "law-requires-keeping",
    "rights-of-others",
    "unfounded",
    "repeated",
    "other",
)
CORRECTIONS: Final = (
    "wrong-person",
    "wrong-activity",
    "wrong-result",
    "wrong-time",
    "wrong-place",
    "duplicate",
    "other",
)


class Due(NamedTuple):
    """The last days to say that a request has arrived, and to do what it asks for."""

    acknowledge: date
    fulfil: date


def due_days(kind: RequestType, received: date, deadlines: Deadlines, holidays: AbstractSet[date]) -> Due:
    """Return when a request that was received on a day is due."""
    return Due(due(received, deadlines.acknowledge, holidays), due(received, deadlines.of(kind), holidays))


def is_overdue(state: State, days: Due, today: date) -> bool:
    """Tell whether an answer is late: the last day has passed and it is not there."""
    return state in OPEN and (days.fulfil < today or (state == "received" and days.acknowledge < today))
