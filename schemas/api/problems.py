"""Refusals as they go out: problem+json (RFC 9457)."""

from collections.abc import Iterator
from typing import Any

from marshmallow import Schema, fields

from schemas.api.vocabulary import told_path
from schemas.faults import Fault


class _Path(fields.String):
    """The way to a fault, without names that are not ours."""

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str:
        return told_path(value)


class FaultSchema(Schema):
    """One thing wrong with what was sent."""

    path = _Path(
        required=True,
        metadata={
            "description": "The way to it; empty for the whole. Names that are known neither here nor to xAPI are `*`."
        },
    )
    rule = fields.String(required=True, metadata={"description": "A stable word for programs."})
    message = fields.String(required=True, metadata={"description": "A sentence for people."})


class ProblemSchema(Schema):
    """Why a request was refused."""

    title = fields.String(required=True)
    status = fields.Integer(required=True)
    errors = fields.List(fields.Nested(FaultSchema), required=True)


def complaints(found: Any, path: str, rule: str) -> Iterator[Fault]:
    """Yield what marshmallow complains of, each with the way to it."""
    if isinstance(found, dict):
        for name, inner in found.items():
            # "_schema" is marshmallow's name for the whole.
            step = "" if name == "_schema" else f"[{name}]" if isinstance(name, int) else f".{str(name)[:80]}"
            yield from complaints(inner, (path + step).lstrip("."), rule)
    else:
        yield Fault(path, rule, " ".join(map(str, found)))
