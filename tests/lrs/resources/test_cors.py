import http.client
import json

import pytest

STATEMENTS = "/xapi/statements"
PAGE = "https://noi-dung.example.vn"
ASKING = {
    "Origin": PAGE,
    "Access-Control-Request-Method": "PUT",
    "Access-Control-Request-Headers": "authorization,content-type,x-experience-api-version",
}


def test_a_browser_asks_without_a_credential_then_writes_and_reads(caller, port, a_statement):
    authorization = caller(origins=(PAGE,)).environ_base["HTTP_AUTHORIZATION"]
    statement = a_statement()
    path = f"{STATEMENTS}?statementId={statement['id']}"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("OPTIONS", path, headers=ASKING)
        asked = connection.getresponse()
        assert (asked.status // 100, asked.read()) == (2, b"")
        assert asked.headers["Access-Control-Allow-Origin"] in {"*", PAGE}
        assert "PUT" in asked.headers["Access-Control-Allow-Methods"]
        assert "authorization" in asked.headers["Access-Control-Allow-Headers"].lower()
        headers = {"Origin": PAGE, "Authorization": authorization, "X-Experience-API-Version": "2.0.0"}
        connection.request("PUT", path, json.dumps(statement), headers | {"Content-Type": "application/json"})
        written = connection.getresponse()
        assert (written.status, written.read()) == (204, b"")
        assert written.headers["Access-Control-Allow-Origin"] == PAGE
        connection.request("GET", path, headers=headers)
        read = connection.getresponse()
        assert statement["id"].encode() in read.read()
        assert read.headers["Access-Control-Allow-Origin"] == PAGE
    finally:
        connection.close()


def test_other_origins_than_the_credentials_own_cannot_read(caller):
    client = caller(origins=(PAGE,))
    for origin in ("https://noi-dung.example.vn.example", "http://noi-dung.example.vn", "null", "*", ""):
        answer = client.get(STATEMENTS, headers={"Origin": origin})
        assert answer.status_code == 200
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Origin" in answer.headers.getlist("Vary")


def test_without_origins_no_page_can_read(caller):
    answer = caller().get(STATEMENTS, headers={"Origin": PAGE})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_all_origins_are_allowed_only_by_name(caller):
    answer = caller(origins=("*",)).get(STATEMENTS, headers={"Origin": PAGE})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_refusals_can_be_read_too(caller):
    answer = caller(origins=(PAGE,)).post(STATEMENTS, json={}, headers={"Origin": PAGE})
    assert answer.status_code == 400
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE


def test_a_page_can_read_that_its_credential_is_wrong(shared_app):
    answer = shared_app.test_client().get(STATEMENTS, headers={"Origin": PAGE})
    assert answer.status_code == 401
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", [STATEMENTS, "/xapi/about", "/xapi/activities/state", "/api/validate"])
def test_every_resource_answers_a_browser_that_asks(shared_app, path):
    answer = shared_app.test_client().options(path, headers=ASKING)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Allow" in answer.headers


@pytest.mark.parametrize("path", ["/api/credentials/a", STATEMENTS, "/xapi/activities/state", "/api/units"])
def test_pages_may_use_every_method_that_there_is(shared_app, path):
    answer = shared_app.test_client().options(path, headers=ASKING)
    assert set(answer.allow) - {"OPTIONS"} <= set(answer.headers["Access-Control-Allow-Methods"].split(", "))


def test_what_is_asked_for_is_repeated_only_if_it_is_a_list_of_headers(shared_app):
    asked = ASKING | {"Access-Control-Request-Headers": "a: b\u00e9"}
    answer = shared_app.test_client().options(STATEMENTS, headers=asked)
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    "name",
    [
        "ETag",
        "Last-Modified",
        "X-Experience-API-Version",
        "X-Experience-API-Consistent-Through",
        "X-Experience-API-Hash",
        "Link",
        "Retry-After",
        "Content-Length",
    ],
)
def test_pages_see_the_headers_of_the_specification(caller, name):
    answer = caller(origins=(PAGE,)).get(STATEMENTS, headers={"Origin": PAGE})
    assert name in answer.headers["Access-Control-Expose-Headers"].split(", ")
