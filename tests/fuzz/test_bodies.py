"""Thousands of damaged statements: refused with a reason, or kept exactly, and always quickly."""

import copy
import json
import re
import uuid
from itertools import cycle, islice

import pytest

MARKER = "khong-duoc-lap-lai-" + "x7" * 45
BODIES = 7500
SUFFIX = "-0000-4000-8000-000000000000"

COURSE = {"id": "https://hoc.example.vn/khoa/1"}
LEARNER = {"mbox": "mailto:hv@hoc.example.vn", "name": "Học viên"}
DONE = {"id": "http://adlnet.gov/expapi/verbs/completed", "display": {"vi-VN": "đã hoàn thành"}}
SMALL = {"id": f"00000001{SUFFIX}", "actor": LEARNER, "verb": DONE, "object": COURSE}
CHOICE = {
    "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
    "interactionType": "choice",
    "name": {"vi": "Câu 1"},
    "correctResponsesPattern": ["a[,]b"],
    "choices": [{"id": "a", "description": {"vi": "Một"}}, {"id": "b"}],
}
FULL = SMALL | {
    "actor": {"objectType": "Group", "name": "Tổ", "member": [LEARNER, {"openid": "https://id.example.vn/1"}]},
    "object": COURSE | {"objectType": "Activity", "definition": CHOICE},
    "result": {
        "score": {"scaled": 0.85, "raw": 17, "min": 0, "max": 20},
        "success": True,
        "completion": False,
        "response": "a[,]b",
        "duration": "PT1H30M5.25S",
        "extensions": {"https://hoc.example.vn/x": {"a.b": [1, 0.1, None, {"$c": -0.0}]}},
    },
    "context": {
        "registration": "6f0a7bd0-7ee9-4b52-9d9e-02c1e2b4ad28",
        "instructor": {"account": {"homePage": "https://sso.example.vn", "name": "gv"}},
        "contextActivities": {"parent": COURSE, "other": [COURSE]},
        "statement": {"objectType": "StatementRef", "id": "6f0a7bd0-7ee9-4b52-9d9e-02c1e2b4ad28"},
        "revision": "2",
        "platform": "Cổng",
        "language": "vi-VN",
    },
    "timestamp": "2026-11-20T09:00:00.000+07:00",
    "version": "1.0.3",
    "attachments": [
        {
            "usageType": "http://adlnet.gov/expapi/attachments/certificate",
            "display": {"vi": "Chứng nhận"},
            "contentType": "text/plain",
            "length": 3,
            "sha2": "ab" * 32,
            "fileUrl": "https://hoc.example.vn/f/1",
        }
    ],
}
INSIDE = {name: FULL[name] for name in ("actor", "verb", "object", "result", "context", "timestamp")}
BASES = [
    SMALL,
    FULL,
    SMALL | {"object": {"objectType": "SubStatement"} | INSIDE},
    SMALL | {"object": {"objectType": "StatementRef", "id": str(uuid.UUID(int=7, version=4))}},
    SMALL
    | {
        "context": {
            "contextAgents": [{"objectType": "contextAgent", "agent": LEARNER, "relevantTypes": ["https://t.vn/1"]}]
        }
    },
    [SMALL | {"id": f"0000000{n}{SUFFIX}"} for n in range(3)],
]

# fmt: off
WORDS = [
    "", " ", "\0", "\ud800", "a\udc00b", "é\u0301" * 500, "x" * 70_000, "None", "1.0.3", "2.0.0", "urn:", "a:b", "//x",
    "mailto:", "mailto:" + "a@" * 9000, "mailto:a@b.vn ", "http://" + "%" * 20_000, "http://a/" + "(" * 20_000,
    "Agent", "vi-" * 6000, "P" + "1Y" * 9000, "PT" + "9" * 9000 + "S", "P1Y2W", "-P1D", "2026-02-30T00:00:00Z",
    "1:" * 9000, "0000-00-00T00:00:00Z", "2026-01-01T00:00:00-00:00", "2026-01-01T00:00:00." + "0" * 9000 + "Z",
    "a[,]" * 9000, "{00000001-0000-4000-8000-000000000000}", "0" * 36, "ab" * 32, "text/plain",
    'text/plain; a="' + "\\" * 9000, "function(){while(1);}", "<script>alert(1)</script>", "../../etc/passwd",
    "\r\nSet-Cookie: a=b", MARKER, "http://adlnet.gov/expapi/verbs/voided",
]
DEEP = json.loads("[" * 70 + "]" * 70)
VALUES = [
    None, True, False, 0, -1, 1.5, -0.0, 1e308, 2**63, -(2**64), 10**400, [], {}, [[]], [{}], DEEP, [MARKER],
    {"$ref": "x", "$id": 1}, {"$ne": None}, {"$where": "1"}, {"a.b": {"$set": 1}}, {"__proto__": {"x": 1}}, {"": ""},
    LEARNER, COURSE, SMALL, [LEARNER] * 3, {"vi-VN": "x", "xx_YY": "y"}, {"objectType": "Group", "member": []},
]
KEYS = ["$ne", "$where", "a.b", "", "__proto__", "\0", "\ud800", "Id", "ID", "objecttype", "actor", "_id", "x" * 3000]
TOKENS = [
    b"1E400", b"-1e400", b"1E-400", b"-0", b"-0.0", b"0.10", b"1e2", b"9" * 5000, b"0." + b"1" * 5000, b"1E9999999999",
    b"NaN", b"Infinity", b"-Infinity", b"01", b"+1", b".5", b"1.", b"0x1", b"tru", b"null", b"true", b"undefined",
    b"'a'", b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\u0000"', b'"\x00"', b'"\\x"', b'"\t"', b'"\xff"', b'"\xc0\xaf"',
    b'"', b"[" * 100_000, b'{"a":' * 100_000, b"[" * 63 + b"]" * 63, b"[" * 66 + b"]" * 66, b"]" * 1000, b"{}", b"[]",
    b"/**/", b'"\xed\xa0\x80"', b"9223372036854775808", b"\xef\xbb\xbf", b"//",
]
MEMBERS = [
    b'"id":"x",', b'"actor":{},', b'"$ne":1,', b'"a.b":1,', b'"":1,', b'"__proto__":{},', b'"\\u0000":1,',
    b'"\\ud800":1,', b'"mbox":"mailto:b@b.vn",', b'"objectType":"Group",',
    b'"extensions":{"a:b":{"$ref":"x","$id":1}},', b'"stored":1,',
]
# fmt: on
SHAPES = ["drop", "value", "value", "word", "word", "wrap", "swap", "case", "key"]
TEXTS = ["flip", "cut", "double", "end", "token", "token", "member", "member"]
REWRITTEN = 0.3
TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null|[{}\[\],:]')


def places(value):
    """Yield every (container, key) of a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in list(items):
        yield value, key
        yield from places(below)


def reshape(value, kind, where, what):
    """Damage a JSON value at one place."""
    found = list(places(value))
    if not found:
        return
    holder, key = found[where % len(found)]
    other, name = found[what % len(found)]
    below = holder[key]
    if kind == "drop":
        del holder[key]
    elif kind == "value":
        holder[key] = copy.deepcopy(VALUES[what % len(VALUES)])
    elif kind == "word":
        holder[key] = WORDS[what % len(WORDS)]
    elif kind == "wrap":
        holder[key] = [below, copy.deepcopy(below)][: 1 + what % 2]
    elif kind == "swap":
        holder[key] = copy.deepcopy(other[name])
    elif kind == "case" and isinstance(below, str):
        holder[key] = below.swapcase()
    elif kind == "key" and isinstance(holder, dict):
        holder[KEYS[what % len(KEYS)]] = below


def extend(value, _, where, what):
    """Put something strange where anything may stand."""
    worth = [
        VALUES[what % len(VALUES)],
        WORDS[where % len(WORDS)],
        {KEYS[where % len(KEYS)]: VALUES[where % len(VALUES)]},
    ]
    for statement in value if isinstance(value, list) else [value]:
        if isinstance(statement, dict) and isinstance(context := statement.setdefault("context", {}), dict):
            context["extensions"] = {"https://hoc.example.vn/x.y": copy.deepcopy(worth)}


def rewrite(text, kind, where, what):
    """Damage a text at one place."""
    at, end = where % len(text), where % len(text) + what % 40
    token = next(islice(cycle(TOKEN.finditer(text)), where % 97, None))
    opened = text.find(b"{", token.start()) + 1
    return {
        "flip": text[:at] + bytes([text[at] ^ (1 << what % 8)]) + text[at + 1 :],
        "cut": text[:at] + text[end:],
        "double": text[:end] + text[at:end] + text[end:],
        "end": text[:at],
        "token": text[: token.start()] + TOKENS[what % len(TOKENS)] + text[token.end() :],
        "member": text[:opened] + MEMBERS[what % len(MEMBERS)] + text[opened:],
    }[kind]


def build(random):
    """Make a request: a good body with damage in one or two places."""
    value = copy.deepcopy(random.choice(BASES))
    rewrites = random.random() < REWRITTEN
    for _ in range(random.choice([1, 1, 2]) - rewrites):
        change = random.choice([extend, reshape, reshape])
        change(value, random.choice(SHAPES), random.randrange(2**16), random.randrange(2**16))
    text = json.dumps(value, ensure_ascii=random.random() < 1 / 2).encode("utf-8", "surrogatepass")
    if rewrites:
        text = rewrite(text, random.choice(TEXTS), random.randrange(2**16), random.randrange(2**16))
    return random.choice([b"POST", b"POST", b"PUT"]), random.choice([b"1.0.3", b"2.0.0"]), text


def normal(statement, sent):
    """Return a statement without what the store sets, numbers as their text."""
    kept = {name: value for name, value in statement.items() if name not in {"stored", "authority"}}
    for name in {"id", "timestamp", "version"} - sent.keys():
        kept.pop(name, None)
    if "id" in kept:
        kept["id"] = kept["id"].lower()
    for holder in (kept, kept["object"]):
        groups = holder.get("context", {}).get("contextActivities", {})
        for name, activities in groups.items():
            groups[name] = activities if isinstance(activities, list) else [activities]
    return kept


def exactly(text):
    return json.loads(text, parse_float=lambda number: ("number", number), parse_int=lambda number: ("number", number))


@pytest.fixture(scope="module")
def store(wire, send):
    """Send a body; whatever was accepted must be there, and equal."""

    def stored(request):
        method, version, text = request
        own = str(uuid.uuid4())
        text = text.replace(SUFFIX.encode(), own[8:].encode())
        target = b"/xapi/statements" + (f"?statementId=00000001{own[8:]}".encode() if method == b"PUT" else b"")
        lines = (b"Content-Type: application/json", b"X-Experience-API-Version: " + version)
        answer = send(wire.head(method, target, *lines, b"Content-Length: %d" % len(text)) + text)
        if answer.status >= 400:
            return False
        ids = answer.json() if method == b"POST" else [f"00000001{own[8:]}"]
        sent = exactly(text)
        for statement_id, statement in zip(ids, sent if isinstance(sent, list) else [sent], strict=True):
            assert normal(exactly(read(statement_id)), statement) == normal(statement, statement), text[:3000]
        return True

    def read(statement_id):
        target = f"/xapi/statements?statementId={statement_id}".encode()
        found = send(wire.head(b"GET", target, b"X-Experience-API-Version: 2.0.0"), "GET")
        if found.status == 404:
            target = target.replace(b"statementId", b"voidedStatementId")
            found = send(wire.head(b"GET", target, b"X-Experience-API-Version: 2.0.0"), "GET")
        assert found.status == 200, statement_id
        return found.body

    return stored


def test_damaged_statements_are_refused_with_a_reason_or_kept_exactly(store, fuzz, wire):
    outcomes, different = fuzz(build, store, BODIES)
    print(f"{different} bodies, {sum(outcomes)} accepted, slowest answer {wire.slowest:.3f} s")  # noqa: T201 - a figure
    assert different > 0.9 * BODIES
    assert len(outcomes) // 10 < sum(outcomes) < len(outcomes) // 2
