"""What a registry of units is made of: units, and links that say what became of them."""

from datetime import date
from typing import Final, Literal

import msgspec

Kind = Literal["province", "city", "district", "commune", "ward", "township", "special-zone"]
Extent = Literal["whole", "unchanged", "renamed", "part"]

KINDS: Final[dict[str, int]] = {
    "province": 2,
    "city": 2,
    "district": 3,
    "commune": 5,
    "ward": 5,
    "township": 5,
    "special-zone": 5,
}
"""The kinds of units, each with the number of digits of its codes."""

EXTENTS: Final[tuple[Extent, ...]] = ("whole", "unchanged", "renamed", "part")

_PREFIXES: Final = ("Tỉnh ", "Thành phố ", "Huyện ", "Quận ", "Thị xã ", "Xã ", "Phường ", "Thị trấn ", "Đặc khu ")


class Unit(msgspec.Struct, frozen=True, omit_defaults=True):
    """A unit from one day to another, which is the first on which it is no more.

    ``parent`` is the code of the unit around it, ``within`` says where it lies in words where that is no unit of the
    registry.
    """

    code: str
    name: str
    kind: Kind
    parent: str = ""
    within: str = ""
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def key(self) -> str:
        """Return what names it for ever: ``25195@2025-07-01``."""
        return f"{self.code}@{self.valid_from or ''}"

    @property
    def begins(self) -> date:
        """Return its first day."""
        return self.valid_from or date.min

    @property
    def ends(self) -> date:
        """Return the first day on which it is no more."""
        return self.valid_to or date.max

    def holds(self, day: date) -> bool:
        """Tell whether it is there on a day; one without an end is on the last of the calendar, too."""
        return self.begins <= day and (self.valid_to is None or day < self.valid_to)

    @property
    def bare(self) -> str:
        """Return the name without the word for its kind."""
        return next((self.name[len(each) :] for each in _PREFIXES if self.name.startswith(each)), self.name)


class Link(msgspec.Struct, frozen=True):
    """What became of the unit that had ``old_code`` until the day: all or a part of it went to ``new_code``.

    ``whole``: it was joined with others; ``unchanged`` and ``renamed``: the same area goes on by itself.
    """

    old_code: str
    new_code: str
    extent: Extent
    effective: date
