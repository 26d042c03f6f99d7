"""How every resource answers: HEAD, wrong methods, unknown paths, bad credentials."""

import base64

import pytest


@pytest.fixture
def ask(wire):
    """Send an honest request; return status, headers by lower-case name, and body."""

    def make(method, path):
        return told(wire.exchange(wire.head(method, path, b"X-Experience-API-Version: 2.0.0"), method.decode()))

    return make


def told(answer):
    return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.body


RESOURCES = [
    b"/xapi/about",
    b"/xapi/statements",
    b"/xapi/statements?limit=1&format=ids",
    b"/health/live",
    b"/health/ready",
]


@pytest.mark.parametrize("path", RESOURCES)
def test_head_is_get_without_a_body(ask, path):
    got, headers, _ = ask(b"GET", path)
    told, same_headers, nothing = ask(b"HEAD", path)
    assert (got, told, nothing) == (200, 200, b"")
    assert headers.keys() == same_headers.keys()


@pytest.mark.parametrize("path", [b"/xapi/statements", b"/xapi/about"])
@pytest.mark.parametrize("method", [b"DELETE", b"PATCH", b"TRACE", b"PROPFIND", b"BREW"])
def test_other_methods_are_told_which_are_allowed(ask, path, method):
    found, headers, _ = ask(method, path)
    assert (found, headers["content-type"]) == (405, "application/problem+json")
    assert "GET" in headers["allow"]
    assert {"x-experience-api-version", "x-experience-api-consistent-through"} <= headers.keys()


NOWHERE = [b"/", b"/xapi", b"/xapi/nothing", b"/xapi/statements/x", b"/..//etc/passwd", b"/%00", b"/%ff"]


@pytest.mark.parametrize("path", NOWHERE)
def test_other_paths_lead_nowhere(ask, path):
    found, headers, _ = ask(b"GET", path)
    assert (found, headers["content-type"]) == (404, "application/problem+json")


# fmt: off
CREDENTIALS = [
    b"a", b"a:b", b":", b"\xff:\xfe", b"key-of-tests:wrong", b"key-of-tests\0:secret-of-tests", b"key-of-tests:",
    b"A" * 4000,
]
AUTHORIZATIONS = [
    None, b"", b"Basic", b"Basic ", b"Basic x", b"Basic ====", b"Basic \xff\xfe", b"Bearer x", b"Bearer a.b.c",
    b"Negotiate", b"Digest username=a", b"key-of-tests:secret-of-tests", b"Basic key-of-tests:secret-of-tests",
    b"Basic " + base64.b64encode(b"key-of-tests:secret-of-tests") + b", Basic eA==",
    *(b"Basic " + base64.b64encode(credential) for credential in CREDENTIALS),
]
# fmt: on


@pytest.mark.parametrize("value", AUTHORIZATIONS)
def test_a_bad_authorization_is_always_401(wire, value):
    own = b"" if value is None else b"Authorization: " + value + b"\r\n"
    start = b"GET /xapi/statements HTTP/1.1\r\nHost: a\r\nX-Experience-API-Version: 2.0.0\r\n"
    answer = wire.exchange(start + own + b"\r\n", "GET")
    found, headers, _ = told(answer)
    assert (found, headers["content-type"]) == (401, "application/problem+json")
    schemes = {each.partition(" ")[0] for name, each in answer.headers.items() if name.lower() == "www-authenticate"}
    assert schemes == ({"Basic", "Bearer"} if own.partition(b": ")[2].startswith(b"Bearer ") else {"Basic"})
