"""The client straight into an application, without a network."""

import pytest

from clients import Basic, LRSClient, Request, WSGITransport, agent, completed

LEARNER = agent(mbox="hoc.vien@example.vn")


@pytest.fixture
def asked():
    """Keep what an application is asked, and answer in two pieces."""
    seen = []

    def application(environ, start_response):
        seen.append({**environ, "body": environ["wsgi.input"].read()})
        start_response("201 Created", [("Content-Type", "text/plain"), ("ETag", '"1"')])(b"writ")
        yield b"ten "
        yield b"twice"

    application.seen = seen
    return application


def test_a_request_becomes_an_environ_and_the_answer_is_whole(asked):
    transport = WSGITransport(asked, script_name="/prefix")
    request = Request(
        "PUT", "https://lrs.example.vn/prefix/xapi/b%C3%A0i?a=%20b", {"Content-Type": "x/y", "If-Match": "1"}, b"body"
    )
    response = transport.send(request, 1)
    assert (response.status, response.content, response.header("ETag")) == (201, b"written twice", '"1"')
    (environ,) = asked.seen
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/prefix", "/xapi/bài".encode().decode("latin-1"))
    assert (environ["REQUEST_METHOD"], environ["QUERY_STRING"], environ["SERVER_PORT"]) == ("PUT", "a=%20b", "443")
    assert (environ["CONTENT_TYPE"], environ["HTTP_IF_MATCH"], environ["body"]) == ("x/y", "1", b"body")


def test_what_an_application_raises_comes_through():
    def broken(environ, _start_response):
        raise KeyError(environ["PATH_INFO"])

    with pytest.raises(KeyError):
        LRSClient("http://x/xapi", transport=WSGITransport(broken)).about()


def test_the_store_itself_can_be_spoken_to(app, client):
    token = client.environ_base["HTTP_AUTHORIZATION"]

    class Known(Basic):
        def header(self):
            return token

    with LRSClient("http://lrs.example.vn/xapi", Known("k", "s"), transport=WSGITransport(app)) as lrs:
        sent = lrs.save_many(completed(LEARNER, "https://x.vn/a") for _ in range(5))
        assert [each["id"] for each in lrs.find(agent=LEARNER, page_size=2, ascending=True)] == sent
