"""The formats of the specification as patterns: precompiled, whole, and linear in the length of the text.

Possessive quantifiers (``++``, ``*+``) keep hostile text from making the engine try again and again.
Some formats have a narrower pattern beside the whole truth: what it finds is valid without further thought,
so the compiled decoder may say yes by it. ``tests`` holds the one to the other.
"""

from typing import Final

# RFC 3987: a scheme is a must. Brackets pass anywhere, not only in IPv6 hosts: browsers leave them in
# queries, and activities are named after addresses copied from browsers.
_IRI_ASCII: Final = r"A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;="
_IRI_OTHER: Final = "\u00a0-\ud7ff\ue000-\ufdcf\ufdf0-\uffef\U00010000-\U0010fffd"
_SCHEME: Final = r"[A-Za-z][A-Za-z0-9+.\-]*+:"
_ESCAPE: Final = r"%[0-9A-Fa-f]{2}"
IRI: Final = rf"\A{_SCHEME}(?:[{_IRI_ASCII}]++|{_ESCAPE}|[{_IRI_OTHER}]++)++\Z"
URI: Final = rf"\A{_SCHEME}(?:[{_IRI_ASCII}]++|{_ESCAPE})++\Z"

# RFC 6068, one address and no header fields; non-ASCII names and domains are addresses too (RFC 6531).
_ADDRESS: Final = r"[^\s@<>\"\\?#,\x00-\x1f\x7f-\x9f]++"
MAILTO: Final = rf"\Amailto:{_ADDRESS}@{_ADDRESS}\Z"

SHA1: Final = r"\A[0-9A-Fa-f]{40}\Z"
# SHA-224, 256, 384 and 512 in hexadecimal.
SHA2: Final = r"\A(?:[0-9A-Fa-f]{56}|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{96}|[0-9A-Fa-f]{128})\Z"
UUID: Final = r"\A[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}\Z"

# RFC 9110, 8.3.1.
_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"  # noqa: S105  # a word of RFC 9110, nothing secret
_QUOTED: Final = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\U0010ffff]|\\[\t \x21-\x7e])*+"'
MEDIA_TYPE: Final = rf"\A{_TOKEN}/{_TOKEN}(?:[ \t]*+;[ \t]*+{_TOKEN}=(?:{_TOKEN}|{_QUOTED}))*+\Z"

# ISO 8601:2004, 4.4.3.2: weeks alone or the rest; at least one part; a fraction in the last part only.
_NUMBER: Final = r"[0-9]++(?:[.,][0-9]++(?=[YMWDHS]\Z))?"
_CLOCK: Final = rf"T(?=[0-9])(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?"
_PARTS: Final = rf"(?=[0-9T])(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}D)?(?:{_CLOCK})?"
DURATION: Final = rf"\AP(?:{_NUMBER}W|{_PARTS})\Z"

# RFC 5646, 2.1. What repeats (a variant, an extension) is for `fields.LanguageTag` to find.
_END: Final = r"(?![A-Za-z0-9])"
_LANGUAGE: Final = rf"(?:[A-Za-z]{{2,3}}(?:-[A-Za-z]{{3}}{_END}){{0,3}}+|[A-Za-z]{{4,8}})"
_SCRIPT_REGION: Final = rf"(?:-[A-Za-z]{{4}}{_END})?+(?:-(?:[A-Za-z]{{2}}|[0-9]{{3}}){_END})?+"
_VARIANTS: Final = rf"(?:-(?:[A-Za-z0-9]{{5,8}}|[0-9][A-Za-z0-9]{{3}}){_END})*+"
_EXTENSIONS: Final = rf"(?:-[A-WY-Za-wy-z0-9](?:-[A-Za-z0-9]{{2,8}}{_END})++)*+"
_PRIVATE: Final = rf"[Xx](?:-[A-Za-z0-9]{{1,8}}{_END})++"
_TAG: Final = rf"{_LANGUAGE}{_SCRIPT_REGION}{_VARIANTS}{_EXTENSIONS}(?:-{_PRIVATE})?+"
# Tags older than the grammar, which it does not cover (those it covers need no list).
_IRREGULAR: Final = (
    r"(?i:en-gb-oed|sgn-(?:be-fr|be-nl|ch-de)"
    r"|i-(?:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu))"
)
LANGUAGE: Final = rf"\A(?:{_TAG}|{_PRIVATE}|{_IRREGULAR})\Z"
PLAIN_LANGUAGE: Final = r"\A[A-Za-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?\Z"

# A timestamp as programs write it, on a day that every calendar has; the rest is for `timestamps` to judge.
_DAY: Final = r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
_TIME: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?"
PLAIN_TIMESTAMP: Final = rf"\A(?:19|20)[0-9]{{2}}-{_DAY}T{_TIME}(?:Z|\+(?:0[0-9]|1[0-4]):[0-5][0-9])\Z"
