"""Numbers that stand for somebody, found in texts and IRIs, however they are dressed.

``personal-number``  12 digits that stand alone; with single spaces, dots, hyphens or underscores between groups, if
                     they begin with 0, as all that are given at a birth in the country do, or with 999, which is for
                     tests; glued to letters, or anywhere in an IRI, if they are built as personal numbers are
``phone``            10 digits from 03, 05, 07, 08 or 09 on, or +84 and 9, in the usual groups
``old-number``       9 digits that stand alone and begin with 01 to 38; not with a currency behind them

Built so means: 001 to 096 for the province, a digit for sex and century, two for a year of birth from 1900 to 2029,
six more; or 999 and nine. Digits of all scripts count, what is not printed between them does not.

None is: part of a longer number, of a UUID or a digest, a fraction, an instant, also one of 12 digits, or a time of day
behind its date.
"""

import re
import unicodedata
from datetime import datetime
from typing import Final
from urllib.parse import unquote

# Nothing below can match without so many digits, single signs between them.
_WORTH_A_LOOK: Final = re.compile(r"\d(?:[\s.\-_]?\d){8}")
_OTHER_DIGIT: Final = re.compile(r"(?![0-9])\d")
_DASH: Final = re.compile("[\u2010-\u2015\u2212]")
# Of no width, or parts of the sign before them.
_UNSEEN: Final = re.compile(
    "[\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20e3\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e01ef]"
)
_UUID: Final = re.compile(r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?!\d)")
_DIGEST: Final = re.compile(r"(?i)(?<![0-9a-z])(?:[0-9a-f]{24}|(?:[0-9a-f]{8}){4,16})(?![0-9a-z])")
# Of bounded length, as all that is repeated before a sign that may never come: the search is not to take the square.
_IRI: Final = re.compile(r"(?<!\w)[A-Za-z][\w+.\-]{0,30}://\S+|urn:\S+")
_INSTANT: Final = re.compile(
    r"(?<!\d)\d{4}-\d\d-\d\d(?:[T ]\d\d:?\d\d(?::?\d\d(?:[.,]\d+)?)?(?:Z|[+\-]\d\d:?\d\d)?)?(?!\d)"
)
_STAMP: Final = re.compile(
    r"(?<!\d)20[1-4]\d-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])[T_\-](?:[01]\d|2[0-3])[0-5]\d[0-5]\d\d{0,6}(?!\d)"
)
_ALONE: Final = r"(?<![^\W_])"
_ENDS: Final = r"(?![^\W_])"
_BUILT: Final = r"(?:0(?:0[1-9]|[1-8]\d|9[0-6])(?:[01]\d|[23][0-2])\d{7}|999\d{9})"
_BUILT12: Final = re.compile(rf"(?<!\d)(?<!\d\.)(?<!\b\d,){_BUILT}(?!\d)")
_LONE12: Final = re.compile(rf"{_ALONE}(?<![\-/])(?<!\d\.)(?<!\b\d,)\d{{12}}{_ENDS}")
_GROUPS12: Final = re.compile(rf"{_ALONE}(?<![.,])(?:0\d\d|999)(?:[ .\-_]?\d){{9}}{_ENDS}(?![.\-]\d)")
_CARD: Final = r"(?i:cmnd|cmt|cccd)[ _:\-]?"
_LONE9: Final = re.compile(
    rf"(?:(?<![\w.,/:\-])|{_CARD})(?P<digits>(?:0[1-9]|[12]\d|3[0-8])\d{{7}}){_ENDS}(?![.,\-/]\d)"
)
_CALLED: Final = r"(?i:sdt|đt|dt|tel|phone|mobile|zalo)"
_S: Final = r"[ .\-]"
_PHONE: Final = re.compile(
    rf"(?:{_ALONE}(?<![.,/\-])|{_CALLED})(?:\+?84{_S}?|0)[35789](?:\d{{8}}|\d{{2}}{_S}\d{{3}}{_S}?\d{{3}}"
    rf"|\d{_S}\d{{3}}{_S}?\d{{4}}|\d{{2}}{_S}\d\d{_S}\d\d{_S}\d\d){_ENDS}(?![.,\-]\d)"
)
_CURRENCY: Final = r"\s?(?:đồng|đ|vnđ|vnd|₫|usd|\$|k|nghìn|ngàn|triệu)(?!\w)"
_SUM: Final = re.compile(rf"{_CURRENCY}", re.IGNORECASE)
_AMOUNT: Final = re.compile(rf"\d{_CURRENCY}", re.IGNORECASE)
_ACCOUNT: Final = re.compile(r"(?<!\w)\d(?:[ \u00a0\-]?\d){7,18}(?!\w)")
_DOSSIER: Final = re.compile(
    r"(?<!\w)(?:\d{3}(?:\.\d{1,3}){0,3}\.)?[A-Z]\d{2}(?:\.\d{1,3}){0,4}-\d{6}-\d{3,6}(?!\w)", re.IGNORECASE
)
_IN_QUERY: Final = re.compile(r"[?&;][^=&;#?]{0,100}=0[35789]\d{8}(?!\w)")
_TWICE: Final = 2


def number_in(text: str) -> str | None:
    """Return the rule by which a text holds a number of somebody."""
    whole, alone = _looks(text)
    if not whole:
        return None
    if _personal(whole, alone) is not None:
        return "personal-number"
    if _PHONE.search(alone):
        return "phone"
    if any(not _SUM.match(alone, found.end()) for found in _LONE9.finditer(alone)):
        return "old-number"
    return None


def number_in_iri(iri: str) -> str | None:
    """Return the rule by which an IRI holds a number of somebody: a personal one anywhere, a phone in its query."""
    for _ in range(_TWICE):  # an IRI in an IRI
        iri = unquote(iri) if "%" in iri else iri
    whole, _ = _looks(iri)
    return "personal-number" if whole and (_BUILT12.search(whole) or _IN_QUERY.search(whole)) else None


def personal_number(text: str) -> str | None:
    """Return the 12 digits of the first personal number in a text, however it is spelled."""
    return _personal(*_looks(text))


def old_number(text: str) -> str | None:
    """Return the 9 digits in a text that says of them that they are those of an identity card."""
    found = _LONE9.search(printed(text))
    return found["digits"] if found and found.start() < found.start("digits") else None


def printed(text: str) -> str:
    """Return a text as it looks: with digits of ASCII, plain spaces and hyphens, without signs of no width."""
    if text.isascii():
        return text
    text = _UNSEEN.sub("", unicodedata.normalize("NFKC", text))
    if text.isascii():
        return text
    return _DASH.sub("-", _OTHER_DIGIT.sub(lambda found: str(unicodedata.decimal(found[0])), text))


def _personal(whole: str, alone: str) -> str | None:
    if found := _BUILT12.search(whole):
        return found[0]
    for found in _LONE12.finditer(alone):
        if not is_instant(found[0]):
            return found[0]
    grouped = _GROUPS12.search(alone)
    return re.sub(r"\D", "", grouped[0]) if grouped else None


def _looks(text: str) -> tuple[str, str]:
    """Return what of a text may be numbers, with IRIs and without; empty texts where it is nothing."""
    plain = printed(text)
    # Most texts have no nine digits at all: everything else is for the few.
    if not _WORTH_A_LOOK.search(plain) or not _WORTH_A_LOOK.search(whole := _bare(plain)):
        return "", ""
    return whole, _without_iris(plain) if ":" in plain else whole


def _bare(text: str) -> str:
    """Return a text without what only looks like numbers: UUIDs, digests and instants."""
    for pattern in (_UUID, _DIGEST, _STAMP, _INSTANT):
        text = pattern.sub(" \0 ", text)
    return text


def _without_iris(text: str) -> str:
    return _bare(_IRI.sub(" \0 ", text))


def is_instant(digits: str) -> bool:
    """Tell whether 12 digits are year, month, day, hour and minute of our time."""
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M").year // 100 in {19, 20}  # noqa: DTZ007 - of no zone
    except ValueError:
        return False


def holds_dossier(text: str) -> bool:
    """Tell whether a text holds the code of a dossier, like H19.12-250701-0001."""
    return _DOSSIER.search(text) is not None


def tells_money(text: str) -> bool:
    """Tell whether a text holds an amount, or digits enough for an account."""
    plain = _without_iris(printed(text))
    return _AMOUNT.search(plain) is not None or _ACCOUNT.search(plain) is not None
