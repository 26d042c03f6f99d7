"""Data that breaks stores on MongoDB: each kind is kept exactly as it was sent, or refused with the place of it."""

import base64
import http.client
import json
import uuid
from urllib.parse import urlencode

import pytest

from schemas.api.vocabulary import told_path

EXTENSION = "https://hoc.example.vn/x"
HEADERS = {"X-Experience-API-Version": "2.0.0", "Content-Type": "application/json"}


@pytest.fixture(scope="module")
def ask(server):
    """Send one request on a connection that is kept; return the status and the body."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    token = base64.b64encode(f"{server.key}:{server.secret}".encode()).decode()

    def make(method, query="", body=None):
        path = f"/xapi/statements{query and '?'}{query}"
        connection.request(method, path, body, HEADERS | {"Authorization": f"Basic {token}"})
        with connection.getresponse() as response:
            return response.status, response.read()

    yield make
    connection.close()


@pytest.fixture
def registration():
    return str(uuid.uuid4())


@pytest.fixture
def said(registration):
    """Make the text of a statement around the text of one extension, or with members put before the others."""

    def make(extension="{}", members=""):
        return f"""{{{members}
            "actor": {{"mbox": "mailto:hv@hoc.example.vn"}},
            "verb": {{"id": "https://hoc.example.vn/v"}},
            "object": {{"id": "https://hoc.example.vn/o"}},
            "context": {{"registration": "{registration}", "extensions": {{"{EXTENSION}": {extension}}}}}
        }}""".encode("utf-8", "surrogatepass")

    return make


@pytest.fixture
def found(ask, registration):
    """Return the text of the page on which all statements of the test are."""

    def make(**query):
        status, body = ask("GET", urlencode({"registration": registration} | query))
        assert status == 200
        return body

    return make


def faults(answer):
    status, body = answer
    return status, [(error["path"], error["rule"]) for error in json.loads(body)["errors"]]


# fmt: off
KEPT = {
    "a key with dots": '{"http://ex.org/a.b": {"c.d": 1, "c": {"d": 2}}}',
    "a key with a dollar": '{"$set": {"$inc": 1}, "$": 2, "a$b": 3}',
    "an operator": '{"e": {"$ne": null, "$where": "sleep(1000)", "$expr": {"$literal": 1}}}',
    "what looks like a DBRef": '{"$ref": "x", "$id": 1, "$db": "y"}',
    "what looks like extended JSON": '{"$oid": "000000000000000000000000", "a": {"$numberLong": "1"}, "$date": 0}',
    "a key of prototypes": '{"__proto__": {"a": 1}, "constructor": {"prototype": {}}}',
    "an empty key": '{"": {"": []}}',
    "a key with an underscore": '{"_id": 1, "org": "other", "stored": 0}',
    "keys in no order": '{"z": 1, "a": 2, "Z": 3, "m": 4}',
    "white space": '{ "a" :\t[ 1 ,2 ] }',
    "escapes": r'"\u00e9\/\"\\\b\f\n\r\t\u2028\ud83d\ude00"',
    "a whole character outside the plane": '"😀\u0301"',
    "two ways to write one letter": '["\u00e9", "e\u0301"]',
    "a script": '"<script>alert(1)</script>"',
    "a formula": '"=cmd|\'/c calc\'!A0"',
    "0.10": "0.10",
    "1e2": "1e2",
    "1E+02": "1E+02",
    "-0": "[-0, -0.0, 0e9]",
    "19 digits of a fraction": "0.1234567890123456789",
    "more digits than a double": "123456789012345.678901",
    "2 to the 63": "[9223372036854775807, 9223372036854775808, -9223372036854775809]",
    "2 to the 64": "18446744073709551616",
    "4,300 digits": "9" * 4300,
    "the largest double": "1.7976931348623157e308",
    "the smallest double": "5e-324",
    "40 digits of an exponent's base": "1234567890123456789012345678901234567890.5e-10",
    "empty things": '[{}, [], "", null]',
    "61 levels more": "[" * 61 + "]" * 61,
    "100 KB of text": json.dumps("học " * 20_000, ensure_ascii=False),
    "10,000 keys": json.dumps({f"k{n}": n for n in range(10_000)}),
}
REFUSED = {
    "NaN": ("NaN", "", "number"),
    "Infinity": ("[Infinity]", "[0]", "number"),
    "minus Infinity": ('{"a": -Infinity}', ".a", "number"),
    "1E400": ("1E400", "", "number"),
    "-1E400": ("[0, -1E400]", "[1]", "number"),
    "an endless exponent": ("1e999999999999999999999", "", "number"),
    "4,301 digits": ("9" * 4301, "", "number"),
    "a million digits": ("9" * 900_000, "", "number"),
    "a key twice": ('{"a": 1, "a": 1}', ".a", "duplicate-key"),
    "a key twice, written otherwise": (r'{"a": 1, "\u0061": 1}', ".a", "duplicate-key"),
    "a key twice, deep": ('{"a": [{"b": {"c": 1, "d": 2, "c": 3}}]}', ".a[0].b.c", "duplicate-key"),
    "NUL in a key": (r'{"a": {"b\u0000": 1}}', None, "nul"),
    "half a character in a text": (r'{"a": ["\ud800"]}', ".a[0]", "surrogate"),
    "half a character in a key": (r'{"\udc00": 1}', None, "surrogate"),
    "62 levels more": ("[" * 62 + "]" * 62, None, "depth"),
    "200 levels": ("[" * 200 + "]" * 200, None, "depth"),
    "1,000 levels of objects": ('{"a":' * 1000 + "1" + "}" * 1000, None, "depth"),
    "100,000 levels": ("[" * 100_000 + "]" * 100_000, None, "depth"),
    "100,000 levels without an end": ("[" * 100_000, None, None),
    "a comma too many": ("[1,]", None, "json"),
    "a plain line feed": ('"a\nb"', None, "json"),
}
# fmt: on


@pytest.mark.parametrize("kind", KEPT)
def test_it_is_kept_as_it_was_sent(ask, said, found, kind):
    status, body = ask("POST", body=said(KEPT[kind]))
    assert status == 200, body
    (statement_id,) = json.loads(body)
    sent = KEPT[kind].encode()
    assert sent in ask("GET", f"statementId={statement_id}")[1]
    assert sent in found()
    assert sent in found(format="canonical")
    assert statement_id.encode() in found(format="ids")


@pytest.mark.parametrize("kind", REFUSED)
def test_it_is_refused_with_its_place(ask, said, found, kind):
    text, place, rule = REFUSED[kind]
    status, reasons = faults(ask("POST", body=said(text)))
    assert status == 400
    (path, first), *_ = reasons
    assert rule in {None, first}
    if place is not None and rule != "json":
        assert path == told_path(f'context.extensions["{EXTENSION}"]{place}')
    assert json.loads(found())["statements"] == []


def test_nul_in_a_text_is_kept(ask, said, found):
    sent = rb'"a\u0000b"'
    assert ask("POST", body=said(sent.decode()))[0] == 200
    assert sent in found()


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ('"$set": 1,', '["$set"]'),
        ('"a.b": 1,', '["a.b"]'),
        ('"_id": 1,', "_id"),
        ('"__proto__": {},', "__proto__"),
        ('"id": {"$ne": null},', "id"),
        ('"id": ["6f0a7bd0-7ee9-4b52-9d9e-02c1e2b4ad28"],', "id"),
        ('"result": {"score": {"raw": {"$numberLong": "1"}}},', "result.score.raw"),
        ('"timestamp": {"$date": 0},', "timestamp"),
    ],
)
def test_operators_where_the_specification_knows_the_member_are_refused(ask, said, members, path):
    status, reasons = faults(ask("POST", body=said(members=members)))
    assert status == 400
    assert told_path(path) in [place for place, _ in reasons]


@pytest.mark.parametrize("number", ["0.10", "1e1", "-0", "9.00000000000000000001"])
def test_a_score_keeps_the_text_of_its_numbers(ask, said, found, number):
    members = f'"result": {{"score": {{"raw": {number}, "min": -1, "max": 11e0}}}},'
    assert ask("POST", body=said(members=members))[0] == 200
    assert f'"raw": {number},'.encode() in found()


def test_one_strange_statement_does_not_break_the_page_it_is_on(ask, said, found):
    # The array of a batch is a level itself.
    strange = [said(text) for kind, text in KEPT.items() if len(text) < 1000 and kind != "61 levels more"]
    status, body = ask("POST", body=b"[" + b",".join(strange) + b"]")
    assert status == 200, body
    for form in ("exact", "canonical", "ids"):
        assert len(json.loads(found(format=form))["statements"]) == len(strange)


def test_a_statement_over_its_limit_is_413_and_takes_the_whole_batch_with_it(ask, said, found):
    large = said(json.dumps("x" * 1024**2))
    assert ask("POST", body=large)[0] == 413
    assert ask("POST", body=b"[" + said() + b"," + large + b"]")[0] == 413
    assert ask("POST", body=b"[" + b",".join([said(json.dumps("x" * 900_000))] * 19) + b"]")[0] == 413
    assert json.loads(found())["statements"] == []


def test_a_batch_over_its_limit_is_413(ask, said, found):
    assert ask("POST", body=b"[" + b",".join([said()] * 1001) + b"]")[0] == 413
    assert json.loads(found())["statements"] == []


def test_a_batch_with_one_fault_is_refused_with_its_place(ask, said, found):
    batch = [said(), said(), said('{"a": {"b": 1, "b": 2}}'), said()]
    status, reasons = faults(ask("POST", body=b"[" + b",".join(batch) + b"]"))
    place = told_path(f'[2].context.extensions["{EXTENSION}"].a.b')
    assert (status, reasons) == (400, [(place, "duplicate-key")])
    assert json.loads(found())["statements"] == []


@pytest.mark.parametrize(
    ("members", "path"),
    [
        (f'"id": "{"a" * 5000}",', "id"),
        (f'"authority": {{"mbox": "mailto:{"a" * 5000}@hoc.example.vn"}},', "authority.mbox"),
    ],
)
def test_ids_that_are_looked_up_have_a_length(ask, said, members, path):
    status, reasons = faults(ask("POST", body=said(members=members)))
    assert (status, reasons[0][0]) == (400, path)


def test_a_group_and_a_context_of_hundreds_are_found_by_each_of_them(ask, found, registration):
    people = [{"mbox": f"mailto:hv{n}@hoc.example.vn"} for n in range(400)]
    lessons = [{"id": f"https://hoc.example.vn/bai/{registration}/{n}"} for n in range(400)]
    statement = {
        "actor": {"objectType": "Group", "member": people},
        "verb": {"id": "https://hoc.example.vn/v"},
        "object": lessons[0],
        "context": {"registration": registration, "contextActivities": {"other": lessons}},
    }
    assert ask("POST", body=json.dumps(statement))[0] == 200
    assert len(json.loads(found(agent=json.dumps(people[399])))["statements"]) == 1
    assert len(json.loads(found(activity=lessons[399]["id"], related_activities="true"))["statements"]) == 1


@pytest.mark.parametrize(
    "query",
    [
        {"verb": "^(a+)+$"},
        {"verb": '{"$ne": null}'},
        {"activity": '{"$gt": ""}'},
        {"agent": '{"mbox": {"$ne": null}}'},
        {"agent": '{"mbox": "mailto:a@hoc.example.vn", "$or": [{}]}'},
        {"registration": '{"$exists": true}'},
        {"statementId": "$ne"},
        {"since": '{"$gt": 0}'},
        {"limit": '{"$gt": 0}'},
    ],
)
def test_an_operator_in_a_query_finds_nothing_but_a_400(ask, query):
    status, reasons = faults(ask("GET", urlencode(query)))
    assert status == 400
    assert reasons[0][0].startswith(next(iter(query)))
