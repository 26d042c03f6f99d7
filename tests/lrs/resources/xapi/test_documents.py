import base64
import contextlib
import hashlib
import json
import uuid
from email.utils import parsedate_to_datetime
from urllib.parse import quote

import pytest

from lrs.app import close, create_app
from lrs.config import Config
from lrs.services.audit import sealed_with
from lrs.services.setup import first_credential
from lrs.store import open_store

COURSE = "https://hoc.example.vn/courses/an-toan-so"
LAN = json.dumps({"mbox": "mailto:lan@hoc.example.vn"})
REGISTRATIONS = ["6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d11", "6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d12"]
STATE = ("/xapi/activities/state", {"activityId": COURSE, "agent": LAN, "stateId": "bookmark"})
ACTIVITY_PROFILE = ("/xapi/activities/profile", {"activityId": COURSE, "profileId": "outline"})
AGENT_PROFILE = ("/xapi/agents/profile", {"agent": LAN, "profileId": "settings"})
RESOURCES = pytest.mark.parametrize(
    "where", [STATE, ACTIVITY_PROFILE, AGENT_PROFILE], ids=["state", "activity profile", "agent profile"]
)
PROFILES = pytest.mark.parametrize("where", [ACTIVITY_PROFILE, AGENT_PROFILE], ids=["of activity", "of agent"])
VERSIONS = pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])


DATABASE = "documents"
PEPPER = "a pepper for tests, of 32 characters or more"


@pytest.fixture(scope="module")
def store(mongod):
    """Open one database for all these tests: each has an Activity and an Agent of its own."""
    with contextlib.closing(open_store(mongod.uri, DATABASE, seal=sealed_with(PEPPER))) as opened:
        opened.migrate()
        yield opened
        opened.client.drop_database(DATABASE)


@pytest.fixture(scope="module")
def speaking(mongod, store):
    first_credential(store, PEPPER, "key", "secret")
    app = create_app(Config(mongodb_uri=mongod.uri, database=DATABASE, pepper=PEPPER))
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Basic {base64.b64encode(b'key:secret').decode()}"
    yield client
    close(app)


@pytest.fixture
def ask(speaking):
    """Send a request about documents; what is given as words replaces parameters, None takes one away."""
    own = uuid.uuid4().hex

    def send(method, where, body=None, *, version="2.0.0", content_type="application/json", headers=(), **changes):
        path, usual = where
        parameters = {name: value for name, value in (usual | changes).items() if value is not None}
        if "activityId" in parameters:
            parameters["activityId"] += f"?class={own}"
        if "agent" in parameters:
            parameters["agent"] = parameters["agent"].replace("mailto:", f"mailto:{own}.")
        return speaking.open(
            path + "?" + "&".join(f"{name}={quote(value)}" for name, value in parameters.items()),
            method=method,
            data=body,
            content_type=content_type if body is not None else None,
            headers={"X-Experience-API-Version": version, **dict(headers)},
        )

    return send


def etag(body):
    return f'"{hashlib.sha1(body, usedforsecurity=False).hexdigest()}"'


def told(answer):
    return [(error["path"], error["rule"]) for error in answer.json["errors"]]


@RESOURCES
@VERSIONS
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"trang": 3}', "application/json"),
        ("bài học".encode(), "text/plain; charset=utf-8"),
        (bytes(range(256)), "application/octet-stream"),
        (b"not json", "application/json"),
        (b"a=1&b=2", "application/x-www-form-urlencoded"),
        (b"", "text/plain"),
    ],
)
def test_a_document_comes_back_as_it_was_sent(ask, where, version, body, content_type):
    stored = ask("PUT", where, body, version=version, content_type=content_type, headers={"If-None-Match": "*"})
    assert (stored.status_code, stored.data) == (204, b"")
    found = ask("GET", where, version=version)
    assert (found.status_code, found.data, found.headers["Content-Type"]) == (200, body, content_type)
    assert found.headers["ETag"] == stored.headers["ETag"] == etag(body)
    assert parsedate_to_datetime(found.headers["Last-Modified"])
    assert found.headers["X-Experience-API-Version"] == version


@RESOURCES
def test_head_answers_like_get_without_the_body(ask, where):
    ask("PUT", where, b'{"a":1}', headers={"If-None-Match": "*"})
    found, head = ask("GET", where), ask("HEAD", where)
    assert (head.status_code, head.data) == (200, b"")
    for name in ("Content-Type", "Content-Length", "ETag", "Last-Modified"):
        assert head.headers[name] == found.headers[name]


def test_a_document_without_a_content_type_is_bytes(ask):
    ask("PUT", STATE, b"abc", content_type=None)
    assert ask("GET", STATE).headers["Content-Type"] == "application/octet-stream"


def test_a_stored_page_cannot_act_as_one_of_this_server(ask):
    ask("PUT", STATE, b"<script>alert(1)</script>", content_type="text/html")
    found = ask("GET", STATE)
    assert found.headers["Content-Security-Policy"] == "sandbox"
    assert found.headers["X-Content-Type-Options"] == "nosniff"


@RESOURCES
@VERSIONS
def test_what_was_never_stored_or_is_deleted_is_not_found(ask, where, version):
    assert ask("GET", where, version=version).status_code == 404
    assert ask("DELETE", where, version=version).status_code == 204
    ask("POST", where, b'{"a":1}', version=version)
    assert ask("DELETE", where, version=version).status_code == 204
    assert ask("GET", where, version=version).status_code == 404


def test_a_state_of_1_0_x_is_overwritten_without_a_condition(ask):
    for body in (b"1", b"2", b"2"):
        assert ask("PUT", STATE, body, version="1.0.2").status_code == 204
        assert ask("GET", STATE, version="1.0.2").data == body


@RESOURCES
def test_in_2_0_a_bare_put_creates_and_never_replaces(ask, where):
    assert ask("PUT", where, b"1").status_code == 204
    refused = ask("PUT", where, b"2")
    assert (refused.status_code, told(refused)) == (409, [("If-Match", "required")])
    assert "If-Match" in refused.json["title"]
    assert ask("GET", where).data == b"1"


@PROFILES
def test_in_1_0_x_a_bare_put_of_a_profile_is_refused(ask, where):
    refused = ask("PUT", where, b"1", version="1.0.3")
    assert (refused.status_code, told(refused)) == (400, [("If-None-Match", "required"), ("If-Match", "required")])
    assert ask("GET", where).status_code == 404
    ask("PUT", where, b"1", headers={"If-None-Match": "*"})
    refused = ask("PUT", where, b"2", version="1.0.3")
    assert (refused.status_code, told(refused)) == (409, [("If-Match", "required")])
    assert ask("GET", where).data == b"1"


@PROFILES
def test_where_that_is_forgiven_it_creates_and_is_counted(caller, where):
    client = caller(leniency=("bare-profiles",), version="1.0.3")
    path, parameters = where
    profile = path + "?" + "&".join(f"{name}={quote(value)}" for name, value in parameters.items())
    assert [client.put(profile, data=body).status_code for body in (b"1", b"2")] == [204, 409]
    assert client.get(profile).data == b"1"
    assert client.get("/api/diagnostics").json["leniency"] == [{"name": "bare-profiles", "count": 1}]


@RESOURCES
@VERSIONS
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_if_match_lets_pass_what_the_writer_has_seen(ask, where, version, method):
    ask("POST", where, b'{"a":1}', version=version)
    body = None if method == "DELETE" else b'{"a":2}'
    for header in (etag(b"never"), f"{etag(b'never')}, W/{etag(b'other')}"):
        refused = ask(method, where, body, version=version, headers={"If-Match": header})
        assert (refused.status_code, told(refused)) == (412, [("If-Match", "etag")])
        assert ask("GET", where).data == b'{"a":1}'
    passed = ask(method, where, body, version=version, headers={"If-Match": etag(b'{"a":1}')})
    assert passed.status_code == 204
    assert ask("GET", where).status_code == (404 if method == "DELETE" else 200)


@RESOURCES
@VERSIONS
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
@pytest.mark.parametrize("header", [etag(b"1"), "*"])
def test_if_match_creates_nothing(ask, where, version, method, header):
    refused = ask(method, where, b"{}", version=version, headers={"If-Match": header})
    assert (refused.status_code, told(refused)) == (412, [("If-Match", "etag")])
    assert ask("GET", where).status_code == 404


@RESOURCES
@VERSIONS
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_if_none_match_with_a_star_demands_absence(ask, where, version, method):
    assert ask(method, where, b"{}", version=version, headers={"If-None-Match": "*"}).status_code == 204
    ask("POST", where, b"{}", version=version)
    refused = ask(method, where, b'{"a":1}', version=version, headers={"If-None-Match": "*"})
    assert (refused.status_code, told(refused)) == (412, [("If-None-Match", "etag")])
    assert ask("GET", where).data == b"{}"


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_if_none_match_with_a_tag_protects_that_document_only(ask, method):
    ask("PUT", STATE, b"{}")
    body = b'{"a":1}'
    assert ask(method, STATE, body, headers={"If-None-Match": etag(b"{}")}).status_code == 412
    assert ask("GET", STATE).data == b"{}"
    assert ask(method, STATE, body, headers={"If-None-Match": etag(b"other")}).status_code == 204
    ask("DELETE", STATE)
    assert ask(method, STATE, body, headers={"If-None-Match": etag(b"{}")}).status_code == 204


def test_a_reader_who_has_the_document_is_told_so(ask):
    ask("PUT", STATE, b"1")
    found = ask("GET", STATE, headers={"If-None-Match": etag(b"1")})
    assert (found.status_code, found.data, found.headers["ETag"]) == (304, b"", etag(b"1"))
    assert ask("GET", STATE, headers={"If-None-Match": etag(b"2")}).status_code == 200


@RESOURCES
@VERSIONS
def test_a_post_merges_one_level_deep(ask, where, version):
    for body in (b'{"a":{"x":1},"b":1.50}', b'{"a":{"y":2}}'):
        assert ask("POST", where, body, version=version).status_code == 204
    found = ask("GET", where)
    assert found.data == b'{"a":{"y":2},"b":1.50}'
    assert found.headers["ETag"] == etag(found.data)


@pytest.mark.parametrize(
    ("stored", "stored_as", "posted", "posted_as"),
    [
        (b"{}", "application/json", b"{}", "text/plain"),
        (b"{}", "application/json", b"[]", "application/json"),
        (b"{}", "application/json", b"{", "application/json"),
        (b"{}", "application/json", b'{"a":NaN}', "application/json"),
        (b"{}", "text/plain", b"{}", "application/json"),
        (b"{}", "text/plain", b"{}", "text/plain"),
        (b"[1]", "application/json", b"{}", "application/json"),
        (b"{", "application/json", b"{}", "application/json"),
        (b'{"a":' + b"[" * 100_000, "application/json", b"{}", "application/json"),
    ],
)
def test_only_json_objects_are_merged(ask, stored, stored_as, posted, posted_as):
    ask("PUT", STATE, stored, content_type=stored_as)
    assert ask("POST", STATE, posted, content_type=posted_as).status_code == 400
    assert ask("GET", STATE).data == stored


def test_a_post_of_anything_is_stored_where_there_is_nothing(ask):
    assert ask("POST", STATE, b"\0\1", content_type="application/octet-stream").status_code == 204
    assert ask("GET", STATE).data == b"\0\1"
    assert ask("POST", STATE, b"[]", stateId="other").status_code == 400


def test_states_of_other_registrations_agents_and_activities_are_others(ask):
    elsewhere = [
        {},
        {"registration": REGISTRATIONS[0]},
        {"registration": REGISTRATIONS[1]},
        {"registration": "00000000-0000-0000-0000-000000000000"},
        {"agent": json.dumps({"mbox": "mailto:minh@hoc.example.vn"})},
        {"activityId": COURSE + "/2"},
        {"stateId": "bookmark "},
    ]
    for number, changes in enumerate(elsewhere):
        assert ask("PUT", STATE, str(number).encode(), **changes).status_code == 204
    for number, changes in enumerate(elsewhere):
        assert ask("GET", STATE, **changes).data == str(number).encode()


def test_an_agent_is_the_same_however_it_is_written(ask):
    ask("PUT", STATE, b"1")
    agent = {"name": "Lan", "objectType": "Agent", "mbox": "mailto:lan@HOC.example.vn"}
    assert ask("GET", STATE, agent=json.dumps(agent)).data == b"1"


def test_a_list_tells_the_names_on_one_shelf(ask):
    for name, registration in [("b", None), ("a", None), ("a", REGISTRATIONS[0]), ("ü/c", REGISTRATIONS[0])]:
        ask("PUT", STATE, b"1", stateId=name, registration=registration)
    ask("PUT", STATE, b"1", activityId=COURSE + "/2")
    assert ask("GET", STATE, stateId=None).json == ["a", "b", "ü/c"]
    assert ask("GET", STATE, stateId=None, registration=REGISTRATIONS[0]).json == ["a", "ü/c"]
    assert ask("GET", STATE, stateId=None, registration=REGISTRATIONS[1]).json == []
    assert ask("GET", AGENT_PROFILE, profileId=None).json == []


@PROFILES
def test_a_list_of_profiles_tells_their_names(ask, where):
    ask("PUT", where, b"1", profileId="two")
    ask("PUT", where, b"1", profileId="one")
    found = ask("GET", where, profileId=None)
    assert (found.json, found.headers["Content-Type"]) == (["one", "two"], "application/json")
    assert ask("HEAD", where, profileId=None).headers["Last-Modified"] == found.headers["Last-Modified"]


def test_since_leaves_out_what_was_stored_before(ask, store):
    ask("PUT", STATE, b"1", stateId="old")
    store.database["documents"].update_one({"name": "old"}, {"$set": {"modified": 1_000_000}})
    ask("PUT", STATE, b"1", stateId="new")
    assert ask("GET", STATE, stateId=None, since="1970-01-01T00:00:01Z").json == ["new"]
    assert ask("GET", STATE, stateId=None, since="1970-01-01T00:00:00.999999Z").json == ["new", "old"]


def test_all_states_of_one_context_are_deleted_at_once(ask):
    for name, registration in [("a", None), ("b", REGISTRATIONS[0]), ("c", REGISTRATIONS[1])]:
        ask("PUT", STATE, b"1", stateId=name, registration=registration)
    ask("PUT", STATE, b"1", activityId=COURSE + "/2")
    refused = ask("DELETE", STATE, stateId=None, headers={"If-Match": etag(b"1")})
    assert (refused.status_code, told(refused)) == (400, [("stateId", "required")])
    assert ask("DELETE", STATE, stateId=None, registration=REGISTRATIONS[0]).status_code == 204
    assert ask("GET", STATE, stateId=None).json == ["a", "c"]
    assert ask("DELETE", STATE, stateId=None).status_code == 204
    assert ask("GET", STATE, stateId=None).json == []
    assert ask("GET", STATE, activityId=COURSE + "/2").data == b"1"


@RESOURCES
def test_a_document_over_the_limit_is_refused_with_the_limit(ask, where):
    most = 8 * 1024**2
    assert ask("PUT", where, b"x" * most, content_type="text/plain").status_code == 204
    refused = ask("PUT", where, b"x" * (most + 1), headers={"If-Match": "*"})
    assert refused.status_code == 413
    assert str(most) in refused.json["title"]


def test_a_merge_does_not_grow_over_the_limit(ask):
    half = json.dumps("x" * 5 * 1024**2).encode()
    assert ask("POST", STATE, b'{"a":' + half + b"}").status_code == 204
    refused = ask("POST", STATE, b'{"b":' + half + b"}")
    assert refused.status_code == 413
    assert str(8 * 1024**2) in refused.json["title"]
    assert len(ask("GET", STATE).data) < 6 * 1024**2


@RESOURCES
def test_other_methods_are_told_which_there_are(ask, where):
    refused = ask("PATCH", where, b"{}")
    assert refused.status_code == 405
    assert {"GET", "HEAD", "PUT", "POST", "DELETE"} <= set(refused.headers["Allow"].split(", "))


@RESOURCES
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_unknown_parameters_are_refused(ask, where, method):
    refused = ask(method, where, b"{}", foo="bar")
    assert (refused.status_code, told(refused)) == (400, [("*", "unknown")])
