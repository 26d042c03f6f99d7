"""What the xAPI log store of Moodle sends: only an answer of exactly 200 counts as success there."""

import json
import socket
from base64 import b64encode

import pytest

MOODLE = "https://moodle.example.vn"


def viewed(learner, page):
    """Make a statement as PHP hands it to its JSON encoder: no id, no version, arrays of context activities."""
    site = {
        "id": MOODLE,
        "definition": {"type": "http://id.tincanapi.com/activitytype/lms", "name": {"vi": "Trường Đại học Thí dụ"}},
    }
    return {
        "actor": {"name": "Lê Văn Thí Dụ", "account": {"homePage": MOODLE, "name": str(learner)}},
        "verb": {"id": "http://id.tincanapi.com/verb/viewed", "display": {"vi": "đã xem"}},
        "object": {
            "id": f"{MOODLE}/mod/page/view.php?id={page}",
            "definition": {
                "type": "http://activitystrea.ms/schema/1.0/page",
                "name": {"vi": "Bài 1: Chữ ký số 😀"},
                "extensions": {f"{MOODLE}/extensions/course": {"id": 12, "grade": 7.50}},
            },
        },
        "timestamp": "2026-11-20T08:15:30+07:00",
        "context": {
            "platform": "Moodle",
            "language": "vi",
            "extensions": {f"{MOODLE}/extensions/event": {"eventname": "\\mod_page\\event\\course_module_viewed"}},
            "contextActivities": {"grouping": [site], "category": [site]},
        },
    }


def encoded(statements):
    """Return JSON as PHP writes it: slashes escaped, everything in ASCII."""
    return json.dumps(statements, separators=(",", ":")).replace("/", "\\/").encode()


@pytest.fixture
def moodle(server):
    """Send a body as PHP's curl does: headers first, the body once the server asks for it."""
    token = b64encode(f"{server.key}:{server.secret}".encode()).decode()

    def send(body, content_type):
        head = (
            f"POST /xapi/statements HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUser-Agent: MoodleBot/4.5\r\n"
            f"Accept: */*\r\nAccept-Encoding: deflate, gzip\r\nAuthorization: Basic {token}\r\n"
            f"X-Experience-API-Version: 1.0.0\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
            "Expect: 100-continue\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            connection.sendall(head.encode())
            with connection.makefile("rb") as answer:
                assert answer.readline().split()[1] == b"100"
                assert answer.readline() == b"\r\n"
                connection.sendall(body)
                status = int(answer.readline().split()[1])
                headers = dict(line.decode().strip().split(": ", 1) for line in iter(answer.readline, b"\r\n"))
                return status, json.loads(answer.read(int(headers["Content-Length"])))

    return send


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8"])
@pytest.mark.parametrize("count", [1, 10])
def test_a_body_of_the_log_store_gets_exactly_200(moodle, content_type, count):
    status, ids = moodle(encoded([viewed(7, page) for page in range(count)]), content_type)
    assert status == 200
    assert len(set(ids)) == count


def test_the_reason_is_in_the_answer_that_moodle_keeps(moodle):
    nameless = viewed(7, 1) | {"actor": {"name": "Khách", "account": {"homePage": MOODLE, "name": ""}, "mbox": ""}}
    status, answer = moodle(encoded([viewed(7, 1), nameless]), "application/json")
    assert status == 400
    assert {fault["path"] for fault in answer["errors"]} >= {"[1].actor.mbox"}
