import gzip
import json
from io import BytesIO
from urllib.parse import quote, urlencode
from uuid import uuid4

import pytest

from lrs.resources.encodings import STRANGERS

STATEMENTS = "/xapi/statements"
FORM = "application/x-www-form-urlencoded"
STATE = "/xapi/activities/state"
WHERE = {
    "activityId": "https://hoc.example.vn/courses/an-toan-so",
    "agent": json.dumps({"mbox": "mailto:lan@hoc.example.vn"}),
    "stateId": "bookmark",
}


@pytest.fixture
def old(caller):
    """Speak 1.0.3."""
    return caller(version="1.0.3")


@pytest.fixture
def form(old):
    def post(method, fields, path=STATEMENTS, **options):
        return old.post(f"{path}?method={method}", data=urlencode(fields), content_type=FORM, **options)

    return post


def rules(answer):
    return [(fault["path"], fault["rule"]) for fault in answer.json["errors"]]


def test_a_form_puts_a_statement_and_another_gets_it(form, a_statement):
    statement = a_statement(actor={"name": "Đỗ Thị Hoa", "mbox": "mailto:hoa@hoc.example.vn"})
    fields = {"statementId": statement["id"], "content": json.dumps(statement, ensure_ascii=False)}
    assert form("PUT", fields).status_code == 204
    found = form("GET", {"statementId": statement["id"]})
    assert found.status_code == 200
    assert found.json["actor"]["name"] == "Đỗ Thị Hoa"


def test_a_form_posts_several_statements(form, a_statement):
    answer = form("POST", {"content": json.dumps([a_statement(), a_statement()])})
    assert answer.status_code == 200
    assert len(answer.json) == 2


def test_agents_in_forms_are_parameters(form, old, a_statement):
    statement = a_statement(actor={"mbox": "mailto:lan&minh+1@hoc.example.vn"})
    old.post(STATEMENTS, json=statement)
    found = form("GET", {"agent": json.dumps(statement["actor"]), "limit": "1"})
    assert [each["id"] for each in found.json["statements"]] == [statement["id"]]


def test_headers_may_be_form_fields_in_any_letter_case(shared_app, old, a_statement):
    authorization = old.environ_base["HTTP_AUTHORIZATION"]
    statement = a_statement()
    fields = {
        "authorization": authorization,
        "X-EXPERIENCE-API-VERSION": "1.0.2",
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": "17",
        "content": json.dumps(statement),
        "statementId": statement["id"],
    }
    answer = shared_app.test_client().post(f"{STATEMENTS}?method=PUT", data=fields)
    assert answer.status_code == 204
    assert answer.headers["X-Experience-API-Version"] == "1.0.3"


def test_a_document_is_put_and_deleted_by_forms(form, old):
    put = form("PUT", WHERE | {"content": "trang 12", "Content-Type": "text/plain"}, STATE)
    assert put.status_code == 204
    found = old.get(f"{STATE}?{urlencode(WHERE)}")
    assert (found.data, found.content_type) == (b"trang 12", "text/plain")
    assert form("DELETE", WHERE, STATE).status_code == 204
    assert old.get(f"{STATE}?{urlencode(WHERE)}").status_code == 404


@pytest.mark.parametrize(
    ("query", "fields", "fault"),
    [
        ("method=PUT&statementId=x", {"content": "{}"}, ("method", "alone")),
        ("method=PATCH", {"content": "{}"}, ("method", "choice")),
        ("method=get", {}, ("method", "choice")),
        ("method=", {}, ("method", "choice")),
        ("method=PUT", {"statementId": str(uuid4())}, ("content", "required")),
        ("method=POST", {}, ("content", "required")),
        ("method=GET", {"content": "{}"}, ("content", "unknown")),
        ("method=GET", {"X-Experience-API-Version": "0.9"}, ("X-Experience-API-Version", "version")),
        ("method=GET", {"If-Match": '"a"\r\nX: y'}, ("If-Match", "header")),
        ("method=GET", {"limit": ["1", "2"]}, ("", "repeated")),
        ("method=GET", {f"f{number}": "" for number in range(101)}, ("", "form")),
    ],
)
def test_what_is_no_request_is_400_and_says_why(old, query, fields, fault):
    answer = old.post(f"{STATEMENTS}?{query}", data=urlencode(fields, doseq=True), content_type=FORM)
    assert answer.status_code == 400
    assert fault in rules(answer)


@pytest.mark.parametrize("body", ["limit=%FF", b"limit=\xff"])
def test_a_form_must_be_utf_8(old, body):
    answer = old.post(f"{STATEMENTS}?method=GET", data=body, content_type=FORM)
    assert rules(answer) == [("", "form")]


def test_only_forms_are_requests_in_this_syntax(old, a_statement):
    answer = old.post(f"{STATEMENTS}?method=PUT", json=a_statement())
    assert rules(answer) == [("Content-Type", "media-type")]


def test_a_form_has_a_limit_whoever_says_to_have_a_credential(shared_app, old):
    body = b"content=" + b"x" * STRANGERS
    answer = old.post(f"{STATEMENTS}?method=PUT", data=body, content_type=FORM)
    assert answer.status_code == 413
    assert str(STRANGERS) in answer.json["title"]
    stream, stranger = BytesIO(body + b"x" * STRANGERS), shared_app.test_client()
    headers = {"Authorization": "Basic x", "Content-Type": FORM}
    assert stranger.post(f"{STATEMENTS}?method=PUT", input_stream=stream, headers=headers).status_code == 401
    assert stream.tell() <= STRANGERS + 1


@pytest.mark.parametrize("name", ["Authorization", "If-Match"])
def test_what_becomes_a_header_is_no_longer_than_one(form, name):
    assert (name, "header") not in rules_of(form("GET", {name: "x" * 8190}))
    assert (name, "header") in rules_of(form("GET", {name: "x" * 8191}))


def rules_of(answer):
    return rules(answer) if answer.status_code == 400 else []


@pytest.mark.parametrize("size", [70_000, 1_000_000])
def test_a_gzipped_form_arrives_whole_with_its_last_field(old, size):
    first = WHERE | {"content": "x" * size, "Content-Type": "text/plain"}
    for fields, status in ((first, 204), (first | {"content": "y" * size, "If-None-Match": "*"}, 412)):
        body = gzip.compress(urlencode(fields).encode())
        headers = {"Content-Encoding": "gzip", "Content-Type": FORM}
        assert old.post(f"{STATE}?method=PUT", data=body, headers=headers).status_code == status
    assert old.get(f"{STATE}?{urlencode(WHERE)}").text == "x" * size


@pytest.mark.parametrize("encode", [bytes, gzip.compress])
def test_of_a_stranger_only_a_small_form_is_read(shared_app, old, encode):
    fields = WHERE | {"Authorization": old.environ_base["HTTP_AUTHORIZATION"], "X-Experience-API-Version": "1.0.3"}
    headers = {"Content-Type": FORM} | ({"Content-Encoding": "gzip"} if encode is gzip.compress else {})
    for size, status in ((STRANGERS // 2, 204), (STRANGERS, 401)):
        body = encode(urlencode(fields | {"content": "x" * size}).encode())
        answer = shared_app.test_client().post(f"{STATE}?method=PUT", data=body, headers=headers)
        assert answer.status_code == status


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"X-Experience-API-Version": "2.0.0"}, "alternate-syntax"),
        ({"X-Experience-API-Version": "1.0.3"}, "required"),
        ({"X-Experience-API-Version": "1.0.3", "statementId": ["a", "b"]}, "repeated"),
        ({"X-Experience-API-Version": "1.0.3", "If-Match": "ê"}, "header"),
    ],
)
def test_whose_credential_is_in_the_form_is_told_what_is_wrong_too(shared_app, old, wrong, rule):
    fields = wrong | {"Authorization": old.environ_base["HTTP_AUTHORIZATION"]}
    body = urlencode(fields, doseq=True)
    answer = shared_app.test_client().post(f"{STATEMENTS}?method=PUT", data=body, content_type=FORM)
    assert (answer.status_code, answer.json["errors"][0]["rule"]) == (400, rule)


def test_of_2_0_no_form_is_read(old):
    old.environ_base["HTTP_X_EXPERIENCE_API_VERSION"] = "2.0.0"
    body = BytesIO(b"content=x")
    assert old.post(f"{STATEMENTS}?method=PUT", input_stream=body, content_type=FORM).status_code == 400
    assert body.tell() == 0


@pytest.mark.parametrize("version", ["2.0.0", "2.0.5"])
@pytest.mark.parametrize("place", ["header", "field"])
def test_2_0_has_no_such_syntax(old, a_statement, version, place):
    statement = a_statement()
    fields = {"statementId": statement["id"], "content": json.dumps(statement)}
    if place == "field":
        fields["X-Experience-API-Version"] = version
    else:
        old.environ_base["HTTP_X_EXPERIENCE_API_VERSION"] = version
    answer = old.post(f"{STATEMENTS}?method=PUT", data=fields)
    assert answer.status_code == 400
    assert rules(answer) == [("X-Experience-API-Version", "alternate-syntax")]


@pytest.mark.parametrize("verb", ["put", "get", "delete"])
def test_only_a_post_can_mean_another_method(old, verb):
    answer = getattr(old, verb)(f"{STATEMENTS}?method=POST", data="content=x", content_type=FORM)
    assert answer.status_code in {400, 405}


def test_a_value_that_looks_like_the_parameter_changes_nothing(old):
    answer = old.get(f"{STATEMENTS}?activity={quote('https://hoc.example.vn/?method=PUT')}")
    assert answer.status_code == 200
