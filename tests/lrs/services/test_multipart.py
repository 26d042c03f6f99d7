import hashlib
import io
import resource
import signal
import time
import tracemalloc
from email import message_from_bytes
from email.policy import HTTP
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrs.errors import Unavailable
from lrs.services.attachments import OutgoingAttachment
from lrs.services.mime import Limits
from lrs.services.multipart import mixed_body, read_mixed
from schemas.faults import Refused, TooLarge

LIMITS = Limits(statements=1024**2, total=16 * 1024**2)
ESSAY = b"B\xc3\xa0i thu ho\xe1\xba\xa1ch v\xe1\xbb\x81 chuy\xe1\xbb\x83n \xc4\x91\xe1\xbb\x95i s\xe1\xbb\x91"
ESSAY_HASH = hashlib.sha256(ESSAY).hexdigest()
STATEMENTS = b'{"actor": {"mbox": "mailto:hoc.vien@truong.example"}}'
HASHES = [hashlib.sha224, hashlib.sha256, hashlib.sha384, hashlib.sha512]


class Trickle:
    """A stream that gives as much at a time as its sizes say, over and over."""

    def __init__(self, data, sizes):
        self.data = io.BytesIO(data)
        self.sizes = sizes
        self.turn = 0

    def read(self, size):
        self.turn += 1
        return self.data.read(min(size, self.sizes[self.turn % len(self.sizes)]))


class Flow:
    """A stream of pieces made as they are asked for."""

    def __init__(self, pieces):
        self.pieces = iter(pieces)
        self.given = 0

    def read(self, size):
        piece = next(self.pieces, b"")
        assert len(piece) <= size
        self.given += len(piece)
        return piece


def part(data, *lines):
    return b"".join(line.encode("latin-1") + b"\r\n" for line in lines) + b"\r\n" + data


def attachment(data, sha2=None, content_type="text/plain"):
    sha2 = sha2 or hashlib.sha256(data).hexdigest()
    lines = ["Content-Transfer-Encoding: binary", f"X-Experience-API-Hash: {sha2}"]
    return part(data, f"Content-Type: {content_type}", *lines)


def body(*parts, boundary=b"b"):
    return b"".join(b"--%b\r\n%b\r\n" % (boundary, each) for each in parts) + b"--%b--\r\n" % boundary


JSON = part(STATEMENTS, "Content-Type: application/json")


def read(data, content_type="multipart/mixed; boundary=b", limits=LIMITS):
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    with read_mixed(stream, content_type, limits) as mixed:
        return mixed.statements, [(each.sha2, each.content_type, each.file.read()) for each in mixed.attachments]


def fault(data, *args, error=Refused):
    with pytest.raises(error) as refused:
        read(data, *args)
    assert type(refused.value) is error
    found = refused.value.faults[0]
    return found.path, found.rule


# What is read


def test_statements_and_attachments_come_back_as_they_were_sent():
    got = read(body(JSON, attachment(ESSAY), attachment(b"\r\n\r\n--", content_type="image/png")))
    two = (hashlib.sha256(b"\r\n\r\n--").hexdigest(), "image/png", b"\r\n\r\n--")
    assert got == (STATEMENTS, [(ESSAY_HASH, "text/plain", ESSAY), two])


def test_statements_may_come_without_attachments():
    assert read(body(JSON)) == (STATEMENTS, [])


@pytest.mark.parametrize("algorithm", HASHES)
def test_every_length_of_sha_2_is_checked_and_the_sha_256_is_there_as_well(algorithm):
    data = body(JSON, attachment(ESSAY, algorithm(ESSAY).hexdigest().upper()))
    with read_mixed(io.BytesIO(data), "multipart/mixed; boundary=b", LIMITS) as mixed:
        (got,) = mixed.attachments
        assert (got.sha2, got.sha256, got.length) == (algorithm(ESSAY).hexdigest(), ESSAY_HASH, len(ESSAY))


@pytest.mark.parametrize(
    ("header", "boundary"),
    [
        ("multipart/mixed; boundary=-------314", b"-------314"),
        ("Multipart/Mixed;BOUNDARY=b", b"b"),
        ("multipart/mixed; charset=utf-8 ; boundary = b;", b"b"),
        ('multipart/mixed; boundary="a b\'()+_,-./:=?"', b"a b'()+_,-./:=?"),
        ("multipart/mixed; boundary===b:1==", b"==b:1=="),
        ("multipart/mixed; boundary=" + 70 * "x", 70 * b"x"),
    ],
)
def test_a_boundary_may_be_anything_that_rfc_2046_allows(header, boundary):
    assert read(body(JSON, attachment(ESSAY), boundary=boundary), header)[1][0][2] == ESSAY


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n" + body(JSON, attachment(ESSAY)),
        b"For old mail readers.\r\n" + body(JSON, attachment(ESSAY)),
        body(JSON, attachment(ESSAY)).removesuffix(b"\r\n"),
        body(JSON, attachment(ESSAY)) + b"\r\n--b\r\nnothing of this is read",
        body(JSON, attachment(ESSAY)).replace(b"--b\r\n", b"--b \t \r\n"),
        body(JSON.replace(b"e: a", b"e:a"), attachment(ESSAY).replace(b": ", b":")),
        body(JSON, attachment(ESSAY)).replace(b": binary", b": \t Binary \t"),
        body(JSON, part(ESSAY, "content-TRANSFER-encoding:binary", f"x-experience-api-hash:{ESSAY_HASH}")),
        body(JSON.replace(b"json", b"json; charset=utf-8"), attachment(ESSAY)),
        body(JSON, attachment(ESSAY).replace(b"\r\n", b'\r\nContent-Disposition: x; filename="h\xe1\xba\xa1n"\r\n', 1)),
    ],
    ids=["crlf", "preamble", "no-crlf", "epilogue", "padding", "tight", "loose", "case", "charset", "other-header"],
)
def test_harmless_variations_are_read_alike(data):
    statements, [(sha2, _, text)] = read(data)
    assert (statements, sha2, text) == (STATEMENTS, ESSAY_HASH, ESSAY)


def test_a_part_may_be_empty_with_or_without_the_line_of_its_body():
    empty = attachment(b"")
    assert read(body(JSON, empty, empty.removesuffix(b"\r\n")))[1] == 2 * [
        (hashlib.sha256(b"").hexdigest(), "text/plain", b"")
    ]


def test_data_without_a_content_type_is_octets():
    data = part(ESSAY, "Content-Transfer-Encoding: binary", f"X-Experience-API-Hash: {ESSAY_HASH}")
    assert read(body(JSON, data))[1][0][1] == "application/octet-stream"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 73, 1000])
def test_what_only_looks_like_a_boundary_is_data_however_it_is_cut(size):
    boundary = b"mot-ranh-gioi"
    almost = b"".join(b"\r\n--" + boundary[:cut] for cut in range(len(boundary))) + b"\r\n-\r\r\n--" + 3 * b"-"
    data = body(JSON, attachment(almost), attachment(b"\r\n" + almost), boundary=boundary)
    got = read(Trickle(data, [size]), "multipart/mixed; boundary=mot-ranh-gioi")
    assert [text for _, _, text in got[1]] == [almost, b"\r\n" + almost]


@settings(max_examples=150, deadline=None)
@given(
    boundary=st.from_regex(r"[0-9A-Za-z'()+_,./:=?-]{1,70}", fullmatch=True),
    pieces=st.lists(
        st.lists(st.sampled_from([b"\r", b"\n", b"-", b"\r\n--", b"x"]) | st.binary(max_size=200)).map(b"".join)
    ),
    sizes=st.lists(st.integers(1, 60), min_size=1),
)
def test_whatever_is_sent_comes_back_however_it_is_cut(boundary, pieces, sizes):
    mark = b"\r\n--" + boundary.encode()
    pieces = [piece for piece in pieces if mark not in b"\r\n" + piece + b"\r\n"]
    hashes = [HASHES[len(piece) % 4](piece).hexdigest() for piece in pieces]
    parts = [attachment(piece, sha2) for piece, sha2 in zip(pieces, hashes, strict=True)]
    got = read(
        Trickle(body(JSON, *parts, boundary=boundary.encode()), sizes), f'multipart/mixed; boundary="{boundary}"'
    )
    assert got[0] == STATEMENTS
    assert [(sha2, text) for sha2, _, text in got[1]] == list(zip(hashes, pieces, strict=True))


def test_the_files_of_a_request_can_be_read_and_sought_side_by_side():
    with read_mixed(
        io.BytesIO(body(JSON, attachment(b"abcdef"), attachment(b"uvwxyz"))), "multipart/mixed; boundary=b", LIMITS
    ) as mixed:
        one, two = (each.file for each in mixed.attachments)
        assert (one.read(2), two.read(1), one.read(1), two.read()) == (b"ab", b"u", b"c", b"vwxyz")
        assert (one.seek(-2, io.SEEK_END), one.read(10), one.read(1)) == (4, b"ef", b"")
        assert (two.seek(1), two.seek(1, io.SEEK_CUR), two.read(1), two.tell()) == (1, 2, b"w", 3)
        assert (two.seek(100), two.read()) == (100, b"")


def test_closing_a_request_drops_its_data():
    with read_mixed(io.BytesIO(body(JSON, attachment(ESSAY))), "multipart/mixed; boundary=b", LIMITS) as mixed:
        (got,) = mixed.attachments
    with pytest.raises(ValueError, match="closed file"):
        got.file.read()


# What is refused


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        ("multipart/mixed", "boundary"),
        ("multipart/mixed;", "boundary"),
        ("multipart/mixed; boundary=", "boundary"),
        ('multipart/mixed; boundary=""', "boundary"),
        ('multipart/mixed; boundary="b ', "boundary"),
        ('multipart/mixed; boundary="b "', "boundary"),
        ("multipart/mixed; boundary=b; boundary=c", "boundary"),
        ("multipart/mixed; boundary=b c", "boundary"),
        ("multipart/mixed; boundary=" + 71 * "x", "boundary"),
        ("multipart/mixed; boundary=b\u1ea1n", "boundary"),
        ('multipart/mixed; boundary="b\r\nc"', "boundary"),
        ("multipart/form-data; boundary=b", "media-type"),
        ("multipart/mixed-up; boundary=b", "media-type"),
        ("", "media-type"),
    ],
)
def test_a_content_type_without_one_good_boundary_is_refused(header, rule):
    assert fault(body(JSON), header) == ("Content-Type", rule)


HASH_LINE = f"X-Experience-API-Hash: {ESSAY_HASH}"
BINARY_LINE = "Content-Transfer-Encoding: binary"


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"", ("", "boundary")),
        (b"{}", ("", "boundary")),
        (body(JSON, boundary=b"c"), ("", "boundary")),
        (body(JSON).replace(b"\r\n", b"\n"), ("parts[0]", "boundary")),
        (b"\n" + body(JSON).replace(b"\r\n", b"\n"), ("", "boundary")),
        (b"x" * 10_000 + b"\r\n" + body(JSON), ("", "boundary")),
        (b"--b--\r\n", ("parts[0]", "required")),
        (body(JSON).removesuffix(b"--b--\r\n"), ("parts[0]", "unfinished")),
        (body(JSON).removesuffix(b"--\r\n"), ("parts[0]", "unfinished")),
        (body(JSON).removesuffix(b"-\r\n"), ("parts[0]", "unfinished")),
        (b"--b\r\nContent-Type: applic", ("parts[0]", "unfinished")),
        (b"--b\r\n\r\n", ("parts[0]", "unfinished")),
        (body(JSON).replace(b"--b\r\n", b"--bc\r\n"), ("parts[0]", "boundary")),
        (body(part(STATEMENTS)), ('parts[0]["Content-Type"]', "media-type")),
        (body(part(STATEMENTS, "Content-Type: text/plain")), ('parts[0]["Content-Type"]', "media-type")),
        (body(attachment(ESSAY), JSON), ('parts[0]["Content-Type"]', "media-type")),
        (
            body(part(b"e30=", "Content-Type: application/json", "Content-Transfer-Encoding: base64")),
            ('parts[0]["Content-Transfer-Encoding"]', "encoding"),
        ),
        (body(JSON, JSON), ('parts[1]["Content-Transfer-Encoding"]', "encoding")),
        (body(JSON, part(ESSAY, HASH_LINE)), ('parts[1]["Content-Transfer-Encoding"]', "encoding")),
        (
            body(JSON, part(ESSAY, HASH_LINE, "Content-Transfer-Encoding: base64")),
            ('parts[1]["Content-Transfer-Encoding"]', "encoding"),
        ),
        (body(JSON, part(ESSAY, BINARY_LINE)), ('parts[1]["X-Experience-API-Hash"]', "sha2")),
        (body(JSON, attachment(ESSAY, "kh\xf4ng")), ('parts[1]["X-Experience-API-Hash"]', "sha2")),
        (body(JSON, attachment(ESSAY, 40 * "a")), ('parts[1]["X-Experience-API-Hash"]', "sha2")),
        (body(JSON, attachment(b"1"), attachment(ESSAY, 64 * "a")), ('parts[2]["X-Experience-API-Hash"]', "hash")),
        (body(JSON, attachment(ESSAY, content_type="text")), ('parts[1]["Content-Type"]', "media-type")),
        (body(JSON, attachment(ESSAY, content_type="")), ('parts[1]["Content-Type"]', "media-type")),
        (body(JSON, attachment(ESSAY, content_type="a/" + 300 * "b")), ('parts[1]["Content-Type"]', "media-type")),
        (
            body(JSON, attachment(body(JSON, boundary=b"in"), content_type="multipart/mixed; boundary=in")),
            ('parts[1]["Content-Type"]', "nested"),
        ),
        (body(JSON, part(ESSAY, BINARY_LINE, BINARY_LINE, HASH_LINE)), ("parts[1]", "header")),
        (body(JSON, part(ESSAY, BINARY_LINE, HASH_LINE, " folded")), ("parts[1]", "header")),
        (body(JSON, part(ESSAY, BINARY_LINE, HASH_LINE + "\nX: y")), ("parts[1]", "header")),
        (body(JSON, part(ESSAY, BINARY_LINE, HASH_LINE + "\rX: y")), ("parts[1]", "header")),
        (body(JSON, part(ESSAY, BINARY_LINE, HASH_LINE, "X: \0")), ("parts[1]", "header")),
        (body(JSON, part(ESSAY, BINARY_LINE, HASH_LINE, "no colon")), ("parts[1]", "header")),
        (body(JSON, part(ESSAY, BINARY_LINE, HASH_LINE, "X : space before the colon")), ("parts[1]", "header")),
    ],
)
def test_what_is_malformed_is_refused_with_the_place(data, where):
    assert fault(data) == where
    assert fault(Trickle(data, [1])) == where


@pytest.mark.parametrize(
    ("data", "limits", "path", "named"),
    [
        (body(JSON, *3 * [attachment(ESSAY)]), {"parts": 3}, "", "3 parts"),
        (body(part(b"x", *(f"H{number}: x" for number in range(20)))), {"headers": 5}, "parts[0]", "5 headers"),
        (body(part(b"x", "H: " + 500 * "x")), {"header_bytes": 500}, "parts[0]", "500 bytes"),
        (
            body(part(b"x", *(f"H{number}: " + 90 * "x" for number in range(6)))),
            {"header_bytes": 500},
            "parts[0]",
            "500 bytes",
        ),
        (b"--b" + 600 * b" " + b"\r\n", {"header_bytes": 500}, "parts[0]", "500 bytes"),
        (body(JSON), {"statements": len(STATEMENTS) - 1}, "parts[0]", f"{len(STATEMENTS) - 1} bytes"),
        (body(JSON, attachment(1000 * b"x")), {"total": 1000}, "", "1000 bytes"),
    ],
)
def test_what_is_too_large_is_told_by_the_limit(data, limits, path, named):
    limits = Limits(**{"statements": 1000, "total": 10_000} | limits)
    with pytest.raises(TooLarge, match=named) as refused:
        read(data, "multipart/mixed; boundary=b", limits)
    assert refused.value.faults[0][:2] == (path, "limit")
    assert fault(Trickle(data, [1]), "multipart/mixed; boundary=b", limits, error=TooLarge) == (path, "limit")


def test_what_just_fits_is_taken():
    data = body(JSON, attachment(ESSAY))
    limits = Limits(statements=len(STATEMENTS), total=len(data), parts=2, headers=3, header_bytes=200)
    assert read(data, "multipart/mixed; boundary=b", limits)[1][0][2] == ESSAY


# Bounds


def repeated(piece, total):
    for _ in range(total // len(piece)):
        yield piece


ENDLESS = {
    "parts": (piece for piece in [b"--b\r\n" + JSON] + 100_000 * [b"\r\n--b\r\n" + attachment(b"")]),
    "header": (piece for piece in [b"--b\r\nX: "] + 2000 * [65536 * b"x"]),
    "headers": (piece for piece in [b"--b\r\n"] + 100_000 * [b"X: y\r\n"]),
    "preamble": (piece for piece in 2000 * [65536 * b"x"]),
    "statements": (piece for piece in [b"--b\r\n" + JSON] + 2000 * [65536 * b"x"]),
    "padding": (piece for piece in [b"--b"] + 2000 * [65536 * b" "]),
}


@pytest.mark.parametrize("flood", ENDLESS)
def test_a_flood_ends_early(flood):
    stream = Flow(ENDLESS[flood])
    with pytest.raises(Refused):
        read(stream)
    assert stream.given < 2 * 1024**2


@pytest.fixture
def memory():
    """Tell the most memory taken since the test began."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


LARGE = 64 * 1024**2


def large(last):
    piece = hashlib.shake_128(b"seed").digest(65536).replace(b"\r\n--b", b"     b")
    digest = hashlib.sha256()
    for each in repeated(piece, LARGE):
        digest.update(each)
    head = b"--b\r\n" + JSON + b"\r\n--b\r\n" + attachment(b"", digest.hexdigest())
    return Flow(each for pieces in ([head], repeated(piece, LARGE), [last]) for each in pieces)


def test_a_large_attachment_is_never_in_memory(memory):
    limits = Limits(statements=1000, total=2 * LARGE)
    with read_mixed(large(b"\r\n--b--"), "multipart/mixed; boundary=b", limits) as mixed:
        (got,) = mixed.attachments
        assert got.length == sum(len(chunk) for chunk in iter(lambda: got.file.read(65536), b"")) == LARGE
    assert memory() < 4 * 1024**2


def test_a_large_attachment_without_an_end_is_neither(memory):
    limits = Limits(statements=1000, total=2 * LARGE)
    assert fault(large(b"\r\n--b-"), "multipart/mixed; boundary=b", limits) == ("parts[1]", "unfinished")
    assert memory() < 4 * 1024**2


def test_many_parts_take_no_more_open_files_than_one():
    pieces = [number.to_bytes(4) * 5000 for number in range(1000)]
    with read_mixed(
        io.BytesIO(body(JSON, *map(attachment, pieces))),
        "multipart/mixed; boundary=b",
        Limits(statements=1000, total=2 * LARGE),
    ) as mixed:
        before = len(list(Path("/proc/self/fd").iterdir()))
        assert [each.file.read() for each in mixed.attachments] == pieces
        mixed.close()
        assert len(list(Path("/proc/self/fd").iterdir())) == before - 1


def test_time_grows_with_size_and_no_faster():
    """The worst there is: data that is nothing but beginnings of a boundary, a few bytes at a time."""
    boundary = 69 * "-" + "b"
    took = []
    for size in (50_000, 400_000):
        data = body(
            JSON,
            attachment(size * b"-"),
            attachment((size // 72) * (b"\r\n--" + 68 * b"-")),
            boundary=boundary.encode(),
        )
        start = time.process_time()
        assert len(read(Trickle(data, [7]), f"multipart/mixed; boundary={boundary}")[1]) == 2
        took.append(time.process_time() - start)
    assert took[1] < 8 * 4 * took[0]


@pytest.fixture
def small_disk():
    """Let no file of this process grow beyond 2 MiB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * 1024**2, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, ignored)


@pytest.mark.usefixtures("small_disk")
@pytest.mark.parametrize("size", [2 * 1024**2 + 1, 8 * 1024**2])
def test_a_full_disk_asks_to_come_again(size):
    with pytest.raises(Unavailable):
        read(
            body(JSON, attachment(bytes(size))), "multipart/mixed; boundary=b", Limits(statements=1000, total=2 * LARGE)
        )


# What is written


def written(statements, *parts):
    content_type, chunks = mixed_body(statements, parts)
    return content_type, b"".join(chunks)


def test_an_answer_can_be_read_as_a_request():
    parts = [
        OutgoingAttachment(sha2=ESSAY_HASH, content_type="text/plain; charset=utf-8", chunks=[ESSAY[:9], ESSAY[9:]])
    ]
    content_type, data = written(STATEMENTS, *parts)
    assert read(data, content_type) == (STATEMENTS, [(ESSAY_HASH, "text/plain; charset=utf-8", ESSAY)])


def test_an_answer_can_be_read_by_a_foreign_parser():
    content_type, data = written(
        STATEMENTS, OutgoingAttachment(sha2=ESSAY_HASH, content_type="image/png", chunks=[ESSAY])
    )
    whole = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + data, policy=HTTP)
    first, second = whole.iter_parts()
    assert (first["Content-Type"], first.get_payload()) == ("application/json", STATEMENTS.decode())
    assert second.items() == [
        ("Content-Type", "image/png"),
        ("Content-Transfer-Encoding", "binary"),
        ("X-Experience-API-Hash", ESSAY_HASH),
    ]
    assert not whole.defects


def test_an_answer_may_carry_no_attachment():
    content_type, data = written(b"{}")
    assert read(data, content_type) == (b"{}", [])


def test_data_is_asked_for_when_its_turn_comes():
    asked = []

    def parts():
        for number in range(2):
            asked.append(number)
            yield OutgoingAttachment(sha2=ESSAY_HASH, content_type="text/plain", chunks=iter([ESSAY]))

    _, chunks = mixed_body(STATEMENTS, parts())
    next(chunks)
    assert not asked
    while next(chunks) != ESSAY:
        pass
    assert asked == [0]


def test_every_answer_has_a_boundary_of_its_own():
    assert len({written(b"{}")[0] for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "content_type", ["text/plain\r\nX: y", "text/plain\n", "text", "", "text/pl\u1ea1in", 'a/b;c="\r\n"']
)
def test_nothing_can_slip_into_the_headers_of_an_answer(content_type):
    _, data = written(b"{}", OutgoingAttachment(sha2=ESSAY_HASH, content_type=content_type, chunks=[ESSAY]))
    assert b"\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding" in data
    with pytest.raises(ValueError, match="sha2"):
        written(b"{}", OutgoingAttachment(sha2=ESSAY_HASH + "\r\n", content_type="text/plain", chunks=[]))
