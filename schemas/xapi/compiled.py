"""The fast way to yes: a decoder in C, made by walking the marshmallow fields.

It answers *yes* or *don't know*. Formats become patterns, schemas become msgspec structs. A schema with
rules, and a choice by ``objectType``, becomes a type of its own: msgspec hands its values over as they were
parsed, for the rules are written for those.
"""

from decimal import Decimal
from functools import cache
from types import GenericAlias
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta

from schemas.xapi.base import Rule, StrictSchema
from schemas.xapi.containers import ByObjectType, ListOf, MapOf, Nested, OneOrMany
from schemas.xapi.fields import Choice, Count, Flag, Number, Text

# With this, msgspec takes no strings of digits for numbers. It costs, so it is told only where numbers are.
_EXACT: Final = (Decimal,)


class Decoder:
    """Judges parsed values by what one object's field says about them."""

    def __init__(self, field: Nested) -> None:
        """Compile the field and all below it."""
        self._shape = _shape(type(field.schema))

    def accepts(self, value: object) -> bool:
        """Return True if the value is surely valid, False if that is not known here."""
        try:
            _judge(self._shape, value)
        except (msgspec.ValidationError, UnicodeError):
            return False
        return True


class _Shape(NamedTuple):
    """The struct that a value must fit, and the rules that it must obey beyond."""

    struct: type[msgspec.Struct]
    rules: tuple[Rule, ...]
    builtin: tuple[type, ...] | None


class _Kinds(NamedTuple):
    """The shapes to choose from, and the name taken for an absent ``objectType``."""

    shapes: dict[str, _Shape]
    default: str | None


class _Handed:
    """The base of types whose values msgspec hands to ``_decide``; each stands for shapes to judge by."""

    by: _Shape | _Kinds
    yes: "_Handed"


def _decide(handed: type[_Handed], value: Any) -> _Handed:
    """Return what msgspec wants to see if the value is surely valid; else raise its exception."""
    by = handed.by
    if isinstance(by, _Kinds):
        kind = value.get("objectType", by.default) if type(value) is dict else None
        shape = by.shapes.get(kind) if type(kind) is str else None
        if shape is None:
            raise msgspec.ValidationError
        by = shape
    _judge(by, value)
    return handed.yes


def _judge(shape: _Shape, value: Any) -> None:
    msgspec.convert(value, shape.struct, dec_hook=_decide, builtin_types=shape.builtin)
    for rule in shape.rules:
        if rule(value) is not None:
            raise msgspec.ValidationError


@cache
def _shape(schema: type[StrictSchema]) -> _Shape:
    fields = schema().fields
    members = [
        (name, _type_of(field)) if field.required else (name, _type_of(field), None) for name, field in fields.items()
    ]
    struct = msgspec.defstruct(schema.__name__, members, forbid_unknown_fields=True, kw_only=True, gc=False)
    has_numbers = any(isinstance(field, Number) for field in fields.values())
    return _Shape(struct, schema.rules, _EXACT if has_numbers else None)


def _type_of(field: Any) -> Any:  # noqa: PLR0911  # one answer for each kind of field
    """Return the type whose values the field takes, or some of them."""
    match field:
        case Choice():
            return Literal.__getitem__(tuple(field.values))
        case Text():
            return _text_type(field)
        case Number():
            return int | Decimal
        case Count():
            return Annotated[int, Meta(ge=0)]
        case Flag():
            return bool
        case Nested():
            shape = _shape(type(field.schema))
            return _handed(shape) if shape.rules or shape.builtin else shape.struct
        case ByObjectType():
            shapes = {kind: _shape(type(schema)) for kind, schema in field.kinds.items()}
            return _handed(_Kinds(shapes, field.default))
        case ListOf():
            inner = _type_of(field.inner)
            many = Annotated[list[inner], Meta(min_length=field.at_least)]  # type: ignore[valid-type]  # made as it runs
            return inner | many if isinstance(field, OneOrMany) else many
        case MapOf():
            return GenericAlias(dict, (_type_of(field.keys), _type_of(field.values) if field.values else Any))
    raise TypeError(field)


def _text_type(field: Text) -> Any:
    judges_further = type(field).complaints is not Text.complaints
    if judges_further and field.certain is None:
        message = f"{type(field).__name__} judges beyond its pattern: only `certain` tells what is surely valid"
        raise TypeError(message)
    return Annotated[str, Meta(pattern=field.certain or field.pattern, max_length=field.longest)]


def _handed(by: _Shape | _Kinds) -> type[_Handed]:
    class Handed(_Handed):
        pass

    Handed.by = by
    Handed.yes = Handed()
    return Handed
