"""What an organisation has decided about the data of people: deadlines, how long things are kept, facts to be told."""

from collections.abc import Iterator
from typing import Any, Final, Literal, get_args

import msgspec

from schemas.registries.labels import Labels
from schemas.subjects.calendar import Term

RequestType = Literal["access", "correct", "restrict", "unrestrict", "erase", "withdraw", "object"]
REQUEST_TYPES: Final[tuple[RequestType, ...]] = get_args(RequestType)
Kept = Literal["statements", "documents", "attachments", "refusals"]
KEPT: Final[tuple[Kept, ...]] = get_args(Kept)
"""What can be kept for so many months; of attachments only what they hold, of refusals all that is told of them."""


class Deadlines(msgspec.Struct, frozen=True):
    """How long each step may take; ``extension`` is what one of them may be lengthened by, once."""

    acknowledge: Term = Term(2, "working")
    access: Term = Term(10)
    correct: Term = Term(10)
    restrict: Term = Term(15)
    unrestrict: Term = Term(15)
    erase: Term = Term(20)
    withdraw: Term = Term(15)
    object: Term = Term(15)
    extension: Term = Term(15)

    def of(self, kind: RequestType) -> Term:
        """Return how long a request may take."""
        found: Term = getattr(self, kind)
        return found


class Retention(msgspec.Struct, frozen=True):
    """Months that each kind is kept, None for ever."""

    statements: int | None = None
    documents: int | None = None
    attachments: int | None = None
    refusals: int | None = None

    def set(self) -> dict[Kept, int]:
        """Return what is not kept for ever."""
        return {kind: months for kind in KEPT if (months := getattr(self, kind)) is not None}


class Contact(msgspec.Struct, frozen=True):
    """Somebody who answers, and how they are reached."""

    name: str = ""
    contact: str = ""


class Facts(msgspec.Struct, frozen=True):
    """What the dossier cannot know by itself; texts by language."""

    controller: Contact = Contact()
    officer: Contact = Contact()
    purposes: Labels = {}
    measures: Labels = {}


class Policies(msgspec.Struct, frozen=True):
    """All of it; what was never set is as the law has it, or empty."""

    deadlines: Deadlines = Deadlines()
    retention: Retention = Retention()
    facts: Facts = Facts()

    def text(self) -> bytes:
        """Return it as JSON."""
        return msgspec.json.encode(self)

    @classmethod
    def parse(cls, text: bytes) -> "Policies":
        """Return what ``text`` made."""
        return msgspec.json.decode(text, type=cls)

    def changes(self, before: "Policies") -> Iterator[tuple[str, Any]]:
        """Yield what is another than before, by names such as ``deadlines.erase``."""
        for part in self.__struct_fields__:
            new, old = getattr(self, part), getattr(before, part)
            for name in new.__struct_fields__:
                if (value := getattr(new, name)) != getattr(old, name):
                    yield f"{part}.{name}", value
