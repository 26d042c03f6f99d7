"""Clients that others wrote, and what they say about learning."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(scope="session")
def a_full_statement() -> Callable[..., dict[str, Any]]:
    """Make a statement that uses most of what both versions know."""

    def make(**changes: Any) -> dict[str, Any]:
        course = {"id": "https://hoc.example.vn/courses/ky-nang-so", "objectType": "Activity"}
        usual: dict[str, Any] = {
            "id": str(uuid.uuid4()),
            "actor": {
                "objectType": "Agent",
                "name": "Học viên Số Một",
                "account": {"homePage": "https://sso.hoc.example.vn", "name": "hv-0001"},
            },
            "verb": {
                "id": "http://adlnet.gov/expapi/verbs/completed",
                "display": {"vi-VN": "đã hoàn thành", "en": "completed"},
            },
            "object": {
                "objectType": "Activity",
                "id": "https://hoc.example.vn/courses/ky-nang-so/bai-3",
                "definition": {
                    "name": {"vi-VN": "Bài 3: an toàn trên mạng"},
                    "type": "http://adlnet.gov/expapi/activities/lesson",
                    "extensions": {"https://hoc.example.vn/x/v1.0": {"a.b": [1, {"$c": None}]}},
                },
            },
            "result": {
                "score": {"scaled": 0.85, "raw": 17, "min": 0, "max": 20},
                "success": True,
                "completion": True,
                "duration": "PT1H30M",
                "response": "Tôi đồng ý",
            },
            "context": {
                "registration": str(uuid.uuid4()),
                "contextActivities": {"parent": [course], "grouping": [course]},
                "instructor": {"objectType": "Agent", "mbox": "mailto:giang.vien@hoc.example.vn"},
                "language": "vi-VN",
                "platform": "Cổng học tập",
            },
            "timestamp": "2026-11-20T09:00:00.000+07:00",
        }
        return usual | changes

    return make
