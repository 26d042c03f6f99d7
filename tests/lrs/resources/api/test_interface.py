import gzip
import json

import pytest

PATHS = {"/api/validate": "post", "/api/batches": "post", "/api/diagnostics": "get"}


def test_the_description_names_every_path_and_is_open_to_all(shared_app):
    found = shared_app.test_client().get("/api/openapi.json").json
    assert found["openapi"] == "3.1.0"
    for path, method in PATHS.items():
        operation = found["paths"][path][method]
        assert operation["summary"]
        assert "200" in operation["responses"]


def test_it_tells_the_path_prefix_and_how_to_be_let_in(shared_app):
    found = shared_app.test_client().get("/api/openapi.json").json
    assert found["servers"] == [{"url": "/lrs"}]
    schemes = found["components"]["securitySchemes"]
    assert {name: scheme["type"] for name, scheme in schemes.items()} == {
        "basic": "http",
        "bearer": "http",
        "session": "apiKey",
        "csrf": "apiKey",
    }
    assert {name for required in found["security"] for name in required} == schemes.keys()


def test_every_refusal_is_described_once_for_all_operations(shared_app):
    found = shared_app.test_client().get("/api/openapi.json").json
    answers = [
        (status, answer)
        for path, methods in found["paths"].items()
        if path.startswith("/api/")  # what is OAuth's has words of its own
        for name, operation in methods.items()
        if name != "parameters"
        for status, answer in operation["responses"].items()
        if status >= "400"
    ]
    assert answers
    for status, answer in answers:
        assert answer.keys() == {"$ref"}, status
        described = found["components"]["responses"][answer["$ref"].removeprefix("#/components/responses/")]
        assert described["content"].keys() == {"application/problem+json"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/oauth/token"),
        ("POST", "/oauth/revoke"),
        ("GET", "/api/organisation"),
        ("DELETE", "/api/credentials/{key}"),
        ("POST", "/api/credentials/{key}/secret"),
        ("POST", "/api/batches"),
    ],
)
def test_an_encoding_that_is_not_known_here_is_refused_as_described(caller, method, path):
    client = caller()
    answer = client.open(path, method=method, headers={"Content-Encoding": "br"})
    told = client.get("/api/openapi.json").json["paths"][path][method.lower()]["responses"]
    assert (answer.status_code, answer.content_type) == (415, "application/problem+json")
    assert "415" in told


def test_it_is_compressed_for_who_takes_that(shared_app):
    answer = shared_app.test_client().get("/api/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert json.loads(gzip.decompress(answer.data))["paths"].keys() >= PATHS.keys()


@pytest.mark.parametrize("path", ["/api/nothing", "/api/batches", "/api/openapi.json"])
def test_pages_of_other_origins_can_read_what_is_said_to_everybody(shared_app, path):
    answer = shared_app.test_client().get(path, headers={"Origin": "https://noi-dung.example.vn"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers.getlist("Vary").count("Origin") == 1


def test_unknown_paths_and_methods_are_told_in_the_usual_shape(shared_app):
    for answer in (shared_app.test_client().get("/api/nothing"), shared_app.test_client().get("/api/batches")):
        assert answer.content_type == "application/problem+json"
        assert answer.status_code == answer.json["status"] in {404, 405}


@pytest.mark.parametrize("path", ["/api//credentials", "//api/credentials", "/xapi//statements", "/oauth//jwks"])
def test_a_slash_too_many_leads_nowhere(shared_app, path):
    answer = shared_app.test_client().get(path)
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
