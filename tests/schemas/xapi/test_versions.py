import re

import pytest

from schemas.faults import Refused
from schemas.xapi.versions import DEFAULT_LABELS, HEADER, STATEMENT_LABELS, VERSIONS, negotiate


@pytest.mark.parametrize(
    ("header", "version"),
    [
        ("1.0", "1.0.3"),
        ("1.0.0", "1.0.3"),
        ("1.0.2", "1.0.3"),
        ("1.0.3", "1.0.3"),
        ("1.0.9", "1.0.3"),
        ("2.0", "2.0.0"),
        ("2.0.0", "2.0.0"),
        ("2.0.7", "2.0.0"),
        (" 2.0.0 ", "2.0.0"),
    ],
)
def test_every_patch_label_is_served_as_the_version_of_its_family(header, version):
    assert negotiate(header) == version


@pytest.mark.parametrize(
    "header",
    [
        "",
        "1",
        "2",
        "0.95",
        "0.9.9",
        "1.1.0",
        "2.1",
        "3.0.0",
        "1.0.x",
        "1.0.",
        "1.0.3.1",
        "v2.0.0",
        "\u0661.0",
    ],
)
def test_other_labels_are_refused_by_the_name_of_the_header(header):
    with pytest.raises(Refused) as refusal:
        negotiate(header)
    assert [(f.path, f.rule) for f in refusal.value.faults] == [(HEADER, "version")]


def test_a_missing_header_is_refused():
    with pytest.raises(Refused) as refusal:
        negotiate(None)
    assert [(f.path, f.rule) for f in refusal.value.faults] == [(HEADER, "required")]


@pytest.mark.parametrize(
    ("label", "spoken_by"),
    [
        ("1.0", ["1.0.3", "2.0.0"]),
        ("1.0.9", ["1.0.3", "2.0.0"]),
        ("2.0.0", ["2.0.0"]),
        ("0.9.9", []),
        ("1.1.0", []),
        ("1.0.0\n", []),
        ("1.0.01", []),
    ],
)
def test_statements_may_carry_the_label_of_their_own_or_an_older_version(label, spoken_by):
    assert [v for v in VERSIONS if re.search(STATEMENT_LABELS[v], label)] == spoken_by


def test_a_statement_without_a_label_gets_one_its_version_accepts():
    assert all(re.search(STATEMENT_LABELS[v], DEFAULT_LABELS[v]) for v in VERSIONS)
