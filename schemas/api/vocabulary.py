"""The names that answers may repeat: those of the specification, our own, and addresses such as extensions have.

Of what else a sender made up, answers repeat nothing: it may be somebody's name.
"""

import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, Final

import msgspec
from marshmallow import Schema

from schemas.registries.csv_files import Table
from schemas.xapi.vocabulary import NAMES, known_path

_PACKAGES: Final = ("schemas.api", "schemas.registries")
_ROW: Final = "row"
# Without it nobody would know which extension is meant. One that holds a mailbox or a personal number is not told.
_address = re.compile(r"(?!.*(?:%40|[0-9]{9}))https?://[A-Za-z0-9._~:/?#%+=&-]{1,100}", re.IGNORECASE)


def told_path(path: str) -> str:
    """Return a fault's path as it goes out: a name that is not ours may be somebody's, and is ``*``."""
    return known_path(path, _TOLD)


class _Told:
    """What may be told."""

    def __contains__(self, name: object) -> bool:
        return name in names() or (isinstance(name, str) and bool(_address.fullmatch(name)))


_TOLD: Final = _Told()


@cache
def names() -> frozenset[str]:
    """Return every name of the specification, of what /api takes, and of the registries and their files."""
    modules = [
        import_module(f"{package}.{found.name}")
        for package in _PACKAGES
        for found in pkgutil.iter_modules(import_module(package).__path__)
    ]
    return NAMES.union([_ROW], *(_of(value) for module in modules for value in _values(module)))


def _values(module: ModuleType) -> Iterator[Any]:
    """Yield what a module holds, tables that stand together in a mapping one by one."""
    for value in vars(module).values():
        yield from value.values() if isinstance(value, dict) else [value]


def _of(value: Any) -> Iterator[str]:
    """Yield the names that a schema, a record or a table has for its parts."""
    if isinstance(value, Table):
        yield from [value.name, *value.columns]
    elif isinstance(value, type) and issubclass(value, Schema):
        for name, field in value._declared_fields.items():  # noqa: SLF001 - without making the schema
            yield from [name, field.data_key or name]
    elif isinstance(value, type) and issubclass(value, msgspec.Struct):
        yield from value.__struct_encode_fields__
