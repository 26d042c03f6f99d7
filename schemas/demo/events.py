"""What happened, before anybody wrote it down in xAPI."""

from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from schemas.demo.places import Person
from schemas.registries.unit_rows import Unit

LITERACY: Final = "192/KH-UBND:2025"
RESOLUTION: Final = "57-NQ/TW"
EMULATION: Final = "217/KH-UBND:2025"

Form = Literal["profile", "moodle", "foreign"]
"""How it is written: by our profile, as Moodle's plugin does, or by a tool whose words nobody here knows."""


class Event(msgspec.Struct, kw_only=True, frozen=True):
    """Somebody did something somewhere. ``verb`` and ``type`` are our words; "" for a verb that counts nowhere."""

    id: str
    at: datetime
    verb: str
    type: str
    activity: str
    title: str
    registration: str
    unit: Unit
    person: Person | None = None
    group: str | None = None  # the account of a team or an office that acts itself
    about: Person | None = None  # whom a helper mentored
    form: Form = "profile"
    hamlet: str | None = None
    programmes: tuple[str, ...] = ()
    mode: str | None = None
    team: str | None = None
    instructor: str | None = None
    organisation: str | None = None
    platform: str | None = None
    parent: tuple[str, str] | None = None  # an activity around it, and its type
    source: str | None = None  # the id of the statement that a survey is about
    is_import: bool = False
    minutes: int | None = None
    scaled: float | None = None
    success: bool | None = None
    assisted: str | None = None
    level: int | None = None
    headcount: dict[str, int] | None = None
    skill: dict[str, Any] | None = None


class Voiding(msgspec.Struct, frozen=True):
    """Somebody took back what was told in error."""

    id: str
    at: datetime
    target: str
