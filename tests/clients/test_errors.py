import copy
import json

import pytest

from clients import (
    BadAnswer,
    Conflict,
    Fault,
    Forbidden,
    LRSError,
    NotFound,
    PreconditionFailed,
    Refused,
    Request,
    Response,
    ServerFailed,
    TooLarge,
    Unauthorized,
    Unavailable,
    agent,
)
from clients.errors import rejection

ASKED = Request("GET", "https://lrs.example.vn/xapi/statements?agent=mailto%3Ahoc.vien%40example.vn")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (401, Unauthorized),
        (402, Refused),
        (403, Forbidden),
        (404, NotFound),
        (405, Refused),
        (408, Unavailable),
        (409, Conflict),
        (412, PreconditionFailed),
        (413, TooLarge),
        (415, Refused),
        (418, Refused),
        (429, Unavailable),
        (500, ServerFailed),
        (501, ServerFailed),
        (502, Unavailable),
        (503, Unavailable),
        (504, Unavailable),
        (599, ServerFailed),
    ],
)
def test_every_status_has_its_error(status, kind):
    error = rejection(ASKED, Response(status, {}, b""))
    assert (type(error), error.status, error.request) == (kind, status, ASKED)
    assert error.perhaps_done == (status >= 500)


def test_problem_json_gives_the_title_and_the_faults():
    body = {
        "title": "The request breaks a rule: errors says where, and which",
        "errors": [{"path": "[3].actor", "rule": "ifi", "message": "needs exactly one identifier"}, "odd"],
    }
    error = rejection(ASKED, _json(400, body))
    assert error.title == "The request breaks a rule: errors says where, and which"
    assert error.faults == (Fault("[3].actor", "ifi", "needs exactly one identifier"),)
    assert str(error).endswith(
        "The request breaks a rule: errors says where, and which: [3].actor: needs exactly one identifier"
    )


@pytest.mark.parametrize(
    ("response", "title"),
    [
        (Response(400, {"content-type": "application/json"}, b'{"detail": "No such user"}'), "No such user"),
        (Response(400, {"content-type": "application/json"}, b'{"error": {"message": "x"}}'), "x"),
        (Response(400, {"content-type": "text/plain; charset=utf-8"}, b"Kh\xc3\xb4ng\n"), "Không"),
        (Response(400, {"content-type": "text/html"}, b"<html><h1>Bad</h1></html>"), ""),
        (Response(400, {"content-type": "application/json"}, b"[]"), ""),
        (Response(400, {"content-type": "application/json"}, b"[" * 100_000), ""),
        (Response(400, {}, b"\xff"), ""),
    ],
)
def test_what_other_servers_say_is_found(response, title):
    assert rejection(ASKED, response).title == title


def test_what_fastapi_lists_becomes_faults_without_the_input():
    listed = {"type": "missing", "loc": ["body", 0, "actor"], "msg": "Field required", "input": {"name": "Học viên"}}
    error = rejection(ASKED, _json(422, {"detail": [listed]}))
    assert error.faults == (Fault("body.0.actor", "missing", "Field required"),)
    assert "Học viên" not in str(error)


@pytest.mark.parametrize("listed", [None, 1, "text", {"a": 1}, [1, None], [{}], [{"loc": 1, "msg": []}]])
def test_whatever_stands_for_faults_does_no_harm(listed):
    assert isinstance(rejection(ASKED, _json(400, {"errors": listed, "title": listed})), Refused)


def test_neither_the_query_nor_a_long_answer_gets_into_the_message():
    error = rejection(ASKED, Response(400, {"content-type": "text/plain"}, b"x" * 100_000))
    assert "hoc.vien" not in repr(error)
    assert len(str(error)) < 1000


def test_errors_can_be_copied_and_so_sent_to_another_process():
    error = rejection(ASKED, _json(409, {"title": "taken"}))
    error.unsaved = [{"id": "1", "actor": agent(mbox="hoc.vien@example.vn")}]
    back = copy.copy(error)
    assert (type(back), str(back), back.status, back.unsaved) == (Conflict, str(error), 409, error.unsaved)


def test_all_errors_can_be_made_from_a_message_alone():
    todo = [LRSError]
    for kind in todo:
        todo += kind.__subclasses__()
        assert str(kind("said")) == "said"
    assert BadAnswer in todo


def _json(status, body):
    return Response(status, {"content-type": "application/problem+json"}, json.dumps(body).encode())
