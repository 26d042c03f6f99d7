"""Seeded statements of about 1 KB with three context activities, as a Moodle at a Vietnamese university sends them."""

import json
import uuid
from collections.abc import Iterator
from random import Random

HOME = "https://sso.daihoc.example.vn"
LMS = "https://lms.daihoc.example.vn"
FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Võ", "Đặng", "Bùi")
GIVEN = ("An", "Bình", "Châu", "Dũng", "Hà", "Khánh", "Linh", "Minh", "Ngọc", "Quân", "Thảo", "Vy")
VERBS = {
    "completed": "hoàn thành",
    "attempted": "đã thử",
    "passed": "đạt",
    "answered": "trả lời",
}
LEARNERS, QUIZZES, COURSES, PROGRAMMES = 5000, 300, 40, 5
PLACEHOLDER = "00000000-0000-4000-8000-000000000000"


def learner(number: int) -> dict:
    """The agent with this number; the same number is always the same person."""
    pick = Random(number)
    return {
        "objectType": "Agent",
        "name": f"{pick.choice(FAMILIES)} Thị {pick.choice(GIVEN)} {number}",
        "account": {"homePage": HOME, "name": f"sv{number:06d}"},
    }


def quiz(number: int) -> str:
    return f"{LMS}/mod/quiz/view.php?id={number}"


def course(number: int) -> str:
    return f"{LMS}/course/view.php?id={number}"


def verb(name: str) -> str:
    return f"http://adlnet.gov/expapi/verbs/{name}"


def statement(pick: Random, *, statement_id: str | None = None) -> dict:
    """One statement, drawn from `pick`; its id too unless one is given."""
    name = pick.choice(tuple(VERBS))
    scaled = pick.randrange(0, 101)
    return {
        "id": statement_id or str(uuid.UUID(int=pick.getrandbits(128), version=4)),
        "actor": learner(pick.randrange(LEARNERS)),
        "verb": {"id": verb(name), "display": {"en-US": name, "vi": VERBS[name]}},
        "object": _activity(pick.randrange(QUIZZES)),
        "result": {
            "score": {"scaled": scaled / 100, "raw": scaled / 10, "min": 0, "max": 10},
            "success": scaled >= 50,
            "completion": True,
            "duration": f"PT{pick.randrange(5, 60)}M{pick.randrange(60)}S",
        },
        "context": _context(pick),
        "timestamp": f"2026-11-{pick.randrange(1, 21):02d}T08:30:00.123+07:00",
    }


def _activity(number: int) -> dict:
    return {
        "objectType": "Activity",
        "id": quiz(number),
        "definition": {
            "name": {"vi": f"Bài kiểm tra số {number}"},
            "type": "http://adlnet.gov/expapi/activities/assessment",
        },
    }


def _context(pick: Random) -> dict:
    return {
        "registration": str(uuid.UUID(int=pick.randrange(9000), version=4)),
        "platform": "Moodle",
        "language": "vi",
        "contextActivities": {
            "parent": [{"id": course(pick.randrange(COURSES))}],
            "grouping": [{"id": f"{LMS}/program/{pick.randrange(PROGRAMMES)}"}],
            "category": [{"id": "https://w3id.org/xapi/cmi5/context/categories/moveon"}],
        },
    }


def encode(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def batches(pick: Random, total: int, size: int) -> Iterator[bytes]:
    """Bodies of `size` statements each until `total` are made."""
    for start in range(0, total, size):
        yield encode([statement(pick) for _ in range(min(size, total - start))])


def templates(pick: Random, total: int) -> list[bytes]:
    """Statements whose id is PLACEHOLDER, for loaders that put in a fresh one each time."""
    return [encode(statement(pick, statement_id=PLACEHOLDER)) for _ in range(total)]
