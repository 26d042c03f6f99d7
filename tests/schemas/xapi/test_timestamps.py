from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.xapi.timestamps import is_timestamp, iso, microseconds

BOTH = ["1.0.3", "2.0.0"]


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ("2026-11-23T05:06:07Z", BOTH),
        ("2026-11-23T05:06:07.1Z", BOTH),
        ("2026-11-23T05:06:07.123456789Z", BOTH),
        ("2026-11-23T12:06:07.123+07:00", BOTH),
        ("2026-11-23T12:06:07+0700", BOTH),
        ("2026-11-23T12:06:07+07", BOTH),
        ("2026-11-23T05:06:07+00:00", BOTH),
        ("2026-11-23 05:06:07Z", BOTH),
        ("2026-11-23t05:06:07z", BOTH),
        ("2016-12-31T23:59:60Z", BOTH),
        ("2024-02-29T00:00:00Z", BOTH),
        ("2026-11-23T05:06:07", ["1.0.3"]),
        ("2026-11-23T05:06Z", ["1.0.3"]),
        ("20261123T050607Z", ["1.0.3"]),
        ("2026-11-23T05:06:07,5Z", BOTH),
        ("20261123T05:06:07Z", ["1.0.3"]),
        ("2026-1123T05:06:07Z", []),
        ("2026-11-23T05:0607Z", []),
        ("2026-11-23", []),
        ("2026-11-23T05:06:07.Z", []),
        ("2026-11-23T05:06:07-00", []),
        ("2026-11-23T05:06:07-0000", []),
        ("2026-11-23T05:06:07-00:00", []),
        ("2026-11-23T05:06:07+24:00", []),
        ("2026-11-23T24:00:00Z", []),
        ("2026-11-23T05:60:00Z", []),
        ("2026-11-23T05:06:61Z", []),
        ("2026-02-29T00:00:00Z", []),
        ("2026-13-01T00:00:00Z", []),
        ("0000-01-01T00:00:00Z", []),
        ("2026-11-23T05:06:07Z\n", []),
        (" 2026-11-23T05:06:07Z", []),
        ("٢٠٢٦-11-23T05:06:07Z", []),
        ("23/11/2026", []),
        ("yesterday", []),
        ("", []),
    ],
)
def test_each_version_takes_its_own_grammar(text, versions):
    assert [v for v in BOTH if is_timestamp(text, v)] == versions


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T12:06:07.123456+07:00",
        "2026-11-23T05:06:07.123456Z",
        "2026-11-23T05:06:07.1234569Z",
        "2026-11-23T05:06:07.123456",
        "2026-11-22T22:36:07.123456-06:30",
        "20261123T120607.123456+0700",
    ],
)
def test_one_instant_however_it_is_written(text):
    assert microseconds(text) == int(datetime(2026, 11, 23, 5, 6, 7, tzinfo=UTC).timestamp()) * 10**6 + 123456


def test_a_leap_second_is_the_second_after_it():
    assert microseconds("2016-12-31T23:59:60Z") == microseconds("2017-01-01T00:00:00Z")


def test_the_ends_of_the_calendar_do_not_overflow():
    assert microseconds("0001-01-01T00:00:00+23:59") < microseconds("9999-12-31T23:59:60.999999-23:59")


def test_no_timestamp_is_a_value_error():
    with pytest.raises(ValueError, match="not a timestamp"):
        microseconds("2026")


def test_text_from_this_store_has_six_decimals_and_says_utc():
    assert iso(0) == "1970-01-01T00:00:00.000000Z"
    assert iso(1_795_410_367_120_000) == "2026-11-23T05:06:07.120000Z"


@given(st.datetimes(timezones=st.just(UTC)))
def test_writing_and_reading_an_instant_gives_it_back(moment):
    instant = microseconds(moment.isoformat())
    assert microseconds(iso(instant), "2.0.0") == instant
    assert iso(instant)[:19] == moment.isoformat()[:19]


@given(st.text(max_size=30))
def test_any_text_is_either_a_timestamp_or_a_value_error(text):
    for version in BOTH:
        assert is_timestamp(text, version) in (True, False)
