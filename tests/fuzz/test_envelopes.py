"""What surrounds statements, damaged: the headers of a request, and multipart/mixed."""

import hashlib
import json
import uuid
from itertools import chain

import pytest

HEADERS = 1000
PARTS = 1000

# fmt: off
NAMES = [
    "Content-Type", "Content-Type", "X-Experience-API-Version", "X-Experience-API-Version", "Accept-Language",
    "Accept-Encoding", "Accept", "Accept-Charset", "Content-Encoding", "Content-Language", "Content-MD5", "If-Match",
    "If-None-Match", "Range", "TE", "If-Modified-Since", "Origin", "Cookie", "X-Request-Id", "X-Forwarded-For",
    "X-Forwarded-Proto", "Forwarded", "Via", "Upgrade", "X-HTTP-Method-Override", "X-Experience-API-Hash",
    "Access-Control-Request-Method", "Trailer", "Date", "Priority", "Referer",
]
VALUES = [
    "", " ", "*", "0", "-1", ";", ",", "=", "/", "json", "application/json", "APPLICATION/JSON",
    "application/json; charset=utf-8", "application/json; charset=utf-16", 'application/json;charset="x',
    "application/json; charset=nonsense", "text/plain", "*/*", "application/xml", "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=a", "multipart/mixed", "a/b/c", "text", "multipart/mixed; boundary=",
    'multipart/mixed; boundary="', "multipart/mixed; boundary=a; boundary=b", "application/problem+json", "1.0",
    "1.0.0", "1.0.3", "1.0.99", "2.0.0", "2.0", "2.0.1", "0.95", "1.1", "2.1.0", "3.0.0", "v2", "2.0.0, 1.0.3",
    "1.0.3\t", "1.0." + "9" * 3000, "vi-VN", "vi, en;q=0.8, *;q=0.1", "en;q=2", "en;q=-1", "en;q=NaN", "en;q=1e400",
    "a" * 5000, "vi," * 2000, ";q=1," * 1000, "x-" * 2000, "*;q=0", "gzip", "gzip, deflate, br", "gzip;q=0",
    "identity;q=0", "br", "gzip, gzip", '"x"', 'W/"x"', '"' + "a" * 40 + '"', "bytes=0-1", "bytes=-" + "9" * 99,
    "Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 99 Foo 99999 99:99:99", "null", "https://evil.example",
    "https://hoc.example.vn:99999", "<script>alert(1)</script>", "${jndi:ldap://x}", "%s%n", "a=b; " * 500,
    "../../etc/passwd", "for=127.0.0.1;proto=https", "DELETE", "websocket", "h2c", "é", "\x80\xff", "\u00a0", "\x0c",
    '{"$ne":null}',
]
# fmt: on


def headers(random):
    """Make one to three headers that a client might send."""
    for _ in range(random.choice([1, 1, 2, 3])):
        name, value = random.choice(NAMES), random.choice(VALUES)
        if random.random() < 0.2:
            at = random.randrange(len(value) + 1)
            value = value[:at] + chr(random.choice([9, *range(32, 127), *range(128, 256)])) + value[at:]
        yield f"{name}: {value}".encode("latin-1")


OK = {200, 204, 400, 401, 404, 405, 409, 412, 413, 415, 417, 431}
DEFAULTS = {
    b"content-type": b"Content-Type: application/json",
    b"x-experience-api-version": b"X-Experience-API-Version: 2.0.0",
}


def test_strange_headers_are_refused_with_a_reason_or_of_no_effect(fuzz, wire, send, a_statement):
    def ask(lines):
        given_names = {line.partition(b":")[0].lower() for line in lines}
        usual = [line for name, line in DEFAULTS.items() if name not in given_names]
        body = json.dumps(a_statement(id=None)).encode()
        length = b"Content-Length: %d" % len(body)
        posted = send(wire.head(b"POST", b"/xapi/statements", *usual, *lines, length) + body)
        found = send(wire.head(b"GET", b"/xapi/statements?format=canonical&limit=2", *usual, *lines), "GET")
        about = send(wire.head(b"GET", b"/xapi/about", *usual, *lines), "GET")
        return posted.status, found.status, about.status

    outcomes, different = fuzz(lambda random: tuple(headers(random)), ask, HEADERS)
    statuses = [*chain(*outcomes)]
    print(f"{different} sets of headers, slowest answer {wire.slowest:.3f} s")  # noqa: T201 - a figure
    assert different > 0.8 * HEADERS
    assert set(statuses) <= OK
    assert len(statuses) // 3 < statuses.count(200) < len(statuses)


BOUNDARY = b"ranh-gioi"
TEXT = "Chứng nhận hoàn thành".encode()
SHA2 = hashlib.sha256(TEXT).hexdigest()
# fmt: off
LINES = [
    b"", b" ", b"--", b"--" + BOUNDARY, b"--" + BOUNDARY + b"--", b"--" + BOUNDARY + b" ", b"--" + BOUNDARY + b"x",
    b"\n", b"Content-Type: text/plain", b"Content-Type: application/json",
    b"Content-Type: multipart/mixed; boundary=b", b"\0", b"Content-Transfer-Encoding: base64",
    b"Content-Transfer-Encoding: binary", b"X-Experience-API-Hash: " + b"0" * 64,
    b"X-Experience-API-Hash: " + SHA2.encode().upper(), b"X-Experience-API-Hash: x", b" folded", b"No colon",
    b": no name", b"Content-Disposition: form-data; name=a", b"Content-Length: 3", b"Content-Length: 99999999",
    b"\xff\xfe: \xff", b"A:" + b"b" * 9000, b"A: b" * 3000, b"Content-Type:",
]
TYPES = [
    *[b"multipart/mixed; boundary=" + BOUNDARY] * 12, b'multipart/mixed; boundary="' + BOUNDARY + b'"',
    b"Multipart/Mixed;BOUNDARY=" + BOUNDARY, b"multipart/mixed", b"multipart/related; boundary=" + BOUNDARY,
    b"multipart/mixed; boundary=" + BOUNDARY + b"; charset=utf-8", b"multipart/mixed; boundary=" + b"a" * 71,
    b"multipart/mixed; boundary=other",
]
# fmt: on


def parcel(statement_id):
    """Make a good body: one statement with one attachment."""
    attachment = {
        "usageType": "http://adlnet.gov/expapi/attachments/certificate",
        "display": {"vi": "Chứng nhận"},
        "contentType": "text/plain",
        "length": len(TEXT),
        "sha2": SHA2,
    }
    statement = {
        "id": statement_id,
        "actor": {"mbox": "mailto:hv@hoc.example.vn"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "https://hoc.example.vn/khoa/1"},
        "attachments": [attachment],
    }
    return [
        b"--" + BOUNDARY,
        b"Content-Type: application/json",
        b"",
        json.dumps(statement).encode(),
        b"--" + BOUNDARY,
        b"Content-Type: text/plain",
        b"Content-Transfer-Encoding: binary",
        b"X-Experience-API-Hash: " + SHA2.encode(),
        b"",
        TEXT,
        b"--" + BOUNDARY + b"--",
        b"",
    ]


def damaged(random, lines):
    """Damage a multipart body by lines, then perhaps by bytes."""
    for _ in range(random.choice([0, 1, 1, 2])):
        at = random.randrange(len(lines))
        change = random.randrange(5)
        if change == 0 and len(lines) > 1:
            del lines[at]
        elif change == 1:
            lines.insert(at, random.choice(LINES))
        elif change == 2:
            lines[at] = random.choice(LINES)
        elif change == 3:
            lines.insert(at, random.choice(lines))
        else:
            lines[at:] = lines[at:] * random.choice([2, 3, 50])
    text = random.choice([b"\r\n"] * 9 + [b"\n"]).join(lines)
    if random.random() < 0.4:
        at = random.randrange(len(text))
        text = text[:at] + random.choice([b"", bytes([random.randrange(256)]), text[at : at + 60] * 2]) + text[at + 1 :]
    return text[: random.randrange(len(text))] if random.random() < 0.1 else text


def package(random):
    """Make a request of a multipart body, damaged."""
    statement_id = str(uuid.UUID(int=random.getrandbits(128), version=4))
    return random.choice(TYPES), damaged(random, parcel(statement_id)), statement_id


def test_damaged_multipart_is_refused_with_a_reason_or_kept_whole(fuzz, wire, send):
    def put(request):
        content_type, text, statement_id = request
        target = f"/xapi/statements?statementId={statement_id}".encode()
        lines = [
            b"X-Experience-API-Version: 2.0.0",
            b"Content-Type: " + content_type,
            b"Content-Length: %d" % len(text),
        ]
        status = send(wire.head(b"PUT", target, *lines) + text).status
        found = send(wire.head(b"GET", target + b"&attachments=true", lines[0]), "GET")
        assert found.status == (200 if status == 204 else 404), text
        # An attachment is the data that was hashed, in whatever headers it came.
        assert status != 204 or TEXT in found.body or SHA2.encode() not in found.body
        return status

    outcomes, different = fuzz(package, put, PARTS)
    print(f"{different} bodies, {outcomes.count(204)} accepted, slowest answer {wire.slowest:.3f} s")  # noqa: T201 - a figure
    assert set(outcomes) <= {204, 400, 413, 415}
    assert len(outcomes) // 20 < outcomes.count(204) < len(outcomes) // 2


SLOW = {
    "100,000 parts": b"--ranh-gioi\r\n\r\n" * 100_000,
    "50,000 headers": b"--ranh-gioi\r\n" + b"".join(b"A%d: b\r\n" % n for n in range(50_000)),
    "a header of 2 MB": b"--ranh-gioi\r\nA: " + b"b" * 2_000_000,
    "a preamble of 1 MB": b"\r\n" * 500_000,
    "boundaries in one line": b"--ranh-gioi" * 100_000,
    "half boundaries": b"--ranh-gioi\r\nContent-Type: application/json\r\n\r\n" + b"\r\n--ranh-gio" * 100_000,
}


@pytest.mark.parametrize("what", SLOW)
def test_multipart_made_to_be_slow_is_refused_at_once(wire, send, what):
    kind = b"Content-Type: multipart/mixed; boundary=ranh-gioi"
    length = b"Content-Length: %d" % len(SLOW[what])
    head = wire.head(b"POST", b"/xapi/statements", b"X-Experience-API-Version: 2.0.0", kind, length)
    assert send(head + SLOW[what]).status in {400, 413}
