"""What one statement says about training: the little that records and reports need, in our words."""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

import msgspec

from schemas.training.terms import UNKNOWN
from schemas.training.vocabulary import Vocabulary


class Place(NamedTuple):
    """An administrative unit as a source names it: codes are re-used, so the date is part of the name."""

    code: str
    as_of: date | None


class Headcount(NamedTuple):
    """People reached and not known: all, and by age band, sorted."""

    total: int
    bands: tuple[tuple[str, int], ...]


class Skill(NamedTuple):
    """A node of a framework of skills, and the level in it; "" where it is not said."""

    framework: str
    version: str
    code: str
    level: str


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What counts of one statement. Everything is bounded in size, whatever was sent, except the members of groups."""

    statement_id: str
    timestamp: int  # microseconds since 1970 UTC
    learner: str | None  # identity of the actor; None for an anonymous Group
    is_group: bool
    verb: str  # one of terms.VERBS
    activity: str  # its id
    type: str  # our word, or the IRI where we have none, or "" where none was given
    kind: str  # one of terms.KINDS
    member_learners: tuple[str, ...] = ()  # identities of a Group's members, sorted
    mentored: str | None = None  # identity of the object of `mentored`
    registration: str | None = None  # in lower case
    success: bool | None = None
    completion: bool | None = None
    scaled: str | None = None  # a plain decimal number, -1 to 1, without needless zeros
    seconds: int | None = None  # whole, so that sums are the same in any order
    unit: Place | None = None  # of delivery
    residence: Place | None = None
    hamlet: str | None = None
    programmes: tuple[str, ...] = ()  # codes, or IRIs where no code is known, sorted
    groups: tuple[str, ...] = ()  # of terms.GROUPS or "unknown", sorted
    age_band: str = UNKNOWN
    mode: str = UNKNOWN
    assisted: str = UNKNOWN
    level: str | None = None  # of an electronic identity
    headcount: Headcount | None = None
    team: str | None = None  # identity
    instructors: tuple[str, ...] = ()  # identities, sorted
    organisation: str | None = None  # code
    skill: Skill | None = None
    platform: str | None = None  # IRI
    procedure: str | None = None  # IRI of a type of public-service procedure
    skew_seconds: int | None = None  # of the device's clock, as it says
    flags: tuple[str, ...] = ()  # what was sent and could not be used, sorted


def facts_of(statement: Mapping[str, Any], vocabulary: Vocabulary) -> Facts | None:
    """Return what counts of a valid statement of either version; None where nothing does.

    Never raises on a valid statement: what an extension should not hold becomes a flag. The order of members plays
    no part.
    """
    raise NotImplementedError
