"""Statements about training, small and whole, for the tests to change."""

from collections.abc import Callable
from typing import Any

import pytest

from schemas.training.terms import BASE, VERSION
from schemas.training.vocabulary import Vocabulary

VERBS = {
    "waived": "https://w3id.org/xapi/adl/verbs/waived",
    "satisfied": "https://w3id.org/xapi/adl/verbs/satisfied",
    "earned": "http://id.tincanapi.com/verb/earned",
    "mentored": "http://id.tincanapi.com/verb/mentored",
    "hosted": "http://activitystrea.ms/host",
}
LAN = {"objectType": "Agent", "account": {"homePage": "https://so.example.vn", "name": "p-0001"}}


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    return Vocabulary()


def _extensions(values: dict[str, Any]) -> dict[str, Any]:
    return {f"{BASE}/extensions/{name}": value for name, value in values.items()}


@pytest.fixture(scope="session")
def told() -> Callable[..., dict[str, Any]]:
    """Make a statement by our words; ``context`` and ``result`` hold members, ``said`` and ``done`` extensions."""

    def make(verb: str, type_: str, *, said: Any = None, done: Any = None, **changes: Any) -> dict[str, Any]:
        made = {
            "id": "6A3C0B8C-51D1-4C0B-9D3B-0D1E6B0E9D11",
            "actor": LAN,
            "verb": {"id": VERBS.get(verb, f"http://adlnet.gov/expapi/verbs/{verb}")},
            "object": {
                "id": "https://to.example.vn/a/7",
                "definition": {"type": type_ if ":" in type_ else f"{BASE}/activity-types/{type_}"},
            },
            "timestamp": "2026-08-31T17:30:00Z",
        }
        context = {"extensions": _extensions(said or {})} | changes.pop("context", {})
        result = {"extensions": _extensions(done or {})} | changes.pop("result", {})
        return made | {"context": context, "result": result} | changes

    return make


@pytest.fixture(scope="session")
def profiled(told) -> Callable[..., dict[str, Any]]:
    """Make a statement that names the profile, with what every template asks for."""

    def make(verb: str, type_: str, *, said: Any = None, **changes: Any) -> dict[str, Any]:
        context = {
            "registration": "6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d12",
            "contextActivities": {"category": [{"id": VERSION}]},
        }
        said = {"admin-unit": {"code": "26209", "asOf": "2025-12-16"}} | (said or {})
        return told(verb, type_, said=said, context=context | changes.pop("context", {}), **changes)

    return make
