import base64
import gzip
import hashlib
import http.client
import io
import json
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.errors import BadRequest, LRSError, PayloadTooLarge
from lrs.resources.encodings import WORTHWHILE, Inflated

STATEMENTS = "/xapi/statements"
GZIP = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
MEGABYTE = 1024**2
BLOCK = gzip.compress(bytes(10 * MEGABYTE), 9)
"""A thousandth of what it decodes to."""


def inflated(encoded, limit=MEGABYTE):
    return Inflated(io.BytesIO(encoded), limit)


@pytest.mark.parametrize("size", [0, 1, 70_000, 500_000])
@pytest.mark.parametrize("read", [1 << 10, 1 << 20])
def test_what_was_compressed_comes_out(size, read):
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    stream = io.BufferedReader(inflated(gzip.compress(content)), read)
    assert stream.read() == content


def test_several_members_are_one_content():
    encoded = gzip.compress(b"Xin ") + gzip.compress(b"") + gzip.compress("chào".encode())
    assert inflated(encoded).read().decode() == "Xin chào"


@pytest.mark.parametrize(
    "encoded",
    [b"", b"x", b"{}", gzip.compress(b"cut")[:-1], gzip.compress(b"cut")[:5], gzip.compress(b"more") + b"more"],
)
def test_what_is_no_gzip_is_refused(encoded):
    with pytest.raises(BadRequest):
        inflated(encoded).read()


def test_nothing_is_decoded_past_the_limit():
    bomb = BLOCK * 10
    stream = inflated(bomb, MEGABYTE)
    assert len(stream.read(MEGABYTE // 2)) <= MEGABYTE // 2
    with pytest.raises(PayloadTooLarge, match=str(MEGABYTE)):
        stream.read()


def test_members_without_content_end_too():
    stream = inflated(gzip.compress(b"") * 100_000, MEGABYTE)
    with pytest.raises(PayloadTooLarge):
        stream.read()


def test_a_gzipped_statement_is_stored_as_it_was(caller, a_statement):
    statement = a_statement()
    client = caller()
    answer = client.post(STATEMENTS, data=gzip.compress(json.dumps(statement).encode()), headers=GZIP)
    assert answer.json == [statement["id"]]
    found = client.get(f"{STATEMENTS}?statementId={statement['id']}")
    assert found.json["object"] == statement["object"]


def test_a_gzipped_document_is_stored_decoded(caller):
    client = caller()
    state = "/xapi/activities/state?activityId=https%3A%2F%2Fhoc.example.vn%2Fa&stateId=s"
    state += "&agent=%7B%22mbox%22%3A%22mailto%3Alan%40hoc.example.vn%22%7D"
    put = client.put(state, data=gzip.compress(b"trang 12"), headers={"Content-Encoding": "gzip"})
    assert put.status_code == 204
    assert client.get(state).data.decode() == "trang 12"


def test_statements_with_attachments_may_be_gzipped_as_a_whole(caller, a_statement):
    data = b"\x89PNG" * 5000
    sha2 = hashlib.sha256(data).hexdigest()
    attachment = {
        "usageType": "https://hoc.example.vn/xapi/anh",
        "display": {"vi": "Ảnh"},
        "contentType": "image/png",
        "length": len(data),
        "sha2": sha2,
    }
    statement = json.dumps(a_statement(attachments=[attachment])).encode()
    body = (
        b"--cut\r\nContent-Type: application/json\r\n\r\n%b\r\n--cut\r\nContent-Type: image/png\r\n"
        b"Content-Transfer-Encoding: binary\r\nX-Experience-API-Hash: %b\r\n\r\n%b\r\n--cut--\r\n"
    ) % (statement, sha2.encode(), data)
    headers = {"Content-Encoding": "gzip", "Content-Type": "multipart/mixed; boundary=cut"}
    client = caller()
    assert client.post(STATEMENTS, data=gzip.compress(body), headers=headers).status_code == 200
    answer = client.get(f"{STATEMENTS}?attachments=true", headers={"Accept-Encoding": "gzip"})
    assert data in answer.data
    assert "Content-Encoding" not in answer.headers


@given(st.binary(max_size=200), st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_damage_is_refused_or_harmless(content, place, change):
    encoded = bytearray(gzip.compress(content))
    encoded[place % len(encoded)] ^= change
    with suppress(LRSError):
        inflated(bytes(encoded), 1000).read()


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip", "zstd"])
def test_other_codings_are_415(caller, coding):
    answer = caller().post(STATEMENTS, data=b"x", headers=GZIP | {"Content-Encoding": coding})
    assert answer.status_code == 415
    assert "gzip" in answer.json["title"]
    assert answer.headers["X-Experience-API-Version"] == "2.0.0"


def test_a_body_without_a_coding_may_say_so(caller, a_statement):
    body = json.dumps(a_statement())
    answer = caller().post(STATEMENTS, data=body, headers=GZIP | {"Content-Encoding": "identity"})
    assert answer.status_code == 200


def test_a_body_that_is_not_what_it_says_is_400(caller):
    answer = caller().post(STATEMENTS, data=b"{}", headers=GZIP)
    assert answer.status_code == 400
    assert answer.json["errors"][0]["path"] == "Content-Encoding"


@pytest.mark.parametrize(("kind", "status"), [("application/json", 413), ("multipart/mixed; boundary=cut", 400)])
def test_only_with_attachments_more_is_decoded_than_a_body_holds(caller, kind, status):
    nothing = gzip.compress(b"") * (17 * MEGABYTE // 20)
    answer = caller().post(STATEMENTS, data=nothing, headers=GZIP | {"Content-Type": kind})
    assert answer.status_code == status


def test_the_limit_of_a_request_holds_for_what_is_decoded(caller):
    body = gzip.compress(b"[" + b" " * 17 * MEGABYTE + b"]")
    answer = caller().post(STATEMENTS, data=body, headers=GZIP)
    assert answer.status_code == 413


def memory(pid):
    """Return what a process and its children have held in memory at most, in bytes each."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        int(line.split()[1]) * 1024
        for child in (str(pid), *children)
        for line in Path(f"/proc/{child}/status").read_text().splitlines()
        if line.startswith("VmHWM")
    ]


def test_a_bomb_costs_a_server_neither_memory_nor_time(server):
    bomb = BLOCK * 200
    headers = GZIP | {"X-Experience-API-Version": "2.0.0", "Authorization": basic(server)}
    before = max(memory(server.pid))
    began = time.monotonic()
    for _ in range(3):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("POST", STATEMENTS, bomb, headers)
        status = connection.getresponse().status
        connection.close()
        assert status == 413
    assert time.monotonic() - began < 15
    assert max(memory(server.pid)) - before < 100 * MEGABYTE


def basic(server):
    return "Basic " + base64.b64encode(f"{server.key}:{server.secret}".encode()).decode()


def test_a_body_of_unannounced_length_has_the_limit_too(server):
    """Past the limit a chunked body is refused, not cut."""
    headers = {"X-Experience-API-Version": "2.0.0", "Authorization": basic(server), "Content-Type": "text/plain"}
    profile = "/xapi/activities/profile?activityId=https%3A%2F%2Fhoc.example.vn%2Fa&profileId=p"
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("PUT", profile, iter([b"x" * MEGABYTE] * 8 + [b"x"]), headers, encode_chunked=True)
    status = connection.getresponse().status
    connection.close()
    assert status == 413


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
PAST_A_FORM = b"grant_type=client_credentials&x=" + b"a" * 33_000 + b"&scope=state"
PAST_JSON = b'{"label": "x"}' + b" " * MEGABYTE


@pytest.mark.parametrize(
    ("path", "headers", "body", "expected"),
    [
        ("/oauth/token", FORM, PAST_A_FORM, 400),
        ("/oauth/token", FORM | {"Content-Encoding": "gzip"}, gzip.compress(PAST_A_FORM), 400),
        ("/oauth/revoke", FORM, b"x=" + b"a" * 32_000 + b"&token=" + b"t" * 1000, 400),
        ("/api/credentials", JSON, PAST_JSON, 413),
        ("/api/credentials", JSON, PAST_JSON + b"}", 413),
        ("/api/credentials", GZIP, gzip.compress(PAST_JSON + b"}"), 413),
        ("/api/credentials", GZIP, gzip.compress(b'{"label": "' + b"x" * 3 * MEGABYTE + b'"}'), 413),
    ],
)
def test_no_resource_acts_upon_what_was_cut(server, path, headers, body, expected):
    """Sent in chunks, so that nobody knows the length before the end."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    told = headers | {"Authorization": basic(server)}
    connection.request("POST", path, iter([body[:20_000], body[20_000:]]), told, encode_chunked=True)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert (answer.status, "bytes" in text) == (expected, True)


def test_chunked_and_gzipped_statements_arrive(server, a_statement):
    statement = a_statement()
    encoded = gzip.compress(json.dumps(statement).encode())
    headers = GZIP | {"X-Experience-API-Version": "2.0.0", "Authorization": basic(server)}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", STATEMENTS, iter([encoded[:40], encoded[40:]]), headers, encode_chunked=True)
    answer = connection.getresponse()
    assert json.loads(answer.read()) == [statement["id"]]
    connection.close()


@pytest.fixture
def pages(caller, a_statement):
    """A client with statements enough for an answer that is worth compressing."""
    client = caller()
    client.post(STATEMENTS, json=[a_statement() for _ in range(5)])
    return client


def test_a_long_answer_is_compressed_for_who_takes_it(pages):
    plain = pages.get(STATEMENTS)
    squeezed = pages.get(STATEMENTS, headers={"Accept-Encoding": "gzip, deflate, br"})
    assert len(plain.data) > WORTHWHILE
    assert squeezed.headers["Content-Encoding"] == "gzip"
    assert len(squeezed.data) == int(squeezed.headers["Content-Length"]) < len(plain.data) / 2
    assert json.loads(gzip.decompress(squeezed.data)) == plain.json
    assert "Content-Encoding" not in plain.headers
    for answer in (plain, squeezed):
        assert "Accept-Encoding" in answer.headers.getlist("Vary")


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "br, gzip;q=0.0", "gzipped", ""])
def test_who_does_not_take_gzip_gets_none(pages, accepted):
    assert "Content-Encoding" not in pages.get(STATEMENTS, headers={"Accept-Encoding": accepted}).headers


def test_short_answers_stay_as_they_are(caller):
    answer = caller().get(STATEMENTS, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers
    assert "Accept-Encoding" not in answer.headers.getlist("Vary")


def test_a_document_keeps_the_etag_that_its_next_change_names(caller):
    client = caller()
    profile = "/xapi/activities/profile?activityId=https%3A%2F%2Fhoc.example.vn%2Fa&profileId=p"
    client.put(profile, data=b'{"a":"%s"}' % (b"x" * 4000), content_type="application/json")
    answer = client.get(profile, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers
    changed = client.put(
        profile, data=b"{}", content_type="application/json", headers={"If-Match": answer.headers["ETag"]}
    )
    assert changed.status_code == 204


def test_head_tells_what_get_would_without_the_work(pages):
    answer = pages.head(STATEMENTS, headers={"Accept-Encoding": "gzip"})
    assert answer.data == b""
    assert "Accept-Encoding" in answer.headers.getlist("Vary")
