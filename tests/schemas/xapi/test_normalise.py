import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.xapi.normalise import complete, split

AUTHORITY = b'{"objectType": "Agent", "mbox": "mailto:key@lrs.example.vn"}'
ID = "6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d11"
STORED = "2026-11-23T05:06:07.123456Z"
TAG = '{"id": "https://lms.example.vn/tag", "definition": {"extensions": {"https://ex.vn/n": 1.50}}}'


def completed(raw, version="2.0.0", statement_id=ID):
    text = complete(
        raw,
        json.loads(raw),
        statement_id=statement_id,
        stored=STORED,
        authority=AUTHORITY,
        version=version,
    )
    return text.decode()


def body(**changes):
    members = {"actor": "{}", "verb": "{}", "object": "{}"} | changes
    return ("{" + ", ".join(f'"{name}" : {text}' for name, text in members.items()) + "}").encode()


def test_what_the_client_left_out_is_set_at_the_end():
    set_here = f'"id":"{ID}","stored":"{STORED}","authority":{AUTHORITY.decode()}'
    defaults = f'"timestamp":"{STORED}","version":"2.0.0"'
    found = completed(b'{"actor": {}, "object": {}}')
    assert found == f'{{"actor":{{}},"object":{{}},{set_here},{defaults}}}'


@pytest.mark.parametrize(("version", "label"), [("1.0.3", "1.0.0"), ("2.0.0", "2.0.0")])
def test_a_missing_version_is_that_of_the_request(version, label):
    assert json.loads(completed(body(), version))["version"] == label


def test_a_timestamp_and_a_version_that_were_sent_stay():
    sent = body(timestamp='"2026-11-20T08:30:00.1+07:00"', version='"1.0.9"')
    found = json.loads(completed(sent))
    assert (found["timestamp"], found["version"]) == ("2026-11-20T08:30:00.1+07:00", "1.0.9")


def test_an_authority_and_a_stored_that_were_sent_are_overwritten_in_their_place():
    found = completed(body(stored='"2001-01-01T00:00:00Z"', authority='{"mbox": "mailto:me@ex.vn"}'))
    assert found.index(STORED) < found.index(AUTHORITY.decode())
    assert "2001" not in found
    assert "me@ex.vn" not in found


def test_the_id_is_returned_in_lower_case():
    assert json.loads(completed(body(id=f'"{ID.upper()}"'), statement_id=ID.upper()))["id"] == ID


@pytest.mark.parametrize(
    "text",
    [
        '{"score": {"raw": 8.50, "max": 1e1, "min": -0, "scaled": 0.8500000000000000000001}}',
        '{"extensions": {"https://ex.vn/$a.b": 123456789012345678901234567890}}',
        '{"response": "\\u0110\\u1ea1t \\/ Đạt \\ud83d\\ude00 😀", "success": true}',
        '{ "duration" :\t"PT1.2345S"\n}',
    ],
)
def test_a_member_the_store_does_not_set_keeps_the_clients_own_text(text):
    assert f'"result":{text}' in completed(body(result=text))


@pytest.mark.parametrize("kind", ["parent", "grouping", "category", "other"])
def test_a_single_context_activity_becomes_an_array_with_its_text_kept(kind):
    sent = f'{{"platform": "Moodle", "contextActivities": {{"{kind}": {TAG}}}}}'
    wanted = f'{{"platform":"Moodle","contextActivities":{{"{kind}":[{TAG}]}}}}'
    assert f'"context":{wanted}' in completed(body(context=sent))


def test_so_does_one_in_a_sub_statement():
    sent = f'{{"contextActivities": {{"parent": {TAG}, "other": [{TAG}, {TAG}]}}}}'
    wanted = f'{{"contextActivities":{{"parent":[{TAG}],"other":[{TAG}, {TAG}]}}}}'
    part = f'{{"objectType": "SubStatement", "verb": {{}}, "context": {sent}}}'
    assert f'"context":{wanted}' in completed(body(object=part))


def test_a_context_whose_activities_are_arrays_keeps_its_text():
    context = f'{{ "contextActivities" : {{"parent": [ {TAG} ], "other": []}} }}'
    assert f'"context":{context}' in completed(body(context=context))


@pytest.mark.parametrize(
    ("sent", "texts"),
    [
        (b'{"a": 1.0}', [b'{"a": 1.0}']),
        (b' \r\n\t{"a": 1.0}\n', [b'{"a": 1.0}']),
        (b'[{"a": 1.0}, {"b" : [2]}]', [b'{"a": 1.0}', b'{"b" : [2]}']),
        (b'\n [ {"a": 1.0} ] ', [b'{"a": 1.0}']),
        (b"[]", []),
    ],
)
def test_a_body_is_split_into_the_text_of_each_statement(sent, texts):
    assert split(sent) == texts


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=10,
)
activities = st.fixed_dictionaries({"id": words}, optional={"definition": values})
contexts = st.dictionaries(st.sampled_from(["parent", "other"]), activities | st.lists(activities, max_size=2)).map(
    lambda found: {"contextActivities": found}
)
parts = st.fixed_dictionaries({"id": words}, optional={"context": contexts, "extensions": values})
statements = st.fixed_dictionaries(
    {"actor": values, "verb": values, "object": parts},
    optional={"context": contexts, "result": values, "timestamp": words, "id": words},
)


def exactly(text):
    return json.loads(text, parse_float=Decimal)


def with_arrays(part):
    found = part.get("context", {}).get("contextActivities", {})
    for name, value in found.items():
        found[name] = value if isinstance(value, list) else [value]


@given(statements, st.booleans())
def test_everything_else_of_any_statement_comes_back_equal_and_in_order(statement, ascii_only):
    raw = json.dumps(statement, ensure_ascii=ascii_only, indent=1).encode()
    wanted, found = exactly(raw), exactly(completed(raw))
    with_arrays(wanted)
    with_arrays(wanted["object"])
    if "timestamp" in wanted:
        assert found["timestamp"] == wanted["timestamp"]
    for name in ("id", "stored", "authority", "version", "timestamp"):
        del found[name]
        wanted.pop(name, None)
    assert found == wanted
    assert list(found) == list(wanted)
