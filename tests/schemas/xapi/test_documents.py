import pytest

from schemas.faults import Refused
from schemas.xapi.documents import is_json, load_object, merge_objects


@pytest.mark.parametrize(
    ("old", "new", "merged"),
    [
        (b'{"a":1}', b'{"b":2}', b'{"a":1,"b":2}'),
        (b'{"a":1,"b":1}', b'{"b":2}', b'{"a":1,"b":2}'),
        (b'{"a":{"x":1}}', b'{"a":{"y":2}}', b'{"a":{"y":2}}'),
        (b'{"a":1}', b"{}", b'{"a":1}'),
        (b"{}", b'{"a":null}', b'{"a":null}'),
        (b'{"a": 1.50}', b'{"b": {"c" : 1e2}}', b'{"a":1.50,"b":{"c" : 1e2}}'),
        ('{"bài":"Tiếng Việt"}'.encode(), b'{"$set":{"a.b":1}}', '{"bài":"Tiếng Việt","$set":{"a.b":1}}'.encode()),
    ],
)
def test_objects_are_merged_one_level_deep_and_keep_their_text(old, new, merged):
    assert merge_objects(load_object(old), load_object(new)) == merged


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b'"a"', b"{", b'{"a":1,"a":2}', b'{"a":NaN}', b"\xff", b"null"])
def test_what_is_no_object_is_refused(body):
    with pytest.raises(Refused):
        load_object(body)


@pytest.mark.parametrize(
    ("content_type", "told"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/json ;a=b", True),
        ("application/jsonp", False),
        ("text/plain", False),
        ("", False),
    ],
)
def test_json_is_told_by_its_content_type(content_type, told):
    assert is_json(content_type) is told
