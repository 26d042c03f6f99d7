import json
import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.faults import Refused
from schemas.xapi.parsing import DEEPEST, MOST_DIGITS, MOST_VALUES, parse_json

MEGABYTES_16 = 16 * 1024 * 1024
# Half of it on an idle machine.
AROUND_A_SECOND = 1.5


def faults(body, path=""):
    with pytest.raises(Refused) as refused:
        parse_json(body, path=path)
    return [(fault.path, fault.rule) for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"null", None),
        (b' {"a": [true, false, ""]} \n', {"a": [True, False, ""]}),
        (b"0.10", Decimal("0.10")),
        (b"123456789012345678901234567890", 123456789012345678901234567890),
        (b"1.2345678901234567891", Decimal("1.2345678901234567891")),
        (b"1e308", Decimal("1E+308")),
        (b"1E-400", Decimal("1E-400")),
        (b"-0.0", Decimal("-0.0")),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\\\ud83d"', "\\ud83d"),
        (b'"a\\u0000b"', "a\0b"),
        ('{"học": "ử"}'.encode(), {"học": "ử"}),
        (b"9" * MOST_DIGITS, 10**MOST_DIGITS - 1),
        (b"[" * DEEPEST + b"]" * DEEPEST, None),
    ],
)
def test_json_is_read_exactly(body, value):
    parsed = parse_json(body)
    if value is not None:
        assert parsed == value
        assert type(parsed) is type(value)
        assert str(parsed) == str(value)


HOSTILE = [
    (b"", [("", "json")]),
    (b"{} {}", [("", "json")]),
    (b"{'a': 1}", [("", "json")]),
    (b'"a\nb"', [("", "json")]),
    (b"[01]", [("", "json")]),
    (b"\xef\xbb\xbf{}", [("", "json")]),
    (b'"\xff"', [("", "json")]),
    (b'"\xed\xa0\x80"', [("", "json")]),
    ('{"a": 1}'.encode("utf-16"), [("", "json")]),
    (b'{"a": 1, "a": 1}', [("a", "duplicate-key")]),
    (b'[{"b": {"a": 1, "\\u0061": 2}}]', [("[0].b.a", "duplicate-key")]),
    (b'{"a": 1, "a": 1} x', [("", "json")]),
    (b'{"a": NaN, "b": [-Infinity]}', [("a", "number"), ("b[0]", "number")]),
    (b"NaN", [("", "number")]),
    (b"[1, 1E400]", [("[1]", "number")]),
    (b"-1e309", [("", "number")]),
    (b"1e99999999999999999999", [("", "number")]),
    (b"1e-99999999999999999999", [("", "number")]),
    (b"1" * (MOST_DIGITS + 1), [("", "number")]),
    (b'{"a": 1.%s}' % (b"1" * MOST_DIGITS), [("a", "number")]),
    (b'{"a": "\\ud800"}', [("a", "surrogate")]),
    (b'"\\ude00\\ud83d"', [("", "surrogate")]),
    (b'{"\\uD800": 1}', [('["?"]', "surrogate")]),
    (b'{"a\\u0000": 1}', [('["a\\u0000"]', "nul")]),
    (b'{"a": 1, "a": NaN, "b": "\\udc00"}', [("a", "duplicate-key"), ("a", "number"), ("b", "surrogate")]),
]


@pytest.mark.parametrize(("body", "expected"), HOSTILE)
def test_what_is_no_strict_json_is_refused_with_its_place(body, expected):
    assert faults(body) == expected


def test_a_fault_is_told_below_the_path_given():
    assert faults(b'{"a": [NaN]}', path="agent") == [("agent.a[0]", "number")]
    assert faults(b"", path="agent") == [("agent", "json")]


@pytest.mark.parametrize("levels", [65, 500, 5_000, 100_000])
@pytest.mark.parametrize(("opened", "closed"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")])
def test_nesting_is_bounded(levels, opened, closed):
    found = faults(opened * levels + b"1" + closed * levels)
    assert [rule for _, rule in found] == ["depth"]
    assert [rule for _, rule in faults(opened * levels)] in (["depth"], ["json"])


def test_brackets_inside_strings_do_not_nest():
    assert parse_json(b'["%s"]' % (b"[" * 1000)) == ["[" * 1000]


def test_no_more_faults_are_told_than_anyone_reads():
    assert len(faults(b"[" + b"NaN," * 1000 + b"1]")) == 50


def test_a_refusal_does_not_repeat_what_was_sent():
    with pytest.raises(Refused) as refused:
        parse_json(b'{"%s": 1, "%s": 2}' % (b"secret" * 100, b"secret" * 100))
    assert len(str(refused.value)) < 200


def test_values_are_counted_outside_strings_only():
    many = b"," * (MOST_VALUES + 1)
    assert parse_json(b'["%s", "\\"%s"]' % (many, many)) == [many.decode(), '"' + many.decode()]
    assert faults(b"[0" + b",0" * MOST_VALUES + b"]") == [("", "size")]


GIANTS = {
    "opening brackets": b"[",
    "opening braces": b'{"a":',
    "empty objects": b"{},",
    "numbers": b"1.5,",
    "huge exponents": b"1e400,",
    "digits": b"1",
    "quotes": b'"',
    "backslashes": b"\\",
    "quotes and commas": b'",',
    "escapes": b"\\ud83d",
    "spaces": b" ",
    "zeros": b"\0",
}


@pytest.mark.parametrize("start", [b"", b"[", b'"', b'{"a":"'], ids=["bare", "array", "string", "member"])
@pytest.mark.parametrize("name", GIANTS)
def test_sixteen_megabytes_are_refused_or_read_within_a_second(name, start):
    part = GIANTS[name]
    body = start + part * (MEGABYTES_16 // len(part))
    before = time.process_time()
    with pytest.raises(Refused):
        parse_json(body)
    assert time.process_time() - before < AROUND_A_SECOND


def test_a_key_twice_at_the_end_of_many_is_found_within_a_second():
    body = b'[{%s}, {"a": 1, "a": 2}]' % b",".join(b'"%d":1' % number for number in range(MOST_VALUES - 10))
    before = time.process_time()
    assert faults(body) == [("[1].a", "duplicate-key")]
    assert time.process_time() - before < AROUND_A_SECOND


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | st.text('{}[]",:\\u0d8eE+-.1 nulltrefasNI\0\ufeff', max_size=60).map(str.encode))
def test_any_bytes_are_read_as_the_standard_library_reads_them_or_refused(body):
    try:
        value = parse_json(body)
    except Refused:
        return
    assert value == json.loads(body, parse_float=Decimal)
