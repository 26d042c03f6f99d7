"""Identities are replaced wherever they stand; everything else of a statement stays as its client wrote it."""

import hashlib
import json

import pytest

from schemas.faults import Refused
from schemas.training.intake import DEFAULT, Intake
from schemas.training.persons import Pseudonyms, agent_of, names_somebody, read_identity
from schemas.training.terms import BASE, PSEUDONYMS
from schemas.xapi.identity import identity
from schemas.xapi.parsing import parse_json
from schemas.xapi.statements import load_statement

KEY = b"a key of 32 bytes for the tests."
NAMES = Pseudonyms(KEY)
REPLACING = Intake("profile", NAMES)
MAILBOX = {"mbox": "mailto:nguoi.thu@hoc.example.vn", "name": "Người Thử 0001"}
ACCOUNT = {"account": {"homePage": "https://lms.example.vn", "name": "sv001"}}


def admitted(statement, intake=REPLACING):
    text = json.dumps(statement, ensure_ascii=False).encode()
    return intake.admit(load_statement(parse_json(text), "2.0.0"), text)


def shown(agent):
    """Return how an agent stands in the store."""
    return NAMES.agent(agent)


@pytest.mark.parametrize(
    "who",
    [
        "mailto:a@b.vn",
        "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "openid:https://id.example.vn/a",
        "account:https://x.vn 999203001234",
        "account:https://x.vn 999 203 001 234",
        "account:https://x.vn 271234567",
        "account:https://x.vn 0912345678",
        "account:https://x.vn +84912345678",
        "account:https://x.vn cccd_999203001234",
        "account:https://x.vn CCCD 999203001234",
        "account:https://x.vn mssv999203001234",
        "account:https://x.vn 999203001234/1",
        "account:https://x.vn cmnd_271234567",
        "account:https://x.vn/?cccd=999203001234 a",
        "account:https://x.vn a.b@c.vn",
        "account:https://x.vn mailto:a.b@c.vn",
    ],
)
def test_what_names_somebody_is_replaced_the_same_each_time(who):
    assert names_somebody(who)
    made = NAMES.identity(who)
    assert made.startswith(f"account:{PSEUDONYMS} ")
    assert NAMES.identity(made) == made == Pseudonyms(KEY).identity(who)
    assert Pseudonyms(b"another organisation's key").identity(who) != made


@pytest.mark.parametrize("name", ["sv001", "118-000-12", "8f5c1b2e-7a39-4a5d-9d3e-271234567890", "12", "an tran"])
def test_accounts_that_mean_nothing_elsewhere_stay(name):
    who = f"account:https://x.vn {name}"
    assert NAMES.identity(who) == who


def test_a_mailbox_is_one_person_by_its_address_and_by_its_digest():
    digest = hashlib.sha1(b"mailto:a@b.vn", usedforsecurity=False).hexdigest()
    assert NAMES.identity("mailto:a@b.vn") == NAMES.identity(f"sha1:{digest}")
    assert identity(shown({"mbox": "mailto:a@B.vn"})) == identity(shown({"mbox_sha1sum": digest.upper()}))


@pytest.mark.parametrize(
    ("number", "spelled"),
    [
        ("999203001234", "999 203 001 234"),
        ("999203001234", "999\u2011203\u2011001\u2011234"),
        ("999203001234", "9992030\u200b01234"),
        ("999203001234", "".join(chr(0xFF10 + int(digit)) for digit in "999203001234")),
        ("999203001234", "cccd_999203001234"),
        ("999203001234", "CCCD: 999 203 001 234"),
        ("999203001234", "mssv999203001234"),
        ("999203001234", "999203001234/1"),
        ("271234567", "271 234 567"),
        ("271234567", "CMND_271234567"),
        ("0912345678", "+84 912 345 678"),
        ("0912345678", "84912345678"),
        ("0912345678", "0912.345.678"),
    ],
)
def test_a_number_is_one_person_however_it_is_written_but_of_one_source_only(number, spelled):
    assert NAMES.identity(f"account:x:y {spelled}") == NAMES.identity(f"account:x:y {number}")
    assert NAMES.identity(f"account:x:z {spelled}") != NAMES.identity(f"account:x:y {number}")


def test_wherever_somebody_stands_nothing_of_them_is_left():
    group = {"objectType": "Group", "name": "Tổ 5", "member": [MAILBOX, ACCOUNT | {"name": "Người Thử 0002"}]}
    statement = {
        "actor": MAILBOX,
        "verb": {"id": "https://x.vn/v"},
        "object": {
            "objectType": "SubStatement",
            "actor": group,
            "verb": {"id": "https://x.vn/v"},
            "object": {"objectType": "Agent"} | MAILBOX,
            "context": {"instructor": MAILBOX},
        },
        "context": {
            "instructor": MAILBOX,
            "team": {"objectType": "Group", "mbox": "mailto:nguoi.thu@hoc.example.vn", "member": [MAILBOX]},
            "contextAgents": [{"objectType": "contextAgent", "agent": MAILBOX}],
            "contextGroups": [{"objectType": "contextGroup", "group": group}],
        },
    }
    made, text = admitted(statement)
    assert parse_json(text) == made
    for trace in (
        "nguoi.thu",
        "Người Thử",
        hashlib.sha1(b"mailto:nguoi.thu@hoc.example.vn", usedforsecurity=False).hexdigest(),
    ):
        assert trace not in text.decode()
    assert made["actor"] == shown(MAILBOX)
    assert made["object"]["actor"] == {"objectType": "Group", "name": "Tổ 5", "member": [shown(MAILBOX), ACCOUNT]}
    assert made["context"]["team"]["member"] == [shown(MAILBOX)]
    load_statement(made, "2.0.0")


def test_everything_else_stays_as_it_was_written():
    text = (
        b'{"actor":{"mbox":"mailto:a@b.vn"},"verb":{"id":"x:y"},"object":{"id":"x:z"},'
        b'"result":{"score":{"raw":1.50},"extensions":{"x:e":1E2}},"timestamp":"2026-01-01T00:00:00.100Z"}'
    )
    _, made = REPLACING.admit(load_statement(parse_json(text), "2.0.0"), text)
    for kept in (b'"raw":1.50', b'"x:e":1E2', b"00.100Z"):
        assert kept in made


def test_what_needs_no_change_is_not_touched():
    statement = {"actor": ACCOUNT, "verb": {"id": "x:y"}, "object": {"id": "x:z"}}
    text = json.dumps(statement, indent=1).encode()
    loaded = load_statement(parse_json(text), "2.0.0")
    assert REPLACING.admit(loaded, text) == (loaded, text)


def test_an_id_of_the_request_stays_with_its_statement():
    text = json.dumps({"actor": MAILBOX, "verb": {"id": "x:y"}, "object": {"id": "x:z"}}).encode()
    loaded = load_statement(parse_json(text), "2.0.0")
    loaded["id"] = "a1b2c3d4-0000-4000-8000-000000000000"
    assert REPLACING.admit(loaded, text)[0]["id"] == loaded["id"]


def test_a_signed_statement_is_refused_where_it_would_have_to_change():
    attachment = {
        "usageType": "http://adlnet.gov/expapi/attachments/signature",
        "display": {"en": "signature"},
        "contentType": "application/octet-stream",
        "length": 1,
        "sha2": "0" * 64,
    }
    signed = {"verb": {"id": "x:y"}, "object": {"id": "x:z"}, "attachments": [attachment]}
    with pytest.raises(Refused) as refused:
        admitted(signed | {"actor": MAILBOX})
    assert [fault[:2] for fault in refused.value.faults] == [("attachments[0]", "signed")]
    assert admitted(signed | {"actor": ACCOUNT})


@pytest.mark.parametrize(
    ("contents", "profile", "refused"),
    [
        ("allow", True, False),
        ("allow", False, False),
        ("profile", True, True),
        ("profile", False, False),
        ("refuse", True, True),
        ("refuse", False, True),
    ],
)
def test_whose_contents_are_judged(contents, profile, refused):
    type_ = f"{BASE}/activity-types/community-class" if profile else "https://x.vn/digital-skills"
    statement = {
        "actor": ACCOUNT,
        "verb": {"id": "x:y"},
        "object": {"id": "x:z", "definition": {"type": type_}},
        "result": {"response": "999203001234"},
    }
    if refused:
        with pytest.raises(Refused, match=r"result\.response"):
            admitted(statement, Intake(contents))
    else:
        admitted(statement, Intake(contents))


def test_the_usual_intake_sees_the_profile_through_the_escapes_of_a_sender():
    type_ = f"{BASE}/activity-types/community-class"
    statement = {
        "actor": ACCOUNT,
        "verb": {"id": "x:y"},
        "object": {"id": "x:z", "definition": {"type": type_}},
        "result": {"response": "999203001234"},
    }
    text = json.dumps(statement).replace("/", "\\/").encode()
    with pytest.raises(Refused):
        DEFAULT.admit(load_statement(parse_json(text), "2.0.0"), text)


def test_what_is_replaced_is_not_refused():
    number = {"account": {"homePage": "https://x.vn", "name": "999203001234"}}
    statement = {"actor": number, "verb": {"id": "x:y"}, "object": {"id": "x:z"}}
    with pytest.raises(Refused, match=r"actor\.account\.name"):
        admitted(statement, Intake("refuse"))
    made, _ = admitted(statement, Intake("refuse", NAMES))
    assert made["actor"]["account"]["homePage"] == PSEUDONYMS


@pytest.mark.parametrize("agent", [ACCOUNT, {"mbox": "mailto:a@b.vn"}, {"openid": "x:y"}, {"mbox_sha1sum": "a" * 40}])
def test_identities_are_read_in_their_own_form_and_as_agents(agent):
    assert agent_of(identity(agent)) == agent
    assert read_identity(identity(agent)) == read_identity(json.dumps(agent)) == identity(agent)


@pytest.mark.parametrize(
    "text", ["Người Thử", "an", "", "{", "{}", "[]", "account:x", "account:https://x.vn", "sha1:12"]
)
def test_a_name_is_no_identity(text):
    with pytest.raises(Refused):
        read_identity(text)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b'{"cccd": "999203001234"}', "cccd"),
        (b'{"a": [{"b": "so_999203001234"}]}', "a[0].b"),
        (b'{"999203001234": 1}', ""),
        (b'{"a": 999203001234}', "a"),
        (b'["0912345678"]', "[0]"),
        (b'"999203001234"', ""),
        (b'{"cccd": "999203001234"', ""),
    ],
)
def test_documents_of_json_are_judged_where_contents_are_refused(body, path):
    with pytest.raises(Refused) as refused:
        Intake("refuse").admit_document({}, body)
    assert [fault.path for fault in refused.value.faults] == [path]
    assert b"999203001234" not in repr(refused.value.faults).encode()
    DEFAULT.admit_document({}, body)
    Intake("allow").admit_document({}, body)


def test_names_of_documents_are_judged_and_honest_ones_let_in():
    refusing = Intake("refuse")
    with pytest.raises(Refused) as refused:
        refusing.admit_document({"stateId": "cccd_999203001234", "activityId": "https://x.vn/999203001234"}, None)
    assert [fault.path for fault in refused.value.faults] == ["stateId", "activityId"]
    honest = {"activityId": "https://x.vn/1", "agent": "account:https://x.vn 118000123", "stateId": None}
    refusing.admit_document(honest, b'{"suspend_data": "1,0,1|20250815-103000", "t": 1732365600123}')
