from decimal import Decimal

import pytest

from schemas.training.amounts import number, rounded, scaled, seconds, whole

DAY = 86_400


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        ("PT36H", 36 * 3600),
        ("P2W", 14 * DAY),
        ("P1Y", 365 * DAY),
        ("P1M", 30 * DAY),
        ("PT1M", 60),
        ("P1DT12H36M0.12567S", DAY + 12 * 3600 + 36 * 60),
        ("PT0.5S", 1),
        ("PT0,49S", 0),
        ("PT1.5H", 5400),
        ("P0.5D", DAY // 2),
        ("PT0S", 0),
        ("P10Y", 3650 * DAY),
        ("P10Y1D", None),
        (f"PT{'9' * 90}S", None),
    ],
)
def test_durations_are_whole_seconds(duration, expected):
    assert seconds(duration) == expected


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        ({"scaled": Decimal("0.850")}, "0.85"),
        ({"scaled": 0.85}, "0.85"),
        ({"scaled": 1}, "1"),
        ({"scaled": Decimal("-0.0")}, "0"),
        ({"scaled": Decimal("-1E-1")}, "-0.1"),
        ({"scaled": Decimal("0.12345678949")}, "0.123456789"),
        ({"scaled": Decimal("1E-999999")}, "0"),
        ({"scaled": Decimal("0." + "3" * 4000)}, "0.333333333"),
        ({"scaled": Decimal("0.2"), "raw": 5, "max": 10}, "0.2"),
        ({"raw": Decimal("8.5"), "max": 10}, "0.85"),
        ({"raw": 15, "min": 10, "max": 20}, "0.5"),
        ({"raw": 1, "max": 3}, "0.333333333"),
        ({"raw": 10**4000, "max": 10**4001}, None),
        ({"raw": Decimal("1E-40"), "min": 0, "max": Decimal("1E-40")}, "1"),
        ({"raw": 5}, None),
        ({"raw": 5, "max": 0}, None),
        ({}, None),
    ],
)
def test_scores_are_plain_text_from_scaled_or_from_where_raw_lies(score, expected):
    assert scaled(score) == expected


def test_true_is_no_score_though_it_equals_one():
    assert scaled({"scaled": 1}) == "1"
    assert scaled({"scaled": True}) is None


@pytest.mark.parametrize("value", [True, None, "1", [], {}, float("nan"), float("inf"), Decimal("sNaN"), 10**16])
def test_these_are_no_amounts(value):
    assert number(value) is None
    assert rounded(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (350, 350),
        (350.0, 350),
        (Decimal("3.5E2"), 350),
        ("0350", 350),
        (1.5, None),
        ("3.5", None),
        ("٣", None),
        (-1, -1),
    ],
)
def test_whole_numbers_come_in_every_form(value, expected):
    assert whole(value) == expected


def test_halves_are_rounded_away_from_zero():
    assert [rounded(each) for each in (1.5, -2.5, Decimal("0.4"))] == [2, -3, 0]
