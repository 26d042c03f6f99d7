import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.faults import Refused
from schemas.xapi.parsing import parse_json
from schemas.xapi.paths import item, member
from schemas.xapi.statements import load_statement
from schemas.xapi.vocabulary import NAMES, plain_path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", ""),
        ("actor.mbox", "actor.mbox"),
        ("[13].result.score.scaled", "[].result.score.scaled"),
        ("context.contextActivities.parent[2].id", "context.contextActivities.parent[].id"),
        ("actor.NguyenVanA", "actor.*"),
        ('result.extensions["https://hoc.example.vn/x/lan"]', "result.extensions[*]"),
        ('verb.display["vi ]."]', "verb.display[*]"),
        ('parts[1]["Content-Type"]', 'parts[]["Content-Type"]'),
        ("X-Experience-API-Version", "X-Experience-API-Version"),
        ("lan@hoc.example.vn", "*.*.*"),
        ('["never closed', "*"),
        (r'["\x"]', "[*]"),
    ],
)
def test_only_the_specifications_names_stay(path, expected):
    assert plain_path(path) == expected


@given(st.lists(st.text(min_size=1) | st.integers(min_value=0), max_size=5))
def test_nothing_that_was_sent_comes_through(steps):
    path = ""
    for step in steps:
        path = item(path, step) if isinstance(step, int) else member(path, step)
    for name in NAMES:
        path = path.replace(name, "")
    left = plain_path(path)
    assert not set(left) - set('.[]*"'), left


@given(st.text(alphabet='a.[]"\\\\0 \\ud800') | st.text())
def test_a_path_may_be_any_text_for_parameters_are_named_by_senders(path):
    for name in NAMES:
        path = path.replace(name, "")
    assert set(plain_path(path)) <= set('.[]*"')


def test_the_faults_of_a_statement_are_told_without_its_content():
    raw = parse_json(b'{"actor":{"mbox":"lan@hoc.example.vn","Lan":1},"object":{"definition":{"name":{"l_n":"x"}}}}')
    with pytest.raises(Refused) as refused:
        load_statement(raw, "2.0.0")
    assert {plain_path(fault.path) for fault in refused.value.faults} == {
        "actor.mbox",
        "actor.*",
        "verb",
        "object.id",
        "object.definition.name.*",
    }
