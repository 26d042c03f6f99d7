"""Consent of the people concerned, one purpose at a time: what counts as given, and when it stands.

Silence is none, and neither is a blank. The latest that a person has said holds: a consent stands unless somebody said
no, or withdrew, at that instant or later. Who is a child (under 16) needs the representative's consent, and from seven
the child's, too; as nobody's age is known here, both are needed unless it was noted that the child is under seven.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final, Literal, NamedTuple

from schemas.faults import Fault
from schemas.registries.csv_files import day, flag, lines

Giver = Literal["self", "representative", "both"]
Way = Literal["paper", "form", "recording", "message", "setting"]

GIVERS: Final[tuple[Giver, ...]] = ("self", "representative", "both")
WAYS: Final[tuple[Way, ...]] = ("paper", "form", "recording", "message", "setting")
TRAINING: Final = "training"
"""The purpose that training of children is kept for, where a sender's policy asks for consent."""
COLUMNS: Final = (
    "identity",
    "account_home",
    "account_name",
    "purpose",
    "answer",
    "wording",
    "version",
    "language",
    "given_by",
    "how",
    "given",
    "under_7",
)
_YES: Final = frozenset({"yes", "y", "có", "đồng ý", "đồng thuận", "x", "1", "true"})
_NO: Final = frozenset({"no", "n", "không", "ko", "không đồng ý", "từ chối", "0", "false"})
_WORDING: Final = {"wording": "id", "version": "version", "language": "language"}


class Wording(NamedTuple):
    """Which text was shown: its name, version and language."""

    id: str
    version: str
    language: str


class Consent(NamedTuple):
    """What somebody has said about one purpose; ``answer`` False is a no, which withdraws what was said before.

    ``who`` stands for the person everywhere; ``alias`` for the identity as it stood in statements then, where another.
    ``named`` where the identity names somebody: there may be other spellings of it in statements, now or later.
    Instants are microseconds since the epoch. ``due`` is the last day on which a withdrawal may take effect.
    """

    id: str
    who: bytes
    purpose: str
    answer: bool
    given_by: Giver
    how: Way
    given: int
    recorded: int
    recorded_by: str
    wording: Wording | None = None
    under_7: bool = False
    withdrawn: int | None = None
    withdrawn_by: str | None = None
    due: date | None = None
    alias: bytes | None = None
    named: bool = False

    @property
    def ended(self) -> int | None:
        """Return the instant from which nothing that was said until then holds; None where this ends nothing."""
        return self.withdrawn if self.answer else self.given

    @property
    def for_minor(self) -> bool:
        """Tell whether it is enough for a child."""
        return self.given_by == "both" or (self.given_by == "representative" and self.under_7)


class Standing(NamedTuple):
    """The consent that stands, and whether what stands is enough for a child."""

    consent: Consent
    for_minor: bool


def standing_of(consents: Iterable[Consent]) -> Standing | None:
    """Return how one person stands to one purpose, of all that this person has said about it."""
    said = sorted(consents, key=lambda each: (each.given, each.id))
    ended = max((each.ended for each in said if each.ended is not None), default=None)
    left = [each for each in said if each.answer and (ended is None or each.given > ended)]
    return Standing(left[-1], any(each.for_minor for each in left)) if left else None


def answered(text: str | bool | None) -> bool | None:
    """Return what an answer means; None where it says neither yes nor no."""
    if text is None or isinstance(text, bool):
        return text
    word = unicodedata.normalize("NFC", text).strip().casefold()
    return True if word in _YES else False if word in _NO else None


def faults_of(row: Mapping[str, Any], given: int, now: int) -> list[Fault]:
    """Return why a row can be no consent; ``given`` is its instant, as the day and the zone make it."""
    faults = []
    answer = row.get("answer")
    if answer is None or (isinstance(answer, str) and not answer.strip()):
        faults.append(Fault("answer", "silence", "No answer is no consent. Không trả lời không phải là đồng ý."))
    elif (said := answered(answer)) is None:
        faults.append(Fault("answer", "answer", "Say yes or no. Hãy ghi có hoặc không."))
    elif said and "wording" not in row:
        faults.append(Fault("wording", "required", "Say which wording was shown. Hãy ghi văn bản nào đã được đưa ra."))
    if given > now:
        faults.append(Fault("given", "future", "This is yet to come. Ngày này chưa đến."))
    return faults


def read(body: bytes) -> list[tuple[int, dict[str, Any]]]:
    """Return the rows of a file as JSON would have them, with their numbers; raise Refused if it is no such file."""
    return [
        (line.number, _row(line.cells))
        for line in lines(body, COLUMNS, ("purpose", "answer", "given_by", "how", "given"))
    ]


def _row(cells: Mapping[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        name: cells[name] for name in ("identity", "purpose", "answer", "given_by", "how") if name in cells
    }
    if "identity" not in row and "account_home" in cells and "account_name" in cells:
        row["identity"] = f"account:{cells['account_home']} {cells['account_name']}"
    if wording := {name: cells[column] for column, name in _WORDING.items() if column in cells}:
        row["wording"] = wording
    if "given" in cells:
        row["given"] = day(cells["given"])
    if "under_7" in cells:
        row["under_7"] = flag(cells["under_7"])
    return row
