from decimal import Decimal

import pytest

from schemas.xapi.statements import load_statement

both_versions = pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
LAN = {"mbox": "mailto:lan@ex.vn"}
QUIZ = {"id": "https://lms.ex.vn/quiz"}
PLAIN = {"actor": LAN, "verb": {"id": "http://adlnet.gov/expapi/verbs/passed"}, "object": QUIZ}
FILE = {
    "usageType": "https://ex.vn/u",
    "display": {"vi": "Ảnh"},
    "contentType": "image/png",
    "length": 1,
    "sha2": "a" * 64,
}


def changed(**changes):
    return PLAIN | changes


def without(statement, *names):
    return {name: value for name, value in statement.items() if name not in names}


GOOD = {
    "none": changed(attachments=[]),
    "one with bytes": changed(attachments=[FILE]),
    "an empty one elsewhere": changed(
        attachments=[FILE | {"length": 0, "fileUrl": "https://ex.vn/a.png", "description": {}}]
    ),
    "several": changed(attachments=[FILE, FILE]),
}


@both_versions
@pytest.mark.parametrize("statement", GOOD.values(), ids=GOOD.keys())
def test_a_good_attachment_is_taken(version, statement):
    assert load_statement(statement, version) is statement


REFUSED = [
    (changed(attachments=FILE), ("attachments", "array")),
    *[(changed(attachments=[without(FILE, name)]), (f"attachments[0].{name}", "required")) for name in FILE],
    (changed(attachments=[FILE | {"length": -1}]), ("attachments[0].length", "count")),
    (changed(attachments=[FILE | {"length": Decimal("1.5")}]), ("attachments[0].length", "count")),
    (changed(attachments=[FILE | {"sha2": "sha"}]), ("attachments[0].sha2", "sha2")),
    (changed(attachments=[FILE | {"contentType": "png"}]), ("attachments[0].contentType", "media-type")),
    (changed(attachments=[FILE | {"fileUrl": "a.png"}]), ("attachments[0].fileUrl", "iri")),
]  # fmt: skip


@both_versions
@pytest.mark.parametrize(("raw", "expected"), REFUSED, ids=[f"{path} {rule}" for _, (path, rule) in REFUSED])
def test_a_bad_attachment_is_refused(version, raw, expected, faults_of):
    assert expected in faults_of(raw, version)
