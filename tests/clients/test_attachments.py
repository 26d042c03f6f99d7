import hashlib
from email import message_from_bytes
from email.policy import HTTP

import pytest

from clients import Attachment, BadAnswer
from clients.attachments import attached, mixed, split_mixed

USAGE = "http://adlnet.gov/expapi/attachments/certificate"
BYTES = [b"", b"%PDF", b"\r\n", b"--", b"\r\n--\r\n\r\n", bytes(range(256)) * 20, "Chứng nhận".encode()]


def certificate(content=b"%PDF", content_type="application/pdf"):
    return Attachment(content=content, content_type=content_type, usage_type=USAGE, display={"vi": "Chứng nhận"})


@pytest.mark.parametrize("content", BYTES)
def test_what_is_written_is_read_by_the_standard_library_and_by_us(content):
    body = mixed(b"[1]", [certificate(content), certificate(b"other", "text/plain")])
    first, *files = message_from_bytes(
        b"Content-Type: " + body.content_type.encode() + b"\r\n\r\n" + body.content, policy=HTTP
    ).iter_parts()
    assert first.get_content_type() == "application/json"
    assert [each["X-Experience-API-Hash"] for each in files] == [certificate(content).sha2, certificate(b"other").sha2]
    text, ours = split_mixed(body.content_type, body.content)
    assert text == b"[1]"
    assert ours[certificate(content).sha2].content == content
    assert ours[certificate(b"other").sha2].content_type == "text/plain"


def test_the_same_file_is_sent_once():
    assert mixed(b"[]", [certificate(), certificate()]).content.count(b"%PDF") == 1


def test_a_statement_names_its_files_once(a_statement):
    once = attached(a_statement(), [certificate(), certificate(b"other")])
    assert [each["sha2"] for each in once["attachments"]] == [certificate().sha2, certificate(b"other").sha2]
    assert once["attachments"][0]["length"] == 4
    assert attached(once, [certificate()]) == once


def test_the_callers_statement_is_not_changed(a_statement):
    given = a_statement(attachments=[])
    attached(given, [certificate()])
    assert given["attachments"] == []


@pytest.mark.parametrize("content_type", ["text/plain\r\nX-Injected: 1", "văn/bản", "a\0b"])
def test_a_content_type_is_one_line_of_ascii(content_type):
    with pytest.raises(ValueError, match="one line of ASCII"):
        mixed(b"[]", [certificate(content_type=content_type)])


@pytest.mark.parametrize("name", ["sha224", "sha256", "sha384", "sha512"])
def test_every_hash_of_the_family_is_known(name):
    _, files = split_mixed(*_answer(hashlib.new(name, b"data").hexdigest()))
    assert [each.content for each in files.values()] == [b"data"]


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/mixed; boundary=b",
        'Multipart/Mixed; Boundary="b"',
        'multipart/mixed; charset=x; boundary="b"; a=b',
        "multipart/mixed;boundary=b;",
    ],
)
def test_the_boundary_is_found(content_type):
    assert split_mixed(content_type, b"preamble\r\n--b\r\n\r\n[]\r\n--b--\r\nepilogue") == (b"[]", {})


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("multipart/mixed", b"--b\r\n\r\n[]\r\n--b--"),
        ("multipart/mixed; boundary=b", b""),
        ("multipart/mixed; boundary=b", b"--b\r\n\r\n[]\r\n"),
        ("multipart/mixed; boundary=b", b"--b--"),
        ("multipart/mixed; boundary=b", b"--b\r\nno headers\r\n--b--"),
        ("multipart/mixed; boundary=b", b"--b\r\n\r\n[]\r\n--b\r\n\r\ndata without a hash\r\n--b--"),
    ],
)
def test_what_is_cut_off_or_damaged_is_noticed(content_type, content):
    with pytest.raises(ValueError):  # noqa: PT011 - each has its own sentence
        split_mixed(content_type, content)


def test_a_file_that_was_changed_on_its_way_is_noticed(site):
    content_type, content = _answer(hashlib.sha256(b"other").hexdigest())
    site.then(site.says(content=content, content_type=content_type))
    with pytest.raises(BadAnswer, match="hash"):
        site.client().get_with_files("1")


def _answer(sha2):
    headers = f"Content-Type: text/plain\r\nX-Experience-API-Hash: {sha2.upper()}".encode()
    content = b"--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b\r\n" + headers + b"\r\n\r\ndata\r\n--b--\r\n"
    return "multipart/mixed; boundary=b", content
