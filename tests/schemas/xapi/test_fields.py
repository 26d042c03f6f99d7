"""Formats, as tables of what they take and what they do not."""

import re
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.xapi import patterns
from schemas.xapi.fields import (
    IRI,
    SHA1,
    SHA2,
    UUID,
    Choice,
    Count,
    Duration,
    Flag,
    KeyIRI,
    LanguageTag,
    Mailbox,
    MediaType,
    Number,
    OpenID,
    Text,
    Timestamp,
    VersionLabel,
)
from schemas.xapi.timestamps import is_timestamp

# A field, the rule it complains of, texts it takes and texts it refuses: split at spaces, or in a list.
WORDS = [
    (
        IRI(),
        "iri",
        "http://ex.vn/a https://học.vn/bài-1?x[]=1&y=%C3%A9#z urn:uuid:6a3c tag:ex.vn,2026:a mailto:a@b.vn a+b.c:d a:b",
        """a /a //ex.vn/a ex.vn/a :a 1a:b http: a:% a:%2 a:%zz a:<b> a:"b a:{b} a:b|c a:b\\c a:b^c a:`b é:a""",
    ),
    (OpenID(), "uri", "https://id.ex.vn/lan https://id.ex.vn/%20", "https://id.ex.vn/học lan"),
    (
        Mailbox(),
        "mailto",
        "mailto:a@b mailto:lan.tran+thi@học.example.vn mailto:o'neil@ex.vn mailto:a%22b@ex.vn mailto:học@ex.vn",
        """a@b.vn mailto:a mailto:@b mailto:a@ mailto:a@b@c MAILTO:a@b mailto:a@b?cc=c@d mailto:a@b,c@d mailto:<a@b>
        http:a@b""",
    ),
    (
        UUID(),
        "uuid",
        """6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d11 6A3C0B8C-51D1-4C0B-9D3B-0D1E6B0E9D11
        00000000-0000-0000-0000-000000000001""",
        """6a3c0b8c51d14c0b9d3b0d1e6b0e9d11 {6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d11}
        6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d111 ga3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d11
        urn:uuid:6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d11""",
    ),
    (
        MediaType(),
        "media-type",
        "text/plain application/vnd.ms-excel application/ld+json;profile=x image/*",
        "text text/ /plain text/plain; text/plain;a text/plain;a= text//plain a/b/c",
    ),
    (
        Duration(),
        "duration",
        "P3Y1M29DT4H35M59.14S PT16559.14S P4W P1.5W P3Y PT0S PT0,5S P0.5D PT1.5H P1Y2D PT1H1S P1DT12H36M0.12567S",
        """P PT P1 1D P1DT P4W1D PA1H P-1D -P1D P1.5DT1H PT1.5H1M PT.5S PT1.S P1S P1M1Y PT1S1M p1d P1H
        P0000-01-01""",
    ),
    (
        LanguageTag(),
        "language",
        """vi VI cmn en-US zh-Hant-TW es-419 de-CH-1996 sl-rozaj-biske-1994 zh-cmn-Hans-CN de-a-value en-x-a-b
        x-nha-rieng i-klingon en-GB-oed sgn-BE-FR zh-min-nan de-a-aa-b-bb-x-a-a und qaa-Qaaa-QM""",
        """a en_US en- -en en--US de-419-DE a-DE ar-a-aaa-b-bbb-a-ccc de-DE-1901-1901 sl-rozaj-ROZAJ en-a i-học x
        tiếng abcdefghi en-US-x zh-z-aaa-z-bbb""",
    ),
    (
        Timestamp("1.0.3"),
        "timestamp",
        "2026-11-20T08:30:00.123+07:00 2026-11-20T08:30:00Z 20261120T083000Z 2024-02-29T00:00:00+0700",
        "2026-02-30T00:00:00Z 2025-02-29T00:00:00Z 2026-11-20T24:01:00Z 01/11/2015 2026-11-20T08:30:00-00:00",
    ),
    (Timestamp("2.0.0"), "timestamp", "2026-11-20T08:30:00+07:00", "2026-11-20T08:30Z 2026-11-20T08:30:00"),
    (VersionLabel("1.0.3"), "version", "1.0 1.0.0 1.0.9", "0.9.9 1.1.0 2.0.0 1 1.0. v1.0.0"),
    (VersionLabel("2.0.0"), "version", "1.0 1.0.9 2.0.0 2.0.1", "0.9.9 1.1.0 2.1.0 3.0.0"),
    (Choice("Agent", "Group"), "choice", "Agent Group", "agent Activity"),
]
LISTS = [
    (IRI(), "iri", [], ["", "a b:c", "http://ex.vn/a b", "http://ex.vn/a\n", " a:b", "a:\x7f", "a:\x85", "a:\ufdd0"]),
    (Mailbox(), "mailto", [], ["", "mailto:a b@c", "mailto:a@b\n", " mailto:a@b", "mailto: a@b", "mailto:a@b\xa0"]),
    (SHA1(), "sha1", ["0" * 40, "aF" * 20], ["0" * 39, "0" * 41, "g" * 40, "0" * 40 + "\n", "", "\u0660" * 40]),
    (SHA2(), "sha2", ["a" * size for size in (56, 64, 96, 128)], ["a" * 40, "a" * 63, "z" * 64, ""]),
    (UUID(), "uuid", [], ["", "6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d11\n"]),
    (MediaType(), "media-type", ['a/b; c="d e;\\""', "a/b ;\tc=d; e=f"], ["", "a /b", 'a/b; c="d']),
    (Duration(), "duration", [], ["", "P1D\n", "P1D "]),
    (LanguageTag(), "language", [], ["", "vi ", "vi\n"]),
    (Timestamp("2.0.0"), "timestamp", [], ["", "2026-11-20T08:30:00Z\n"]),
    (Choice("Agent"), "choice", [], ["", "Agent\n"]),
    (Text(), "string", ["", "\0", "a\nb"], []),
]
TABLE = [(field, rule, good.split(), bad.split()) for field, rule, good, bad in WORDS] + LISTS
TAKEN = [(field, text) for field, _, good, _ in TABLE for text in good]
REFUSED = [(field, text, rule) for field, rule, _, bad in TABLE for text in bad]


def rules(field, value):
    return [complaint.rule for complaint in field.complaints(value)]


@pytest.mark.parametrize(("field", "text"), TAKEN, ids=lambda value: repr(value)[:40])
def test_a_text_of_the_format_is_taken(field, text):
    assert rules(field, text) == []


@pytest.mark.parametrize(("field", "text", "rule"), REFUSED, ids=lambda value: repr(value)[:40])
def test_a_text_of_another_format_is_refused(field, text, rule):
    assert rules(field, text) == [rule]


@pytest.mark.parametrize("field", [row[0] for row in WORDS], ids=lambda field: type(field).__name__)
@pytest.mark.parametrize("value", [1, Decimal(1), True, {}, [], ["a"]])
def test_a_text_is_nothing_but_a_string(field, value):
    assert rules(field, value) == ["string"]


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        (Number(), [0, -1, 10**400, Decimal("0.1"), Decimal("1E-400")], ["1", True, None, [], {}, 0.5]),
        (Count(), [0, 1, 2**70], [-1, Decimal(1), "1", True, None]),
        (Flag(), [True, False], [0, 1, "true", None]),
    ],
)
def test_numbers_and_flags_are_of_their_own_type(field, good, bad):
    assert not any(rules(field, value) for value in good)
    assert all(rules(field, value) for value in bad)


def test_what_statements_are_looked_up_by_is_bounded():
    assert rules(KeyIRI(), "a:" + "b" * 2046) == []
    assert rules(KeyIRI(), "a:" + "b" * 2047) == ["too-long"]
    assert rules(Mailbox(), f"mailto:a@{'b' * 2048}") == ["too-long"]
    assert rules(IRI(), "a:" + "b" * 5000) == []


@given(st.from_regex(re.compile(patterns.PLAIN_LANGUAGE)))
def test_a_plain_language_tag_is_always_a_language_tag(tag):
    assert rules(LanguageTag(), tag) == []


@given(st.from_regex(re.compile(patterns.PLAIN_TIMESTAMP)))
def test_a_plain_timestamp_is_always_a_timestamp(text):
    assert is_timestamp(text, "1.0.3")
    assert is_timestamp(text, "2.0.0")


HOSTILE = {
    "IRI": "a:" + "%20" * 300_000 + " ",
    "URI": "a:" + "b" * 1_000_000 + " ",
    "MAILTO": "mailto:" + "a" * 1_000_000,
    "MEDIA_TYPE": 'a/a;a="' + "\\a" * 500_000,
    "DURATION": "P" + "1" * 1_000_000,
    "LANGUAGE": "aa" + "-aaaaa" * 150_000 + "!",
    "PLAIN_TIMESTAMP": "2026-01-01T00:00:00." + "1" * 1_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_pattern_takes_time_in_proportion_to_the_text(name):
    before = time.process_time()
    assert not re.search(getattr(patterns, name), HOSTILE[name])
    assert time.process_time() - before < 0.3
