"""Numbers that stand for somebody, found in texts.

``personal-number``  12 digits that stand alone; or with single spaces, dots or hyphens between groups, if they begin
                     with 0, as all that are given at a birth in the country do, or with 999, which is for tests
``phone``            10 digits from 03, 05, 07, 08 or 09 on, or +84 and 9, in the usual groups
``old-number``       9 digits that stand alone and begin with 01 to 38; not with a currency behind them

None is: part of a longer number or word, of a UUID or an IRI (but for a value in an IRI's query), an instant, also one
of 12 digits.
"""

import re
import unicodedata
from datetime import datetime
from typing import Final

# Nothing below can match without so many digits, single signs between them.
_WORTH_A_LOOK: Final = re.compile(r"\d(?:[\s.\-]?\d){8}")
_UUID: Final = re.compile(r"(?i)(?<!\w)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?!\w)")
_IRI: Final = re.compile(r"(?<!\w)[A-Za-z][\w+.\-]*://\S+|urn:\S+")
_INSTANT: Final = re.compile(
    r"(?<!\d)\d{4}-\d\d-\d\d(?:[T ]\d\d:?\d\d(?::?\d\d(?:[.,]\d+)?)?(?:Z|[+\-]\d\d:?\d\d)?)?(?!\d)"
)
_LABEL: Final = r"(?:(?<![\w\-/])|(?<=(?i:cccd))|(?<=(?i:cmnd)))"
_LONE12: Final = re.compile(rf"{_LABEL}(?<!\d\.)(?<!\b\d,)\d{{12}}(?!\w)|(?<=-)(?<!\d-)(?:0\d\d|999)\d{{9}}(?!\w)")
_GROUPS12: Final = re.compile(r"(?<![\w.,])(?:0\d\d|999)(?:[ .\u00a0\-]?\d){9}(?!\w)(?![.\-]\d)")
_LONE9: Final = re.compile(r"(?<![\w.,/:\-])(?:0[1-9]|[12]\d|3[0-8])\d{7}(?!\w)(?![.,\-/]\d)")
_S: Final = r"[ .\u00a0\-]"
_PHONE: Final = re.compile(
    rf"(?<![\w.,/\-])(?:\+?84{_S}?|0)[35789](?:\d{{8}}|\d{{2}}{_S}\d{{3}}{_S}?\d{{3}}|\d{_S}\d{{3}}{_S}?\d{{4}}"
    rf"|\d{{2}}{_S}\d\d{_S}\d\d{_S}\d\d)(?!\w)(?![.,\-]\d)"
)
_CURRENCY: Final = r"\s?(?:đồng|đ|vnđ|vnd|₫|usd|\$|k|nghìn|ngàn|triệu)(?!\w)"
_SUM: Final = re.compile(rf"{_CURRENCY}", re.IGNORECASE)
_AMOUNT: Final = re.compile(rf"\d{_CURRENCY}", re.IGNORECASE)
_ACCOUNT: Final = re.compile(r"(?<!\w)\d(?:[ \u00a0\-]?\d){7,18}(?!\w)")
_DOSSIER: Final = re.compile(
    r"(?<!\w)(?:\d{3}(?:\.\d{1,3}){0,3}\.)?[A-Z]\d{2}(?:\.\d{1,3}){0,4}-\d{6}-\d{3,6}(?!\w)", re.IGNORECASE
)
_IN_QUERY: Final = re.compile(r"[?&;][^=&;#]*=(?:0\d{11}|999\d{9}|0[35789]\d{8})(?!\w)")


def number_in(text: str) -> str | None:
    """Return the rule by which a text holds a number of somebody."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    if not _WORTH_A_LOOK.search(text):
        return None
    plain = _bare(text)
    if any(not is_instant(found[0]) for found in _LONE12.finditer(plain)) or _GROUPS12.search(plain):
        return "personal-number"
    if _PHONE.search(plain):
        return "phone"
    if any(not _SUM.match(plain, found.end()) for found in _LONE9.finditer(plain)):
        return "old-number"
    return None


def _bare(text: str) -> str:
    """Return a text without what only looks like numbers: IRIs, UUIDs and instants."""
    for pattern in (_IRI, _UUID, _INSTANT):
        text = pattern.sub(" \0 ", text)
    return text


def is_instant(digits: str) -> bool:
    """Tell whether 12 digits are year, month, day, hour and minute of our time."""
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M").year // 100 in {19, 20}  # noqa: DTZ007 - of no zone
    except ValueError:
        return False


def queried_in(text: str) -> str | None:
    """Return the rule by which a value in the query of an IRI is a number of somebody."""
    return "personal-number" if "=" in text and _IN_QUERY.search(text) else None


def holds_dossier(text: str) -> bool:
    """Tell whether a text holds the code of a dossier, like H19.12-250701-0001."""
    return _DOSSIER.search(text) is not None


def tells_money(text: str) -> bool:
    """Tell whether a text holds an amount, or digits enough for an account."""
    plain = _bare(unicodedata.normalize("NFKC", text))
    return _AMOUNT.search(plain) is not None or _ACCOUNT.search(plain) is not None
