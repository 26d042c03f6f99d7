"""The fast way to yes: a decoder in C, made by walking the marshmallow fields.

It answers *yes* or *don't know*. Formats become patterns, schemas become msgspec structs. A schema with
rules, and a choice by ``objectType``, becomes a type of its own: msgspec hands its values over as they were
parsed, for the rules are written for those.

There are two of it. The first takes formats that judge beyond their pattern at their narrow pattern only,
which is nearly always enough. The second has such fields judge for themselves: it knows every valid value,
so that marshmallow is kept for the faulty ones and nobody can make it judge megabytes.
"""

from decimal import Decimal
from functools import cache
from types import GenericAlias
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta

from schemas.xapi.base import Rule, StrictField, StrictSchema
from schemas.xapi.containers import ByObjectType, ListOf, MapOf, Nested, OneOrMany
from schemas.xapi.fields import Choice, Count, Flag, Number, Text

# With this, msgspec takes no strings of digits for numbers. It costs, so it is told only where numbers are.
_EXACT: Final = (Decimal,)


class Decoder:
    """Judges parsed values by what one object's field says about them."""

    def __init__(self, field: Nested) -> None:
        """Compile the field and all below it."""
        self._narrow = _shape(type(field.schema), narrow=True)
        self._whole = _shape(type(field.schema), narrow=False)

    def accepts(self, value: object) -> bool:
        """Return True if the value is surely valid, False if that is not known here."""
        return _fits(self._narrow, value) or _fits(self._whole, value)


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
    """The base of types whose values msgspec hands to ``_decide``; each stands for what judges them."""

    by: _Shape | _Kinds | StrictField
    yes: "_Handed"


def _fits(shape: _Shape, value: object) -> bool:
    try:
        _judge(shape, value)
    except (msgspec.ValidationError, UnicodeError):
        return False
    return True


def _judge(shape: _Shape, value: Any) -> None:
    msgspec.convert(value, shape.struct, dec_hook=_decide, builtin_types=shape.builtin)
    for rule in shape.rules:
        if rule(value) is not None:
            raise msgspec.ValidationError


def _decide(handed: type[_Handed], value: Any) -> _Handed:
    """Return what msgspec wants to see if the value is surely valid; else raise its exception."""
    by = handed.by
    if isinstance(by, _Kinds):
        kind = value.get("objectType", by.default) if type(value) is dict else None
        shape = by.shapes.get(kind) if type(kind) is str else None
        if shape is None:
            raise msgspec.ValidationError
        _judge(shape, value)
    elif isinstance(by, _Shape):
        _judge(by, value)
    elif by.complaints(value):
        raise msgspec.ValidationError
    return handed.yes


@cache
def _shape(schema: type[StrictSchema], *, narrow: bool) -> _Shape:
    members: list[Any] = []
    for name, field in schema().fields.items():
        type_ = _type_of(field, narrow=narrow)
        members.append((name, type_) if field.required else (name, type_, None))
    struct = msgspec.defstruct(schema.__name__, members, forbid_unknown_fields=True, kw_only=True, gc=False)
    has_numbers = any(isinstance(field, Number) for field in schema().fields.values())
    shape = _Shape(struct, schema.rules, _EXACT if has_numbers else None)
    # msgspec prepares a struct when it first meets it, and two threads that meet it at once break the process.
    _fits(shape, {})
    return shape


def _type_of(field: Any, *, narrow: bool) -> Any:  # noqa: PLR0911  # one answer for each kind of field
    """Return the type whose values the field takes; if ``narrow``, some of them."""
    match field:
        case Choice():
            return Literal.__getitem__(tuple(field.values))
        case Text():
            return _text_type(field) if narrow or not _judges_further(field) else _handed(field)
        case Number():
            return int | Decimal
        case Count():
            return Annotated[int, Meta(ge=0)]
        case Flag():
            return bool
        case Nested():
            shape = _shape(type(field.schema), narrow=narrow)
            return _handed(shape) if shape.rules or shape.builtin else shape.struct
        case ByObjectType():
            shapes = {kind: _shape(type(schema), narrow=narrow) for kind, schema in field.kinds.items()}
            return _handed(_Kinds(shapes, field.default))
        case ListOf():
            inner = _type_of(field.inner, narrow=narrow)
            many = Annotated[list[inner], Meta(min_length=field.at_least)]  # type: ignore[valid-type]  # made as it runs
            return inner | many if isinstance(field, OneOrMany) else many
        case MapOf():
            return _map_type(field, narrow=narrow)
    raise TypeError(field)


def _judges_further(field: Text) -> bool:
    return type(field).complaints is not Text.complaints


def _text_type(field: Text) -> Any:
    if _judges_further(field) and field.certain is None:
        message = f"{type(field).__name__} judges beyond its pattern: only `certain` tells what is surely valid"
        raise TypeError(message)
    return Annotated[str, Meta(pattern=field.certain or field.pattern, max_length=field.longest)]


def _map_type(field: MapOf, *, narrow: bool) -> Any:
    # msgspec never hands over keys, so the map is handed over as a whole.
    if not narrow and _judges_further(field.keys):
        return _handed(field)
    values = _type_of(field.values, narrow=narrow) if field.values else Any
    return GenericAlias(dict, (_text_type(field.keys), values))


def _handed(by: _Shape | _Kinds | StrictField) -> type[_Handed]:
    class Handed(_Handed):
        pass

    Handed.by = by
    Handed.yes = Handed()
    return Handed
