import json

import pytest

from schemas.xapi.downgrade import as_older
from schemas.xapi.statements import load_statement

AGENT = {"objectType": "contextAgent", "agent": {"mbox": "mailto:thay.ba@hoc.example.vn"}}
GROUP = {"objectType": "contextGroup", "group": {"objectType": "Group", "mbox": "mailto:lop.7a@hoc.example.vn"}}


def statement(**changes):
    return {
        "id": "6f3f8d3b-9f0c-4f5e-8b2f-1c2d3e4f5a6b",
        "actor": {"mbox": "mailto:lan@hoc.example.vn"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/attended"},
        "object": {"id": "https://hoc.example.vn/lop/7a"},
        "timestamp": "2026-11-20T09:00:00Z",
        "version": "2.0.0",
    } | changes


def older(**changes):
    return json.loads(as_older(json.dumps(statement(**changes)).encode()))


def test_what_1_0_3_does_not_know_is_left_out():
    context = {"platform": "Cổng học tập", "contextAgents": [AGENT], "contextGroups": [GROUP]}
    found = older(context=context)
    assert found == statement(version="1.0.0", context={"platform": "Cổng học tập"})
    load_statement(found, "1.0.3")


def test_a_sub_statement_is_treated_alike():
    inner = {
        "objectType": "SubStatement",
        "actor": {"mbox": "mailto:lan@hoc.example.vn"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/attended"},
        "object": {"id": "https://hoc.example.vn/lop/7a"},
        "context": {"contextAgents": [AGENT], "language": "vi"},
    }
    assert older(object=inner)["object"] == inner | {"context": {"language": "vi"}}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-20 09:00:00Z", "2026-11-20T09:00:00Z"),
        ("2026-11-20t09:00:00z", "2026-11-20T09:00:00Z"),
        ("2026-11-20T09:00:00+07:00", "2026-11-20T09:00:00+07:00"),
    ],
)
def test_timestamps_are_written_as_iso_8601_has_them(written, expected):
    assert older(timestamp=written)["timestamp"] == expected


def test_the_label_does_not_hide_what_is_new():
    assert older(version="1.0.3", context={"contextGroups": [GROUP]}) == statement(version="1.0.3", context={})


def test_a_statement_that_1_0_3_can_read_keeps_every_byte():
    raw = json.dumps(statement(version="1.0.0", result={"score": {"scaled": 0.50}})).encode().replace(b"0.5", b"0.50")
    assert as_older(raw) is raw
