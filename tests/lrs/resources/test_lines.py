import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.resources.lines import Line, _split_loosely, items_of, lines_of
from schemas.faults import Refused

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(values, min_size=1), st.sampled_from([None, 1]), st.sampled_from(["", " ", "\r\n\t"]))
def test_both_ways_of_splitting_an_array_agree(items, indent, blanks):
    body = f"{blanks}{json.dumps(items, indent=indent)}{blanks}".encode()
    found = [line.text for line in items_of(body, most=1000)]
    assert found == _split_loosely(body)
    assert [json.loads(text) for text in found] == items


@given(st.text(alphabet='[]{},:"\\u12d8 a'))
def test_what_cannot_be_told_apart_is_refused(text):
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(Refused):
            items_of(text.encode(), most=10)
    else:
        count = len(expected) if isinstance(expected, list) else 1
        assert len(items_of(text.encode(), most=100)) == count


def test_blank_lines_count_but_are_no_rows():
    assert lines_of(b"\n{}\r\n \n[]\n", most=2) == [Line(1, b"{}"), Line(3, b"[]")]
