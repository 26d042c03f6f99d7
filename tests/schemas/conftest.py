"""Statements for the tests of the data model: a rich good one, good ones at random, and spoiled ones.

All in one file, however long: test modules share fixtures only.
"""

import copy
import string
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import strategies as st

from schemas.faults import Refused
from schemas.xapi.statements import load_statement
from schemas.xapi.versions import Version

Strategy = st.SearchStrategy[Any]

ODD_VALUES = [
    None, True, False, 0, -1, 2**70, Decimal("0.5"), Decimal("1E-30"), Decimal("1.0000000000000000000001"), "",
    " ", "true", "0.5", "\x00", "\U0001f600", "a" * 3000, "Agent", "agent", "Group", "Activity", "StatementRef",
    "SubStatement", "http://ex.vn/a", "http://ex.vn/a b", "http:", "mailto:a@b.vn", "mailto:a@b.vn\n", "vi", "vi_VN",
    "en-US-en-US", "sl-rozaj-rozaj", "P1W2D", "PT0.1S", "PT.1S", "2026-02-30T00:00:00Z", "2026-02-28T23:59:60Z",
    "2026-02-28T00:00:00-00:00", "2026-02-28 00:00Z", "2026-02-28T00:00:00", "1.0", "1.0.9", "2.0.0", "1.1.0",
    "choice", "true-false", "text/plain", "text", "6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d11", "{6a3c0b8c}", "a" * 40,
    "http://adlnet.gov/expapi/verbs/voided", [], [[]], [None], {}, {"": ""}, {"id": "http://ex.vn/x"},
    {"mbox": "mailto:a@b.vn"}, {"objectType": "Group", "member": []}, {"vi": None}, {"vi": "a"},
    {"http://ex.vn/x": None},
]  # fmt: skip

ODD_KEYS = [
    "id", "Id", "objectType", "mbox", "openid", "account", "member", "definition", "contextAgents", "contextGroups",
    "stored", "version", "authority", "extensions", "scale", "choices", "$ref", "a.b", "\x00", "http://ex.vn/x", "vi",
    "_schema", "raw", "min", "max", "revision", "platform",
]  # fmt: skip


@pytest.fixture(scope="session")
def rich_statement() -> Callable[[str], dict[str, Any]]:
    """Make a good statement that uses the whole of what a version knows."""

    def make(version: str) -> dict[str, Any]:
        return _rich(version)

    return make


@pytest.fixture(scope="session")
def good_statements() -> Callable[[str], Strategy]:
    """Give the good statements of a version, at random."""
    return _statements


@pytest.fixture(scope="session")
def spoiled() -> Callable[..., Any]:
    """Spoil a value in one to three places, as drawn; some stay good."""

    def spoil(draw: Callable[[Strategy], Any], value: Any) -> Any:
        value = copy.deepcopy(value)
        for _ in range(draw(st.integers(1, 3))):
            holder, key = draw(st.sampled_from(_places(value)))
            _SPOILERS[draw(st.integers(0, len(_SPOILERS) - 1))](draw, holder, key)
        return value

    return spoil


@pytest.fixture(scope="session")
def faults_of() -> Callable[..., list[tuple[str, str]]]:
    """Give place and rule of every fault of a statement: the same by the fast way and without it."""

    def faults(raw: object, version: Version = "2.0.0", path: str = "") -> list[tuple[str, str]]:
        told = []
        for fast in (True, False):
            with pytest.raises(Refused) as refused:
                load_statement(raw, version, path, fast=fast)
            told.append([(fault.path, fault.rule) for fault in refused.value.faults])
        assert told[0] == told[1]
        return told[0]

    return faults


def _places(value: Any) -> list[tuple[Any, Any]]:
    """List every member and item below a value."""
    if isinstance(value, dict):
        inside = [(value, key) for key in value] or [(value, None)]
    elif isinstance(value, list):
        inside = [(value, index) for index in range(len(value))]
    else:
        return []
    return inside + [place for holder, key in inside if key in _keys(holder) for place in _places(holder[key])]


def _keys(holder: Any) -> Any:
    return holder if isinstance(holder, dict) else range(len(holder))


def _replace(draw: Any, holder: Any, key: Any) -> None:
    if key is not None:
        holder[key] = copy.deepcopy(draw(st.sampled_from(ODD_VALUES)))


def _drop(_: Any, holder: Any, key: Any) -> None:
    if key is not None:
        del holder[key]


def _add(draw: Any, holder: Any, _: Any) -> None:
    value = copy.deepcopy(draw(st.sampled_from(ODD_VALUES)))
    if isinstance(holder, dict):
        holder[draw(st.sampled_from(ODD_KEYS))] = value
    else:
        holder.append(value)


def _rename(draw: Any, holder: Any, key: Any) -> None:
    if isinstance(holder, dict) and key is not None:
        holder[draw(st.sampled_from([key.upper(), key.lower(), f"{key} ", *ODD_KEYS]))] = holder.pop(key)


def _double(_: Any, holder: Any, key: Any) -> None:
    if isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    elif key is not None:
        holder[key] = [copy.deepcopy(holder[key])] * 2


def _scratch(draw: Any, holder: Any, key: Any) -> None:
    """Change one character of a text, or make a text of a number."""
    if key is None or isinstance(holder[key], dict | list):
        return
    text = str(holder[key])
    at = draw(st.integers(0, len(text)))
    holder[key] = text[:at] + draw(st.sampled_from([*string.printable, "\xa0", "é", "\ufdd0"])) + text[at + 1 :]


_SPOILERS = (_replace, _drop, _add, _rename, _double, _scratch)


def _objects(required: dict[str, Strategy], optional: dict[str, Strategy] | None = None) -> Strategy:
    return st.fixed_dictionaries(required, optional=optional)


TEXTS = st.text(max_size=8)
IRIS = st.sampled_from(["https://học.example.vn/bài/1?x[]=2", "http://ex.vn/a%20b#c", "urn:uuid:0", "tag:ex.vn,2026:a"])
UUIDS = st.uuids().map(str) | st.uuids().map(lambda uuid: str(uuid).upper())
TAGS = st.sampled_from(["vi", "en-US", "zh-Hant-TW", "sl-rozaj-biske", "i-klingon", "x-nha", "de-a-value-x-a-a"])
LANGUAGE_MAPS = st.dictionaries(TAGS, TEXTS, max_size=2)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=3,
)
EXTENSIONS = st.dictionaries(IRIS, ANYTHING, max_size=2)
DURATIONS = st.sampled_from(["PT12M30S", "P3Y1M29DT4H35M59.14S", "P4W", "PT0,5S", "P1DT12H36M0.12567S"])
TIMESTAMPS = st.sampled_from(
    ["2026-11-20T08:30:00.123+07:00", "2026-02-28T23:59:59Z", "2024-02-29T00:00:00z", "1899-01-01T00:00:00-05:00"]
)

IDENTIFIERS = (
    _objects({"mbox": st.sampled_from(["mailto:lan@ex.vn", "mailto:lan.tran+thi@học.example.vn"])})
    | _objects({"mbox_sha1sum": st.text("0123456789abcdefABCDEF", min_size=40, max_size=40)})
    | _objects({"openid": st.just("https://id.example.vn/lan")})
    | _objects({"account": _objects({"homePage": IRIS, "name": TEXTS})})
)


def _with(base: Strategy, required: dict[str, Strategy], optional: dict[str, Strategy] | None = None) -> Strategy:
    return st.builds(dict.__or__, base, _objects(required, optional))


AGENTS = _with(IDENTIFIERS, {}, {"objectType": st.just("Agent"), "name": TEXTS})
NAMED_AGENTS = _with(IDENTIFIERS, {"objectType": st.just("Agent")}, {"name": TEXTS})
MEMBERS = st.lists(AGENTS, min_size=1, max_size=2)
GROUPS = _with(
    IDENTIFIERS, {"objectType": st.just("Group")}, {"name": TEXTS, "member": st.lists(AGENTS, max_size=2)}
) | _objects({"objectType": st.just("Group"), "member": MEMBERS}, {"name": TEXTS})
COMPONENTS = st.lists(
    _objects({"id": TEXTS}, {"description": LANGUAGE_MAPS}), max_size=3, unique_by=lambda component: component["id"]
)
PATTERNS = {"correctResponsesPattern": st.lists(TEXTS, max_size=2)}
INTERACTIONS = (
    _objects(
        {"interactionType": st.sampled_from(["true-false", "fill-in", "long-fill-in", "numeric", "other"])}, PATTERNS
    )
    | _objects({"interactionType": st.sampled_from(["choice", "sequencing"])}, PATTERNS | {"choices": COMPONENTS})
    | _objects({"interactionType": st.just("likert")}, PATTERNS | {"scale": COMPONENTS})
    | _objects({"interactionType": st.just("matching")}, PATTERNS | {"source": COMPONENTS, "target": COMPONENTS})
    | _objects({"interactionType": st.just("performance")}, PATTERNS | {"steps": COMPONENTS})
)
DESCRIBED = {
    "name": LANGUAGE_MAPS,
    "description": LANGUAGE_MAPS,
    "type": IRIS,
    "moreInfo": IRIS,
    "extensions": EXTENSIONS,
}
DEFINITIONS = _with(INTERACTIONS, {}, DESCRIBED) | _objects({}, DESCRIBED)
ACTIVITIES = _objects({"id": IRIS}, {"objectType": st.just("Activity"), "definition": DEFINITIONS})
REFERENCES = _objects({"objectType": st.just("StatementRef"), "id": UUIDS})
SCORES = _objects(
    {}, {"scaled": st.decimals(-1, 1), "raw": st.integers() | st.decimals(allow_nan=False, allow_infinity=False)}
)
RANGES = st.sampled_from(
    [{"min": 0, "raw": Decimal("8.5"), "max": 10}, {"min": Decimal("-0.1"), "max": Decimal("1E2")}]
)
RESULTS = _objects(
    {},
    {
        "score": SCORES | RANGES,
        "success": st.booleans(),
        "completion": st.booleans(),
        "response": TEXTS,
        "duration": DURATIONS,
        "extensions": EXTENSIONS,
    },
)
ATTACHMENTS = st.lists(
    _objects(
        {
            "usageType": IRIS,
            "display": LANGUAGE_MAPS,
            "contentType": st.sampled_from(["text/plain", 'text/plain; charset="utf-8"', "application/vnd.a+json"]),
            "length": st.integers(0),
            "sha2": st.sampled_from([56, 64, 96, 128]).flatmap(
                lambda size: st.text("0123456789abcdef", min_size=size, max_size=size)
            ),
        },
        {"description": LANGUAGE_MAPS, "fileUrl": IRIS},
    ),
    max_size=2,
)
SOME_ACTIVITIES = ACTIVITIES | st.lists(ACTIVITIES, max_size=2)
TYPES = {"relevantTypes": st.lists(IRIS, min_size=1, max_size=2)}
CONTEXT = {
    "registration": UUIDS,
    "instructor": AGENTS | GROUPS,
    "team": GROUPS,
    "contextActivities": _objects({}, dict.fromkeys(["parent", "grouping", "category", "other"], SOME_ACTIVITIES)),
    "language": TAGS,
    "statement": REFERENCES,
    "extensions": EXTENSIONS,
}
CONTEXT_200 = {
    "contextAgents": st.lists(_objects({"objectType": st.just("contextAgent"), "agent": AGENTS}, TYPES), max_size=2),
    "contextGroups": st.lists(_objects({"objectType": st.just("contextGroup"), "group": GROUPS}, TYPES), max_size=2),
}
FOR_ACTIVITIES = {"revision": TEXTS, "platform": TEXTS}


def _told(version: str, things: Strategy, required: dict[str, Strategy], optional: dict[str, Strategy]) -> Strategy:
    context = CONTEXT if version == "1.0.3" else CONTEXT | CONTEXT_200
    common = optional | {"result": RESULTS, "attachments": ATTACHMENTS, "timestamp": TIMESTAMPS}
    base = required | {"actor": AGENTS | GROUPS, "verb": _objects({"id": IRIS}, {"display": LANGUAGE_MAPS})}
    of_activity = _objects(base | {"object": ACTIVITIES}, common | {"context": _objects({}, context | FOR_ACTIVITIES)})
    return of_activity | _objects(base | {"object": things}, common | {"context": _objects({}, context)})


def _statements(version: str) -> Strategy:
    things = NAMED_AGENTS | GROUPS | REFERENCES
    sub_statements = _told(version, things, {"objectType": st.just("SubStatement")}, {})
    pairs = _objects({"objectType": st.just("Group"), "member": st.lists(AGENTS, min_size=2, max_size=2)})
    labels = ["1.0", "1.0.9"] if version == "1.0.3" else ["1.0.0", "2.0", "2.0.0"]
    own = {"id": UUIDS, "stored": TIMESTAMPS, "authority": AGENTS | pairs, "version": st.sampled_from(labels)}
    return _told(version, things | sub_statements, {}, own)


def _rich(version: str) -> dict[str, Any]:
    agent = {"objectType": "Agent", "name": "Lan", "account": {"homePage": "https://sso.ex.vn", "name": "sv01"}}
    group = {"objectType": "Group", "name": "Lớp 12", "mbox": "mailto:lop12@ex.vn", "member": [agent]}
    quiz = {
        "objectType": "Activity",
        "id": "https://lms.ex.vn/quiz/1",
        "definition": {
            "name": {"vi": "Bài kiểm tra"},
            "description": {"vi": "Về an toàn"},
            "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
            "moreInfo": "https://lms.ex.vn/quiz/1/about",
            "interactionType": "choice",
            "correctResponsesPattern": ["a[,]b"],
            "choices": [{"id": "a", "description": {"vi": "Có"}}, {"id": "b"}],
            "extensions": {"https://ex.vn/x": {"any": [None]}},
        },
    }
    context = {
        "registration": "6A3C0B8C-51D1-4C0B-9D3B-0D1E6B0E9D11",
        "instructor": agent,
        "team": group,
        "contextActivities": {"parent": [{"id": "https://lms.ex.vn/c/1"}], "category": {"id": "https://ex.vn/t"}},
        "revision": "1",
        "platform": "Moodle",
        "language": "vi",
        "statement": {"objectType": "StatementRef", "id": "6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d12"},
        "extensions": {"https://ex.vn/x": None},
    }
    if version == "2.0.0":
        context["contextAgents"] = [
            {"objectType": "contextAgent", "agent": agent, "relevantTypes": ["https://ex.vn/r"]}
        ]
        context["contextGroups"] = [{"objectType": "contextGroup", "group": group}]
    return {
        "id": "6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d11",
        "actor": agent,
        "verb": {"id": "http://adlnet.gov/expapi/verbs/answered", "display": {"vi": "đã trả lời"}},
        "object": quiz,
        "result": {
            "score": {"scaled": Decimal("0.85"), "raw": Decimal("8.5"), "min": 0, "max": 10},
            "success": True,
            "completion": True,
            "response": "a[,]b",
            "duration": "PT12M30S",
            "extensions": {},
        },
        "context": context,
        "timestamp": "2026-11-20T08:30:00.123+07:00",
        "stored": "2026-11-20T01:30:01Z",
        "authority": agent,
        "version": version if version == "2.0.0" else "1.0.0",
        "attachments": [
            {
                "usageType": "https://ex.vn/certificate",
                "display": {"vi": "Chứng nhận"},
                "description": {"vi": "Bản quét"},
                "contentType": "application/pdf",
                "length": 27,
                "sha2": "ab" * 32,
                "fileUrl": "https://lms.ex.vn/c.pdf",
            }
        ],
    }
