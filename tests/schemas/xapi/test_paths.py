import pytest

from schemas.xapi.paths import item, member


@pytest.mark.parametrize(
    ("path", "key", "expected"),
    [
        ("", "actor", "actor"),
        ("actor", "mbox", "actor.mbox"),
        ("result.extensions", "http://ex.vn/a", 'result.extensions["http://ex.vn/a"]'),
        ("verb.display", "en-US", 'verb.display["en-US"]'),
        ("", "", '[""]'),
        ("", 'a"b', '["a\\"b"]'),
        ("", "học", '["học"]'),
        ("", "a\n", '["a\\n"]'),
    ],
)
def test_a_member_is_named_plainly_where_its_key_is_a_word(path, key, expected):
    assert member(path, key) == expected


def test_a_long_key_is_cut():
    assert member("a", "k" * 1000) == f'a["{"k" * 80}"]'


def test_a_key_that_utf_8_cannot_hold_can_still_be_told():
    assert member("", "\ud800").encode() == b'["?"]'


def test_an_item_is_counted_from_zero():
    assert item(member("", "attachments"), 0) == "attachments[0]"
