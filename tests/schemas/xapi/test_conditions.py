import pytest

from schemas.xapi.conditions import ABSENT, UNCONDITIONAL, entity_tag, load_condition

MINE = entity_tag(b"mine")
OTHER = entity_tag(b"other")


def test_the_tag_of_a_document_is_the_sha1_of_its_bytes():
    assert entity_tag(b"abc") == "a9993e364706816aba3e25717850c26c9cd0d89d"


@pytest.mark.parametrize(
    ("if_match", "if_none_match", "for_mine", "for_none"),
    [
        (None, None, True, True),
        (f'"{MINE}"', None, True, False),
        (f'"{OTHER}"', None, False, False),
        (f'"{OTHER}", "{MINE}"', None, True, False),
        (f'W/"{MINE}"', None, True, False),
        (MINE, None, True, False),
        (MINE.upper(), None, True, False),
        ("*", None, True, False),
        ("", None, False, False),
        (None, "*", False, True),
        (None, f'"{MINE}"', False, True),
        (None, f'"{OTHER}"', True, True),
        (None, f'"{OTHER}", *', False, True),
        (f'"{MINE}"', f'"{OTHER}"', True, False),
        ("*", "*", False, False),
    ],
)
def test_a_condition_holds_for_a_document_or_for_none(if_match, if_none_match, for_mine, for_none):
    condition = load_condition(if_match, if_none_match)
    assert condition.holds(MINE) is for_mine
    assert condition.holds(None) is for_none


def test_no_header_asks_for_nothing_and_a_star_for_absence():
    assert load_condition(None, None) == UNCONDITIONAL
    assert load_condition(None, " * ") == ABSENT
    assert ABSENT.demands_absence
    assert not load_condition(None, MINE).demands_absence
