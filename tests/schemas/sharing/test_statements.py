"""What of a statement leaves by agreement."""

import json
import unicodedata
from collections.abc import Collection
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from schemas.sharing.pseudonyms import Pseudonyms, names_in, tells_of_somebody
from schemas.sharing.rows import FIELDS
from schemas.sharing.statements import Manner, people_in, shared_statement, shared_voiding
from schemas.training.facts import facts_of
from schemas.training.persons import Pseudonyms as Intake
from schemas.training.terms import BASE
from schemas.training.vocabulary import Vocabulary
from schemas.xapi.parsing import parse_json
from schemas.xapi.statements import load_statement

LAN = "account:https://lms.example/ lan.nguyen"
COURSE = "https://lms.example/courses/an-toan-so"
VOCABULARY = Vocabulary()
LEAKS = ("lan.nguyen", "Lan", "thay.giao", "0999", "999000000001", "Nguyễn", "to-5", "tầng", "hong.tran", "bimat")


def statement(**changes: Any) -> dict[str, Any]:
    """Return a statement that names people wherever it can."""
    lan = {"account": {"homePage": "https://lms.example/", "name": "lan.nguyen"}, "name": "Nguyễn Thị Lan"}
    usual: dict[str, Any] = {
        "id": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee",
        "actor": lan,
        "verb": {"id": "http://adlnet.gov/expapi/verbs/passed", "display": {"vi": "Lan đã đạt"}},
        "object": {
            "id": COURSE,
            "definition": {
                "type": "http://adlnet.gov/expapi/activities/assessment",
                "name": {"vi": "Bài của Lan"},
                "extensions": {"https://lms.example/x": "bimat"},
            },
        },
        "result": {
            "score": {"scaled": 0.8, "raw": 8},
            "success": True,
            "duration": "PT1H",
            "response": "Tôi là Nguyễn Thị Lan, 0999 123 456",
            "extensions": {"https://lms.example/x": "bimat"},
        },
        "context": {
            "registration": "ec531277-b57b-4c15-8d91-d292c5b2b8f7",
            "instructor": {"mbox": "mailto:thay.giao@hoc.example.vn", "name": "Thầy Giáo"},
            "team": {"objectType": "Group", "account": {"homePage": "https://lms.example/", "name": "to-5"}},
            "platform": "Máy của Lan",
            "contextActivities": {"parent": [{"id": "https://lms.example/hoc-vien/lan.nguyen"}]},
            "extensions": {
                f"{BASE}/extensions/admin-unit": {"code": "26209", "asOf": "2025-08-01", "hamlet": "tầng của Lan"},
                f"{BASE}/extensions/programme": ["192", "Lớp của Lan"],
                f"{BASE}/extensions/target-group": ["citizen"],
                f"{BASE}/extensions/age-band": "25-39",
                f"{BASE}/extensions/consent-ref": "bimat",
                "https://lms.example/cccd": "999000000001",
            },
        },
        "timestamp": "2026-03-01T08:00:00Z",
        "stored": "2026-03-01T08:00:01Z",
        "authority": {"account": {"homePage": "https://lms.example/", "name": "bimat"}},
        "attachments": [
            {
                "usageType": "http://id.tincanapi.com/attachment/certificate-of-completion",
                "display": {"vi": "Giấy của Lan"},
                "contentType": "application/pdf",
                "length": 4,
                "sha2": "bimat",
            }
        ],
        "version": "1.0.3",
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def manner(**changes: Any) -> Manner:
    usual: dict[str, Any] = {
        "giver": "lhu",
        "level": "pseudonymous",
        "fields": frozenset(FIELDS),
        "pseudonyms": Pseudonyms(b"first", b"last"),
        "programme": {"192": "192/KH-UBND"}.get,
        "unit_key": lambda _: "26209@2025-07-01",
    }
    return Manner(**usual | changes)


def shared(
    said: dict[str, Any], how: Manner, people: dict[str, int], known: Collection[str] = ()
) -> dict[str, Any] | None:
    facts = facts_of(said, VOCABULARY)
    assert facts is not None
    text = shared_statement(json.dumps(said).encode(), facts, how, people, known)
    return None if text is None else json.loads(text)


def test_nothing_that_names_anybody_is_left() -> None:
    found = shared(statement(), manner(), {LAN: 7})
    text = json.dumps(found, ensure_ascii=False)
    assert not [leak for leak in LEAKS if leak.casefold() in text.casefold()], text


def test_what_the_agreement_names_is_left_and_is_a_valid_statement() -> None:
    found = shared(statement(), manner(), {LAN: 7})
    assert found is not None
    load_statement(parse_json(json.dumps(found).encode()), "1.0.3")
    assert found["object"] == {
        "objectType": "Activity",
        "id": COURSE,
        "definition": {"type": "http://adlnet.gov/expapi/activities/assessment"},
    }
    assert found["result"] == {"score": {"scaled": 0.8, "raw": 8}, "success": True, "duration": "PT1H"}
    assert found["context"]["extensions"] == {
        f"{BASE}/extensions/admin-unit": {"code": "26209", "asOf": "2025-07-01"},
        f"{BASE}/extensions/programme": ["192/KH-UBND"],
        f"{BASE}/extensions/target-group": ["citizen"],
        f"{BASE}/extensions/age-band": "25-39",
    }
    assert found["authority"]["account"]["name"] == "lhu"
    assert found["id"] != statement()["id"]
    assert found["context"]["registration"] != statement()["context"]["registration"]


def test_fields_that_the_agreement_does_not_name_stay_behind() -> None:
    found = shared(statement(), manner(fields=frozenset()), {LAN: 7})
    assert found is not None
    assert found.keys() == {"id", "actor", "verb", "object", "authority", "version"}
    assert found["object"].keys() == {"objectType", "id"}
    assert COURSE not in json.dumps(found)


def test_the_same_person_is_called_otherwise_under_another_agreement_and_after_a_rotation() -> None:
    called = [
        shared(statement(), manner(pseudonyms=Pseudonyms(first, last)), {LAN: 7})
        for first, last in ((b"a", b"a"), (b"a", b"b"), (b"c", b"c"))
    ]
    names = [each["actor"]["account"]["name"] for each in called if each]
    ids = [each["id"] for each in called if each]
    assert len(set(names)) == 3
    assert ids[0] == ids[1] != ids[2]


def test_who_does_not_travel_is_not_told_of_and_a_group_without_anybody_neither() -> None:
    assert shared(statement(), manner(), {}) is None
    hong = {"mbox": "mailto:hong.tran@hoc.example.vn"}
    group = {"objectType": "Group", "member": [statement()["actor"], hong]}
    found = shared(statement(actor=group), manner(), {LAN: 7})
    assert found is not None
    assert len(found["actor"]["member"]) == 1
    assert shared(statement(actor=group), manner(), {}) is None


def test_a_person_as_the_object_is_a_pseudonym_too() -> None:
    helped = {"mbox": "mailto:hong.tran@hoc.example.vn", "objectType": "Agent", "name": "Hồng"}
    said = statement(verb={"id": "http://id.tincanapi.com/verb/mentored"}, object=helped)
    found = shared(said, manner(), {LAN: 7, "mailto:hong.tran@hoc.example.vn": 8})
    assert found is not None
    assert found["object"].keys() == {"objectType", "account"}
    assert shared(said, manner(), {LAN: 7}) is None


def test_an_activity_whose_id_holds_the_name_of_an_account_is_keyed() -> None:
    told = {"id": "https://lms.example/essays/LAN.nguyen/2"}
    found = shared(statement(object=told), manner(), {LAN: 7})
    assert found is not None
    assert "nguyen" not in json.dumps(found).casefold()


def test_an_activity_whose_id_holds_a_name_of_another_identity_of_the_learner_is_keyed() -> None:
    told = {"id": "https://lms.example/portfolio/nguyenthilan"}
    also = [LAN, "account:https://sso.example/ nguyenthilan"]
    found = [shared(statement(object=told), manner(), {LAN: 7}, known) for known in ((), also)]
    assert [each is not None and each["object"]["id"] == told["id"] for each in found] == [True, False]


def account(name: str) -> str:
    return f"account:https://lms.example/ {name}"


def escaped(text: str, times: int) -> str:
    for _ in range(times):
        text = quote(text, safe="")
    return text


@pytest.mark.parametrize(
    ("identity", "place"),
    [
        (account("Nguyen Van Teo"), f"p?u={quote_plus('Nguyen Van Teo')}"),
        (account("Nguyen Van Teo"), f"p/{quote('Nguyen Van Teo')}"),
        (account("Nguyen Van Teo"), "p/nguyen-van-teo"),
        (account("Nguyen Van Teo"), "p/nguyenvanteo"),
        (account("nguyenvanteo"), "p/Nguyen_Van_Teo/2"),
        (account(unicodedata.normalize("NFC", "nguyễn.tèo")), quote(unicodedata.normalize("NFD", "p/nguyễn.tèo"))),
        (account(unicodedata.normalize("NFD", "nguyễn.tèo")), unicodedata.normalize("NFC", "p/NGUYỄN.TÈO")),
        (account("nguyễnvănbình"), "p/nguyenvanbinh"),
        (account("đỗ.đạt"), "p/Do.Dat"),
        (account("doandat"), f"p/{quote('đoànđạt')}"),
        (account("minh vo"), f"p/{escaped('minh vo', 3)}"),
        (account("minh vo"), f"p/{escaped('minh vo', 50)}"),
        (account(escaped("minh.võ", 2)), "p/minh.vo"),
        (account("lan.thi"), "p/\N{FULLWIDTH LATIN SMALL LETTER L}an.thi"),
        (account("lan.thi"), "p/lan%E2%80%8B.thi"),
        (account("sv9"), "u/sv9/home"),
        (account("sv9"), "u/SV9"),
        (account("sv9"), "home?u=sv9&x=1"),
        (account("sv9"), "home#sv9"),
        (account("sv9"), f"to?{quote('https://x.example/u/sv9', safe='')}"),
        (account("lê"), "u/le/home"),
        (account("12"), "user/view?id=12"),
        (account("hung"), "p/nhung"),
        (account("LHU\\phamthid"), "p/phamthid"),
        (account("https://id.vn/u/phamthid"), "p/phamthid"),
        ("openid:https://id.vn/u/phamthid", "p/phamthid"),
        ("openid:https://id.vn/u/phamthid/?x=1", "p/phamthid"),
        ("openid:https://phamthid.id.vn/", "p/phamthid"),
        ("mailto:lan@hoc.example.vn", "u/lan"),
    ],
)
def test_a_name_tells_of_somebody_however_it_is_written(identity: str, place: str) -> None:
    activity = f"https://hoc.example/{place}"
    assert tells_of_somebody(activity, names_in([identity]))
    assert tells_of_somebody(f"urn:hoc:{place}", names_in([account("nobody.else"), identity]))


@pytest.mark.parametrize(
    ("identity", "place"),
    [
        (account("sv9"), "courses/sv90"),
        (account("sv9"), "courses/lop-sv9-2"),
        (account("an"), "courses/an-toan-so"),
        (account("an"), "courses?name=an+toan+so"),
        (account("12"), "courses/123?v=2012"),
        (account("12"), "courses/bai-12"),
        (account("hung"), "courses/chu-nghia-xa-hoi"),
        (account("minh vo"), "courses/100%25"),
        (account("LHU\\phamthid"), "lhu/courses"),
        (account(""), "courses//"),
        (account("---"), "courses/---"),
        ("openid:https://id.vn/u/phamthid", "u/1"),
        ("openid:https://[x", "u/1"),
        ("sha1:cd9b00a5611f94eaa7b1661edab976068e364975", "courses/1"),
    ],
)
def test_an_ordinary_activity_tells_of_nobody(identity: str, place: str) -> None:
    assert not tells_of_somebody(f"https://hoc.example/{place}", names_in([identity]))


@pytest.mark.parametrize(
    "text",
    [
        f"https://lms.example/u/{escaped('lan@hoc.example.vn', 4)}",
        "https://lms.example/u/lan%40hoc.example.vn",
        "https://lms.example/u/999000000001/x",
        "https://lms.example/u?tel=0912345678",
        "mailto:lan@hoc.example.vn",
    ],
)
def test_mailboxes_and_numbers_tell_of_somebody_wherever_they_stand(text: str) -> None:
    assert tells_of_somebody(text)


def test_pseudonyms_are_left_alone_by_whoever_takes_them_in() -> None:
    found = shared(statement(), manner(), {LAN: 7})
    assert found is not None
    account = {"account": found["actor"]["account"]}
    assert Intake(b"key").agent(account) == account


def test_where_people_are_named_a_statement_is_the_text_that_was_stored() -> None:
    raw = json.dumps(statement()).encode()
    facts = facts_of(statement(), VOCABULARY)
    assert facts is not None
    everybody = dict.fromkeys(people_in(statement()), 1)
    assert shared_statement(raw, facts, manner(level="named"), everybody, ()) == raw


def test_where_people_are_named_those_who_do_not_travel_are_left_out() -> None:
    found = shared(statement(), manner(level="named"), {LAN: 7})
    assert found is not None
    assert found["actor"]["name"] == "Nguyễn Thị Lan"
    assert "instructor" not in found["context"]
    assert shared(statement(), manner(level="named"), {}) is None


def test_a_voiding_statement_names_what_it_voids_as_that_was_named_and_nobody() -> None:
    ref = {"objectType": "StatementRef", "id": statement()["id"].upper()}
    said = statement(id="6690e6c9-3ef0-4ed3-8b37-7f3964730bef", object=ref, result=None, context=None)
    said["verb"] = {"id": "http://adlnet.gov/expapi/verbs/voided"}
    found = json.loads(shared_voiding(json.dumps(said).encode(), manner()))
    before = shared(statement(), manner(), {LAN: 7})
    assert before is not None
    assert found["object"]["id"] == before["id"]
    assert "lan" not in json.dumps(found).casefold()
    load_statement(found, "1.0.3")
