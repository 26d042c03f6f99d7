import contextlib
import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.faults import Refused
from schemas.xapi.queries import StatementQuery, load_put_query, load_statement_query
from schemas.xapi.timestamps import microseconds

UUID = "6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d11"
LAN = {"objectType": "Agent", "mbox": "mailto:lan@example.vn"}
CLASS = {"objectType": "Group", "mbox": "mailto:12a@example.vn", "member": [LAN]}
ANYONE = {"objectType": "Group", "member": [LAN]}
VERSIONS = ["1.0.3", "2.0.0"]


def faults(args, version="2.0.0", load=load_statement_query):
    with pytest.raises(Refused) as refusal:
        load(args, version) if load is load_statement_query else load(args)
    return [(fault.path, fault.rule) for fault in refusal.value.faults]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("statementId", UUID.upper(), "statement_id", UUID),
        ("voidedStatementId", UUID, "voided_statement_id", UUID),
        ("agent", json.dumps(LAN), "agent", LAN),
        ("agent", json.dumps(CLASS), "agent", CLASS),
        ("verb", "http://adlnet.gov/expapi/verbs/passed", "verb", "http://adlnet.gov/expapi/verbs/passed"),
        ("activity", "https://lms.example.vn/bài?id=1", "activity", "https://lms.example.vn/bài?id=1"),
        ("registration", UUID.upper(), "registration", UUID),
        ("related_activities", "true", "related_activities", True),
        ("related_agents", "false", "related_agents", False),
        ("since", "1970-01-01T07:00:01+07:00", "since", 1_000_000),
        ("until", "1970-01-01T00:00:00.0000019Z", "until", 1),
        ("limit", "0", "limit", 0),
        ("limit", "0025", "limit", 25),
        ("limit", "9" * 5000, "limit", 10**9),
        ("ascending", "true", "ascending", True),
        ("ascending", "False", "ascending", False),
        ("related_agents", "True", "related_agents", True),
        ("format", "ids", "format", "ids"),
        ("format", "canonical", "format", "canonical"),
        ("format", "exact", "format", "exact"),
        ("attachments", "true", "attachments", True),
    ],
)
def test_a_parameter_says_what_is_wanted(version, name, text, field, value):
    found = load_statement_query([(name, text)], version)
    assert asdict(found) == asdict(StatementQuery()) | {field: value}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("statementId", "6a3c0b8c", "uuid"),
        ("statementId", "", "uuid"),
        ("voidedStatementId", f"{{{UUID}}}", "uuid"),
        ("registration", f"{UUID}\n", "uuid"),
        ("agent", "lan@example.vn", "json"),
        ("agent", "", "json"),
        ("agent", json.dumps(ANYONE), "identified"),
        ("verb", "passed", "iri"),
        ("verb", "", "iri"),
        ("activity", "/quiz", "iri"),
        ("activity", '{"$ne": null}', "iri"),
        ("verb", "http://ex.vn/" + "v" * 5000, "too-long"),
        ("since", "yesterday", "timestamp"),
        ("since", "1970-01-01T07:00:01 07:00", "timestamp"),
        ("until", "2026-02-29T00:00:00Z", "timestamp"),
        ("until", "2026-11-23T00:00:00-00:00", "timestamp"),
        ("limit", "-1", "number"),
        ("limit", "1.0", "number"),
        ("limit", "", "number"),
        ("limit", "\u0661", "number"),
        ("limit", "\u00b2", "number"),
        ("related_agents", "on", "boolean"),
        ("related_activities", "1", "boolean"),
        ("ascending", "", "boolean"),
        ("attachments", "yes", "boolean"),
        ("format", "Exact", "choice"),
        ("format", "", "choice"),
        ("foo", "bar", "unknown"),
        ("StatementId", UUID, "unknown"),
        ("VERB", "http://ex.vn/v", "unknown"),
        ("Related_Agents", "true", "unknown"),
    ],
)
def test_a_parameter_is_refused_with_its_name(version, name, text, rule):
    assert faults([(name, text)], version) == [(name, rule)]


@pytest.mark.parametrize("name", ["", "$where", "agent[$ne]", "verb.$gt"])
def test_what_could_be_an_operator_is_an_unknown_name(name):
    assert faults([(name, "1")]) == [(f'["{name}"]', "unknown")]


def test_a_timestamp_without_zone_is_one_in_1_0_3_only():
    args = [("since", "2026-11-23T05:06:07")]
    assert load_statement_query(args, "1.0.3").since == microseconds("2026-11-23T05:06:07Z")
    assert faults(args, "2.0.0") == [("since", "timestamp")]


def test_the_right_letter_case_is_told():
    with pytest.raises(Refused, match="called voidedStatementId"):
        load_statement_query([("voidedstatementid", UUID)], "2.0.0")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"mbox": "lan"}', ("agent.mbox", "mailto")),
        ('{"mbox": "mailto:a@ex.vn", "mbox": "mailto:b@ex.vn"}', ("agent.mbox", "duplicate-key")),
        ('{"mbox": {"$ne": null}}', ("agent.mbox", "string")),
        ('{"$or": [], "mbox": "mailto:a@ex.vn"}', ('agent["$or"]', "unknown")),
    ],
)
def test_a_fault_inside_an_agent_is_told_by_its_path(text, wanted):
    assert faults([("agent", text)]) == [wanted]


def test_bytes_that_are_no_utf_8_are_refused():
    assert [path for path, _ in faults([("agent", '{"mbox": "\udcff"}')])] == ["agent"]


@pytest.mark.parametrize("other", [UUID, "nonsense"])
def test_a_parameter_given_twice_is_refused(other):
    assert faults([("registration", UUID), ("registration", other)]) == [("registration", "repeated")]


OTHERS = {
    "agent": json.dumps(LAN),
    "verb": "http://adlnet.gov/expapi/verbs/passed",
    "activity": "https://lms.example.vn/quiz",
    "registration": UUID,
    "related_activities": "true",
    "related_agents": "true",
    "since": "2026-11-23T05:06:07Z",
    "until": "2026-11-23T05:06:07Z",
    "limit": "1",
    "ascending": "true",
}


@pytest.mark.parametrize("one", ["statementId", "voidedStatementId"])
@pytest.mark.parametrize("other", OTHERS)
def test_no_filter_may_stand_beside_an_id(one, other):
    assert faults([(one, UUID), (other, OTHERS[other])]) == [(other, "conflict")]


@pytest.mark.parametrize("one", ["statementId", "voidedStatementId"])
def test_format_and_attachments_may(one):
    found = load_statement_query([("format", "ids"), (one, UUID), ("attachments", "false")], "2.0.0")
    assert (found.format, found.attachments) == ("ids", False)
    assert UUID in (found.statement_id, found.voided_statement_id)


def test_the_two_ids_exclude_each_other():
    assert faults([("voidedStatementId", UUID), ("statementId", UUID)]) == [("voidedStatementId", "conflict")]


def test_all_faults_are_told_at_once():
    args = [("limit", "x"), ("foo", "1"), ("statementId", "x"), ("verb", OTHERS["verb"])]
    assert faults(args) == [
        ("limit", "number"),
        ("foo", "unknown"),
        ("statementId", "uuid"),
        ("verb", "conflict"),
        ("limit", "conflict"),
    ]


def test_all_filters_together_are_one_query():
    found = load_statement_query(OTHERS.items(), "2.0.0")
    assert (found.agent, found.verb, found.limit, found.ascending) == (LAN, OTHERS["verb"], 1, True)


def test_no_parameters_ask_for_everything():
    assert load_statement_query([], "1.0.3") == StatementQuery()


def test_a_name_without_end_is_not_echoed():
    with pytest.raises(Refused) as refusal:
        load_statement_query([("x" * 10_000 + str(n), "") for n in range(1000)], "2.0.0")
    assert len(refusal.value.faults) == 50
    assert len(str(refusal.value)) < 50 * 200


def test_put_takes_the_id_to_store_under():
    assert load_put_query([("statementId", UUID.upper())]) == UUID


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        ([], [("statementId", "required")]),
        ([("statementId", "1")], [("statementId", "uuid")]),
        ([("StatementId", UUID)], [("StatementId", "unknown"), ("statementId", "required")]),
        ([("statementId", UUID), ("format", "ids")], [("format", "unknown")]),
        ([("statementId", UUID), ("statementId", UUID)], [("statementId", "repeated")]),
    ],
)
def test_put_takes_nothing_else(args, wanted):
    assert faults(args, load=load_put_query) == wanted


names = st.sampled_from([*OTHERS, "statementId", "format", "attachments", "limit"]) | st.text(max_size=10)
texts = st.sampled_from([*OTHERS.values(), "ids", "0"]) | st.text(max_size=20)


@given(st.lists(st.tuples(names, texts), max_size=5), st.sampled_from(VERSIONS))
def test_any_query_string_is_a_query_or_refused(args, version):
    with contextlib.suppress(Refused):
        assert isinstance(load_statement_query(args, version), StatementQuery)
