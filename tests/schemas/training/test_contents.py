"""What is forbidden is found by path and rule, and honest statements hold none of it."""

import ast
import hashlib
import json
import random
import re
import runpy
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from schemas.demo.generator import Demo
from schemas.training.contents import forbidden, speaks_profile
from schemas.training.numbers import number_in, number_in_iri, personal_number
from schemas.training.terms import BASE, VERSION
from schemas.xapi.parsing import parse_json

TYPES = f"{BASE}/activity-types"
EXT = "https://cong-cu.example.vn/extensions"
ROOT = Path(__file__).parents[3]


def statement(task="community-class", **changes):
    return {
        "actor": {"account": {"homePage": "https://hoc.example.vn", "name": "118000123"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed", "display": {"vi": "hoàn thành"}},
        "object": {"id": "https://hoc.example.vn/lop/5", "definition": {"type": f"{TYPES}/{task}"}},
    } | changes


def told(each):
    return [(fault.path, fault.rule) for fault in forbidden(each)]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("personal-number", "999203001234"),
        ("personal-number", "CCCD:075203001234"),
        ("personal-number", "CCCD075203001234"),
        ("personal-number", "số 075203001234."),
        ("personal-number", "075 203 001 234"),
        ("personal-number", "075.203.001.234"),
        ("personal-number", "0752 0300 1234"),
        ("personal-number", "075\u00a0203\u00a0001\u00a0234"),
        ("personal-number", "075203 001234"),
        ("personal-number", "075-2-03-001234"),
        ("personal-number", "(999203001234)"),
        ("personal-number", "0912345678,075203001234"),
        ("personal-number", "075203001234|271234567|Người Thử|01012003|Nam"),
        ("personal-number", "\uff10\uff17\uff15\uff12\uff10\uff13\uff10\uff10\uff11\uff12\uff13\uff14"),
        ("personal-number", "101203001234"),
        ("personal-number", "cccd_075203001234"),
        ("personal-number", "075203001234_x"),
        ("personal-number", "so075203001234"),
        ("personal-number", "mssv075203001234"),
        ("personal-number", "abc075203001234abc"),
        ("personal-number", "075_203001234"),
        ("personal-number", "attempt-12-075203001234"),
        ("personal-number", "\u200b".join("075203001234")),
        ("personal-number", "075203\u00ad001234"),
        ("personal-number", "075\u2011203\u2013001\u2212234"),
        ("personal-number", "075\u2009203 001 234"),
        ("personal-number", "٠٧٥٢٠٣٠٠١٢٣٤"),
        ("personal-number", "⓪⑦⑤②⓪③⓪⓪①②③④"),
        ("personal-number", "xem https://hoc.example.vn/ho-so/075203001234."),
        ("old-number", "cmnd_271234567"),
        ("old-number", "CMND271234567"),
        ("old-number", "27123\u200b4567"),
        ("phone", "sdt0912345678"),
        ("phone", "x_0912345678_y"),
        ("phone", "\uff10\uff19\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18"),
        ("old-number", "CMND 271234567"),
        ("old-number", "271234567"),
        ("phone", "0912345678"),
        ("phone", "0912 345 678"),
        ("phone", "091.234.5678"),
        ("phone", "+84 912 345 678"),
        ("phone", "84912345678"),
        ("phone", "gọi 0912 34 56 78 nhé"),
    ],
)
def test_numbers_of_somebody(rule, text):
    assert number_in(text) == rule
    assert told(statement(result={"response": text})) == [("result.response", rule)]


@pytest.mark.parametrize(
    "text",
    [
        "1732365600000",  # milliseconds
        "1732365600",
        "1732365600000000",
        "202508151030",  # an instant
        "2025-08-15T10:30:00.123456789Z",
        "2025-08-15 10:30:00",
        "20250815-103000",
        "a1b2c3d4-0000-4000-8000-075203001234",
        "https://hoc.example.vn/khoa-hoc/202508311730/bai-1",
        "https://hoc.example.vn/don-hang/000000001234?ma=012345678901",
        "https://hoc.example.vn/don-hang/001234567890",
        "https://hoc.example.vn/anh/20250815_075203001234.jpg",
        "https://hoc.example.vn/lop/2025-08-15T075203001234",
        "https://hoc.example.vn/?ts=1732365600123&lat=0.075203001234",
        "attempt_a1b2c3d4-0000-4000-8000-075203001234",
        "64f0c2a075203001234bcdef",  # an ObjectId
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495075203001234",
        "https://hoc.example.vn/?id=12345",
        "urn:isbn:9786041234567",
        "978-604-1-23456-7",
        "9786041234567",
        "0,333333333333",
        "0.333333333333",
        "12.345678901234",
        "abc123456789012",
        "123456789012abc",
        "attempt_123456789",
        "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "150000000 đồng",
        "150.000.000.000 đồng",
        "150.000.000",
        "192.168.100.200",
        "100 200 300 400",
        "12 15 18 20 22 25",
        "0 1 2 3 4 5 6 7 8 9 10 11",
        "1[,]2[,]3[,]4[,]5[,]6[,]7[,]8[,]9[,]10[,]11[,]12",
        "0251 3822 288",
        "02513822288",
        "1900 0000",
        "4.3.2 (Build: 20231222)",
        "2023042400",  # a version of Moodle
        "612345678",
        "P3Y6M4DT12H30M5S",
        "45-GR-123456789012345",
        "10.607222, 106.929167",
    ],
)
def test_what_only_looks_like_them(text):
    assert number_in(text) is None
    assert number_in_iri(text) is None
    assert personal_number(text) is None


@pytest.mark.parametrize(
    "iri",
    [
        "https://dvc.example.vn/ho-so?cccd=075203001234&x=1",
        "https://dvc.example.vn/ho-so?dt=0912345678",
        "https://dvc.example.vn/ho-so?q=so+075203001234",
        "https://dvc.example.vn/ho-so?q=%30%37%35203001234",
        "https://dvc.example.vn/?url=https%253A%252F%252Fx.vn%252F%2530%2537%2535203001234",
        "https://dvc.example.vn/ho-so/075203001234/1",
        "https://dvc.example.vn/ho-so/cccd_075203001234",
        "https://dvc.example.vn/ho-so#999203001234",
        "urn:cccd:096203001234",
    ],
)
def test_a_number_in_an_iri(iri):
    assert number_in_iri(iri) == "personal-number"
    for place in ("id", "type", "moreInfo"):
        [fault] = told(
            statement(object={"id": "x:y"} | ({"id": iri} if place == "id" else {"definition": {place: iri}}))
        )
        assert fault == ("object.id" if place == "id" else f"object.definition.{place}", "personal-number")


@pytest.mark.parametrize("digits", ["000203001234", "097203001234", "075403001234", "075230001234", "0752030012345"])
def test_digits_that_no_personal_number_has_may_be_part_of_something(digits):
    assert number_in_iri(f"https://hoc.example.vn/{digits}") is None
    assert number_in(f"x{digits}x") is None


NUMBER = "999203001234"
FILE = {"usageType": "x:y", "display": {"vi": "tệp"}, "contentType": "text/plain", "length": 1, "sha2": "0" * 64}
QUIZ = {"interactionType": "choice"}
CHOICES = [{"id": "a"}, {"id": f"so_{NUMBER}"}]
CAPTURE = f"{BASE}/extensions/capture"


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("result.response", {"result": {"response": f"số {NUMBER}"}}),
        ("actor.name", {"actor": {"mbox": "mailto:a@b.vn", "name": f"Người Thử 0001 {NUMBER}"}}),
        ("actor.account.name", {"actor": {"account": {"homePage": "https://x.vn", "name": NUMBER}}}),
        ("actor.mbox", {"actor": {"mbox": f"mailto:{NUMBER}@x.vn"}}),
        (
            "actor.member[1].name",
            {
                "actor": {
                    "objectType": "Group",
                    "member": [{"mbox": "mailto:a@b.vn"}, {"name": NUMBER, "openid": "x:y"}],
                }
            },
        ),
        (
            f'result.extensions["{EXT}/ghi-chu"].a[1]',
            {"result": {"extensions": {f"{EXT}/ghi-chu": {"a": [1, NUMBER]}}}},
        ),
        (f'context.extensions["{EXT}/so"]', {"context": {"extensions": {f"{EXT}/so": int(NUMBER)}}}),
        (f'context.extensions["{EXT}/so"]', {"context": {"extensions": {f"{EXT}/so": -float(NUMBER)}}}),
        (f'context.extensions["{EXT}/so"]', {"context": {"extensions": {f"{EXT}/so": Decimal("9.99203001234E11")}}}),
        ("context.extensions", {"context": {"extensions": {f"{EXT}/{NUMBER}": 1}}}),
        ("verb.id", {"verb": {"id": f"https://x.vn/{NUMBER}"}}),
        ("actor.mbox", {"actor": {"mbox": f"mailto:a@x{NUMBER}.vn"}}),
        ("actor.account.homePage", {"actor": {"account": {"homePage": f"https://x.vn/?id={NUMBER}", "name": "a"}}}),
        ("actor.account.name", {"actor": {"account": {"homePage": "https://x.vn", "name": f"u{NUMBER}_an"}}}),
        ("attachments[0].fileUrl", {"attachments": [FILE | {"fileUrl": f"https://x.vn/{NUMBER}.pdf"}]}),
        ("attachments[0].contentType", {"attachments": [FILE | {"contentType": f"text/plain; name={NUMBER}.txt"}]}),
        ("attachments[0].description.vi", {"attachments": [FILE | {"description": {"vi": NUMBER}}]}),
        ("object.definition.choices[1].id", {"object": {"id": "x:y", "definition": QUIZ | {"choices": CHOICES}}}),
        (
            "object.definition.steps[0].description.vi",
            {
                "object": {
                    "id": "x:y",
                    "definition": QUIZ | {"steps": [{"id": "a", "description": {"vi": f"số {NUMBER}"}}]},
                }
            },
        ),
        (
            "object.definition.correctResponsesPattern[0]",
            {"object": {"id": "x:y", "definition": QUIZ | {"correctResponsesPattern": [f"a[,]{NUMBER}"]}}},
        ),
        (f'context.extensions["{CAPTURE}"]', {"context": {"extensions": {CAPTURE: {NUMBER: "3"}}}}),
        (f'context.extensions["{CAPTURE}"].device', {"context": {"extensions": {CAPTURE: {"device": int(NUMBER)}}}}),
        ("context.extensions", {"context": {"extensions": {f"{EXT}/x?cccd={NUMBER}": 1}}}),
        (f'context.extensions["{EXT}/x"]', {"context": {"extensions": {f"{EXT}/x": {NUMBER: 1}}}}),
        ("context.instructor.name", {"context": {"instructor": {"mbox": "mailto:a@b.vn", "name": NUMBER}}}),
        ("context.platform", {"context": {"platform": NUMBER}}),
        (
            "context.contextAgents[0].agent.account.name",
            {
                "context": {
                    "contextAgents": [
                        {
                            "objectType": "contextAgent",
                            "agent": {"account": {"homePage": "https://x.vn", "name": NUMBER}},
                        }
                    ]
                }
            },
        ),
        (
            "context.contextActivities.parent[0].definition.name.vi",
            {
                "context": {
                    "contextActivities": {"parent": [{"id": "https://x.vn/1", "definition": {"name": {"vi": NUMBER}}}]}
                }
            },
        ),
        ("object.definition.description.vi", {"object": {"id": "x:y", "definition": {"description": {"vi": NUMBER}}}}),
        ("verb.display.vi", {"verb": {"id": "x:y", "display": {"vi": NUMBER}}}),
        ("object.name", {"object": {"objectType": "Agent", "mbox": "mailto:a@b.vn", "name": NUMBER}}),
        (
            "object.result.response",
            {
                "object": {
                    "objectType": "SubStatement",
                    "actor": {"mbox": "mailto:a@b.vn"},
                    "verb": {"id": "x:y"},
                    "object": {"id": "x:z"},
                    "result": {"response": NUMBER},
                }
            },
        ),
    ],
)
def test_wherever_it_stands_the_path_is_told_and_the_value_is_not(path, changes):
    faults = list(forbidden(statement(**changes)))
    assert [(fault.path, fault.rule) for fault in faults] == [(path, "personal-number")]
    assert NUMBER not in repr(faults)


@pytest.mark.parametrize(
    ("task", "rule", "changes"),
    [
        ("digital-public-service-task", "dossier", {"result": {"response": "Mã: H19.12-250701-0001"}}),
        (
            "digital-public-service-task",
            "dossier",
            {"result": {"extensions": {f"{EXT}/a": "000.12.34.H19-250701-0007"}}},
        ),
        ("digital-public-service-task", "dossier", {"context": {"extensions": {f"{EXT}/ma-ho-so": "X1"}}}),
        ("digital-public-service-task", "dossier", {"context": {"extensions": {f"{EXT}/dossierCode": "X1"}}}),
        ("e-identity-task", "e-identity", {"result": {"response": "nguoi.thu.0001"}}),
        ("e-identity-task", "e-identity", {"result": {"extensions": {f"{EXT}/account-name": "nguoi.thu"}}}),
        ("e-identity-task", "e-identity", {"result": {"extensions": {f"{EXT}/qrPayload": "a|b|c"}}}),
        ("e-identity-task", "e-identity", {"actor": {"account": {"homePage": "https://vneid.gov.vn", "name": "x"}}}),
        ("cashless-payment-task", "money", {"result": {"response": "ok"}}),
        ("cashless-payment-task", "money", {"result": {"extensions": {f"{EXT}/so-tien": 150000}}}),
        ("cashless-payment-task", "money", {"result": {"extensions": {f"{EXT}/chi-tiet": 150000}}}),
        ("cashless-payment-task", "money", {"result": {"extensions": {f"{EXT}/chi-tiet": "150.000đ"}}}),
        ("cashless-payment-task", "money", {"result": {"extensions": {f"{EXT}/ghi": "9704 1234 5678 9012"}}}),
        ("cashless-payment-task", "money", {"result": {"extensions": {f"{EXT}/ghi": "TK 101234567"}}}),
    ],
)
def test_what_a_task_must_not_tell(task, rule, changes):
    assert [found for _, found in told(statement(task, **changes))] in ([rule], ["old-number"])
    if task != "cashless-payment-task" and "actor" not in changes:
        assert told(statement("community-class", **changes)) == []


@pytest.mark.parametrize("task", ["digital-public-service-task", "e-identity-task", "cashless-payment-task"])
def test_an_honest_task_tells_what_the_profile_asks_for(task):
    honest = statement(
        task,
        result={
            "completion": True,
            "score": {"raw": 2500, "max": 5000},
            "duration": "PT20M",
            "extensions": {f"{BASE}/extensions/assisted": "guided", f"{BASE}/extensions/level": 2},
        },
        context={
            "registration": "a1b2c3d4-0000-4000-8000-075203001234",
            "contextActivities": {"category": [{"id": VERSION}, {"id": f"{BASE}/programmes/192%2FKH-UBND%3A2025"}]},
            "extensions": {
                f"{BASE}/extensions/admin-unit": {"code": "26209", "asOf": "2025-12-16", "hamlet": "Ấp 5"},
                f"{BASE}/extensions/organisation": "0312345678",
                f"{BASE}/extensions/consent-ref": "271234567",
                f"{BASE}/extensions/capture": {
                    "mode": "offline",
                    "device": "3",
                    "capturedAt": "2025-08-15T10:30:00+07:00",
                },
            },
        },
        timestamp="2025-08-15T10:30:00+07:00",
    )
    assert told(honest) == []
    assert speaks_profile(honest)


def test_a_personal_number_among_the_codes_of_the_profile_is_found():
    extensions = {f"{BASE}/extensions/consent-ref": NUMBER}
    [(path, rule)] = told(statement(context={"extensions": extensions}))
    assert (path, rule) == (f'context.extensions["{BASE}/extensions/consent-ref"]', "personal-number")


MOODLE = {
    "actor": {"name": "Admin User", "account": {"homePage": "https://lms.example.vn", "name": "2"}},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/completed", "display": {"en": "completed"}},
    "object": {
        "id": "https://lms.example.vn/mod/quiz/view.php?id=123456789012",
        "definition": {"type": "http://id.tincanapi.com/activitytype/school-assessment", "name": {"en": "Quiz 1"}},
    },
    "timestamp": "2025-08-15T10:30:00+07:00",
    "context": {
        "platform": "Moodle",
        "language": "vi",
        "extensions": {
            "http://lrs.learninglocker.net/define/extensions/info": {
                "http://moodle.org": "4.3.2 (Build: 20231222)",
                "https://github.com/xAPI-vle/moodle-logstore_xapi": "v4.7.0",
                "event_name": "\\mod_quiz\\event\\attempt_submitted",
                "event_function": "\\src\\transformer\\events\\mod_quiz\\attempt_submitted\\handler",
            }
        },
        "contextActivities": {
            "category": [
                {"id": "https://lms.example.vn", "definition": {"type": "http://id.tincanapi.com/activitytype/lms"}}
            ]
        },
    },
    "result": {"score": {"raw": 10, "min": 0, "max": 10, "scaled": 1}, "completion": True, "duration": "PT4M1S"},
}
H5P = {
    "actor": {"account": {"name": "8f5c1b2e-7a39-4a5d-9d3e-271234567890", "homePage": "https://h5p.example.vn"}},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/answered", "display": {"en-US": "answered"}},
    "object": {
        "id": "https://h5p.example.vn/wp-admin/admin-ajax.php?action=h5p_embed&id=7?subContentId=d290f1ee-6c54-4b01-90e6-000000000012",
        "definition": {
            "extensions": {
                "http://h5p.org/x-api/h5p-local-content-id": 7,
                "http://h5p.org/x-api/h5p-subContentId": "d290f1ee-6c54-4b01-90e6-000000000012",
            },
            "name": {"en-US": "Tổng đài 0912 345 678\n"},
            "description": {"en-US": "Gọi 0912 345 678 hay 1022?"},
            "interactionType": "fill-in",
            "correctResponsesPattern": ["0912345678[,]1022"],
        },
    },
    "result": {"response": "1[,]0[,]12,5", "score": {"min": 0, "raw": 1, "max": 1}, "duration": "PT12.34S"},
    "context": {"contextActivities": {"category": [{"id": "http://h5p.org/libraries/H5P.Blanks-1.12"}]}},
}
CMI5 = {
    "id": "2d7f8a60-1234-4abc-8def-123456789012",
    "actor": {"account": {"homePage": "https://lms.example.vn", "name": "118000123"}},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/passed"},
    "object": {"id": "https://lms.example.vn/au/1"},
    "result": {"success": True, "score": {"scaled": 0.85}, "duration": "PT30M"},
    "context": {
        "registration": "ec7f8a60-1234-4abc-8def-075203001234",
        "contextActivities": {"category": [{"id": "https://w3id.org/xapi/cmi5/context/categories/moveon"}]},
        "extensions": {
            "https://w3id.org/xapi/cmi5/context/extensions/sessionid": "1732365600123",
            "https://w3id.org/xapi/cmi5/context/extensions/masteryscore": 0.8,
            "https://w3id.org/xapi/cmi5/context/extensions/launchurl": "https://lms.example.vn/c/1?endpoint=https://x/&n=123456789",
        },
    },
    "timestamp": "2025-08-15T10:30:00.123456Z",
}


@pytest.mark.parametrize("sample", [MOODLE, H5P, CMI5], ids=["moodle", "h5p", "cmi5"])
def test_statements_of_tools_in_wide_use_are_let_in(sample):
    assert told(sample) == []


def test_no_statement_of_the_benchmark_is_refused():
    make = runpy.run_path(str(ROOT / "tests" / "bench" / "statements.py"))["statement"]
    pick = random.Random(7)
    assert [fault for _ in range(3000) for fault in forbidden(make(pick))] == []


def test_no_statement_of_the_demonstration_is_refused():
    demo = Demo(1, 20_000, 300_000)
    chapters = [demo.chapter(number) for number in range(0, 600, 100)]
    assert [
        fault for chapter in chapters for each in parse_json(json.dumps(chapter).encode()) for fault in forbidden(each)
    ] == []


@pytest.mark.parametrize("name", ["conftest.py", "test_moodle.py", "test_ralph.py", "test_tincan.py"])
def test_no_value_that_clients_of_others_send_is_refused(name):
    """Every text of the tests with such clients, whatever it is used for there."""
    texts = [
        node.value
        for node in ast.walk(ast.parse((ROOT / "tests" / "real" / name).read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert len(texts) > 10
    assert [text for text in texts if number_in(text) or number_in_iri(text)] == []


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_whatever_is_valid_is_judged_and_paths_lead_somewhere(version, rich_statement, good_statements):
    assert told(rich_statement(version)) == []

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(good_statements(version))
    def judge(each):
        for path, _ in told(each):
            assert path.partition(".")[0].partition("[")[0] in each

    judge()


def test_forty_thousand_honest_values_are_let_in():
    """Instants, durations, UUIDs, hashes and counters, as generators of statements make them."""
    begin = datetime(2025, 7, 1, tzinfo=UTC)
    for step in range(5_000):
        moment = begin + timedelta(seconds=step * 3147)
        serial = step * 7919
        for text in (
            moment.isoformat(),
            moment.strftime("%Y%m%d%H%M"),
            str(int(moment.timestamp() * 1000)),
            f"attempt-{serial}",
            f"{serial:08x}-0000-4000-8000-{serial:012d}",
            moment.strftime("%Y%m%d_%H%M%S") + f"{serial % 1_000_000:06d}",
            moment.strftime("https://hoc.example.vn/%Y%m%d%H%M/bai"),
            f"https://hoc.example.vn/don-hang/{serial:012d}",
            hashlib.sha256(str(serial).encode()).hexdigest(),
            hashlib.md5(str(serial).encode(), usedforsecurity=False).hexdigest(),
        ):
            assert number_in(text) is None, text
            assert number_in_iri(text) is None, text


@pytest.mark.parametrize(
    "text", ["a." * 50_000 + ":123456789012", "?" * 100_000 + "123456789", "&a" * 50_000 + "1=23456789"]
)
def test_the_search_for_numbers_does_not_take_the_square(text):
    begin = time.process_time()
    number_in(text)
    number_in_iri(text)
    assert time.process_time() - begin < 3


def test_the_profile_is_spoken_in_any_of_its_places_only():
    assert speaks_profile(statement())
    assert not speaks_profile(statement(object={"id": "https://hoc.example.vn/digital-skills"}))
    for changes in (
        {"context": {"contextActivities": {"category": {"id": VERSION}}}},
        {"context": {"extensions": {f"{BASE}/extensions/admin-unit": "26209"}}},
        {"result": {"extensions": {f"{BASE}/extensions/assisted": "none"}}},
    ):
        assert speaks_profile(statement(object={"id": "x:y"}, **changes))


def test_messages_are_sentences_without_values():
    faults = [
        fault
        for text in (NUMBER, "0912345678", "271234567")
        for fault in forbidden(statement(result={"response": text}))
    ]
    assert {fault.rule for fault in faults} == {"personal-number", "phone", "old-number"}
    assert not any(re.search(r"\d{3}", fault.message) for fault in faults)


def test_numbers_as_the_parser_gives_them():
    text = json.dumps(statement(result={"extensions": {f"{EXT}/so": 101203001234, f"{EXT}/ti-le": 0.333333333333}}))
    [(path, rule)] = told(parse_json(text.encode()))
    assert (path, rule) == (f'result.extensions["{EXT}/so"]', "personal-number")
