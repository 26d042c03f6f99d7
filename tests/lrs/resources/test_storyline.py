"""A course as authoring tools publish it, from its first request to a report, through a proxy that takes a prefix."""

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import pytest

PAGE = "https://noi-dung.example.vn"
PREFIX = "/lrs"
COURSE = "https://hoc.example.vn/courses/chu-ky-so"
LEARNER = {"objectType": "Agent", "name": "Học viên", "account": {"homePage": "https://hoc.example.vn", "name": "hv-7"}}


@pytest.fixture(scope="module")
def proxy(port):
    """Serve /lrs/... from /..., and nothing else, as nginx does with `location /lrs/ { proxy_pass http://lrs/; }`."""

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if not self.path.startswith(f"{PREFIX}/"):
                self.send_error(404)
                return
            inner = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            inner.request(self.command, self.path.removeprefix(PREFIX), body, dict(self.headers))
            answer = inner.getresponse()
            data = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name not in {"Server", "Date", "Connection"}:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)
            inner.close()

        do_GET = do_PUT = do_POST = do_OPTIONS = forward  # noqa: N815 - names that http.server looks for

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def course(caller):
    """Send requests as the course does, to addresses of any kind; return status, headers and body."""
    headers = {
        "Authorization": caller(origins=(PAGE,), version=None).environ_base["HTTP_AUTHORIZATION"],
        "X-Experience-API-Version": "1.0.2",
        "Origin": PAGE,
    }

    def ask(method, address, body=None, content_type="application/json"):
        parts = urlsplit(address)
        connection = http.client.HTTPConnection(parts.netloc, timeout=20)
        kind = {"Content-Type": content_type} if body is not None else {}
        connection.request(method, f"{parts.path}?{parts.query}", body, headers | kind)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        assert answer.headers["X-Experience-API-Version"] == "1.0.3"
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE
        return answer.status, data

    return ask


def said(verb, slide="", **changes):
    return {
        "id": str(uuid4()),
        "actor": LEARNER,
        "verb": {"id": f"http://adlnet.gov/expapi/verbs/{verb}", "display": {"en-US": verb}},
        "object": {"objectType": "Activity", "id": COURSE + slide, "definition": {"name": {"und": "Chữ ký số"}}},
        "context": {"contextActivities": {"parent": {"id": COURSE}, "grouping": {"id": COURSE}}},
        "timestamp": "2026-11-20T02:15:30.123Z",
    } | changes


def test_a_course_from_its_launch_to_the_report(course, proxy):
    endpoint = f"{proxy}{PREFIX}/xapi/"
    where = {"activityId": COURSE, "agent": json.dumps(LEARNER), "stateId": "resume"}
    state = f"{endpoint}activities/state?{urlencode(where)}"
    assert course("GET", state)[0] == 404
    for bookmark in ("2a1f", "2b3c"):
        assert course("PUT", state, bookmark, "text/plain")[0] == 204
    assert course("GET", state) == (200, b"2b3c")

    sent = [said("attempted"), *(said("experienced", f"/slide{number}") for number in range(24))]
    for statement in sent:
        address = f"{endpoint}statements?statementId={statement['id']}"
        assert course("PUT", address, json.dumps(statement))[0] == 204
        # The answer was lost on the way, so it is sent again.
        assert course("PUT", address, json.dumps(statement))[0] == 204
    passed = said("passed", result={"score": {"scaled": 0.9, "raw": 90}, "success": True, "duration": "PT4M12.34S"})
    for again in (passed, passed | {"timestamp": "2026-11-20T02:20:00Z"}):
        assert course("POST", f"{endpoint}statements", json.dumps([again])) == (
            200,
            json.dumps([passed["id"]]).encode(),
        )

    query = urlencode({"agent": json.dumps(LEARNER), "activity": COURSE, "related_activities": "true", "limit": "7"})
    found, more = [], f"{PREFIX}/xapi/statements?{query}"
    while more:
        assert more.startswith(f"{PREFIX}/xapi/statements?")
        # Clients take scheme, host and port of their endpoint, and append what `more` says.
        status, data = course("GET", proxy + more)
        assert status == 200
        page = json.loads(data)
        found += [statement["id"] for statement in page["statements"]]
        more = page["more"]
    assert found == [statement["id"] for statement in (passed, *reversed(sent))]


def test_without_the_prefix_there_is_nothing(proxy):
    connection = http.client.HTTPConnection(urlsplit(proxy).netloc, timeout=20)
    connection.request("GET", "/xapi/about")
    assert connection.getresponse().status == 404
    connection.close()
