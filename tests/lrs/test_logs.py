"""What is logged, and what never is."""

import json
import logging

import pytest
import structlog

from lrs import logs


@pytest.fixture(autouse=True)
def configured():
    """Our logs for one test, as they were before afterwards."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    root.handlers.clear()
    yield
    root.handlers[:] = before
    root.setLevel(level)
    logging.getLogger("pymongo").setLevel(logging.NOTSET)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def logged(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    (line,) = capsys.readouterr().err.splitlines()
    return json.loads(line)


def test_a_record_is_one_line_of_json_whatever_it_says(capsys):
    logs.configure("info")
    logging.getLogger("lrs.x").info("two\nlines %s", "\x1b[31m\0", extra={"count": 3})
    found = logged(capsys)
    assert found["event"] == "two\nlines \x1b[31m\0"
    assert found.items() >= {"level": "info", "logger": "lrs.x", "count": 3}.items()


def test_below_the_level_nothing_is_logged(capsys):
    logs.configure("warning")
    logging.getLogger("lrs.x").info("quiet")
    structlog.get_logger("lrs.y").info("quiet")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("level", "lowest"), [("debug", logging.INFO), ("info", logging.INFO), ("error", logging.ERROR)]
)
def test_the_commands_that_hold_statements_are_logged_at_no_level(level, lowest):
    logs.configure(level)
    assert logging.getLogger("pymongo.command").getEffectiveLevel() == lowest


def test_an_exception_is_logged_by_type_and_place_without_its_message(capsys):
    logs.configure("info")
    try:
        int("mailto:lan@example.vn")
    except ValueError:
        logging.getLogger("lrs.x").exception("it failed")
    found = logged(capsys)
    assert found["error"] == "ValueError"
    assert "test_logs.py" in found["at"][-1]
    assert "lan@" not in json.dumps(found)


def test_what_is_logged_inside_a_request_has_its_id(capsys):
    logs.configure("info")

    def application(_environ, start_response):
        logging.getLogger("lrs.x").info("inside")
        start_response("200 OK", [])
        return []

    started = []
    served = logs.RequestIds(application, trusted=True)
    served({"HTTP_X_REQUEST_ID": "r-1"}, lambda *answer: started.append(answer))
    assert logged(capsys)["request"] == "r-1"
    assert started == [("200 OK", [("X-Request-Id", "r-1")])]


@pytest.mark.parametrize(("word", "trusted"), [("lan", False), ("a b", True), ("x" * 65, True)])
def test_a_word_that_is_not_trusted_or_not_plain_names_no_request(word, trusted):
    started = []
    served = logs.RequestIds(lambda _, start_response: start_response("200 OK", []) or [], trusted=trusted)
    served({"HTTP_X_REQUEST_ID": word}, lambda *answer: started.append(answer))
    assert word not in repr(started)
