"""Values made of values: objects, arrays, maps, and objects that say themselves of which type they are."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from schemas.xapi.base import MOST_FAULTS, NULL, OBJECT, REQUIRED, Complaint, Complaints, StrictField, StrictSchema
from schemas.xapi.fields import IRI, LanguageTag, Text

_ARRAY: Final = Complaint("array", "This must be an array.")
_EMPTY: Final = Complaint("empty", "This must not be empty.")


class Nested(StrictField):
    """One object of a schema."""

    def __init__(self, schema: type[StrictSchema], **options: Any) -> None:
        super().__init__(**options)
        self.schema = schema()

    def complaints(self, value: Any) -> Complaints:
        """Judge by the schema."""
        return self.schema.validate(value)


class ListOf(StrictField):
    """An array whose items are all alike."""

    def __init__(self, inner: StrictField, *, at_least: int = 0, **options: Any) -> None:
        super().__init__(**options)
        self.inner = inner
        self.at_least = at_least

    def complaints(self, value: Any) -> Complaints:
        """Judge every item, until there is more to complain of than will be told."""
        if not isinstance(value, list):
            return [_ARRAY]
        if len(value) < self.at_least:
            return [_EMPTY]
        return _first(self.inner, enumerate(value))


class OneOrMany(ListOf):
    """An array whose items are all alike, or one such item by itself."""

    def complaints(self, value: Any) -> Complaints:
        """Judge an array as such, anything else as the item."""
        return super().complaints(value) if isinstance(value, list) else self.inner.complaints(value)


class MapOf(StrictField):
    """An object whose keys are all of one format; ``values`` may be anything, also null, when None."""

    def __init__(self, keys: Text, values: StrictField | None, **options: Any) -> None:
        super().__init__(**options)
        self.keys = keys
        self.values = values

    def complaints(self, value: Any) -> Complaints:
        """Judge keys, and values where they are bound."""
        if not isinstance(value, dict):
            return [OBJECT]
        return _first(self.keys, ((key, key) for key in value)) or (
            _first(self.values, value.items()) if self.values else {}
        )


class ByObjectType(StrictField):
    """An object of the schema that its ``objectType`` names; the default's when it names none."""

    def __init__(self, kinds: Mapping[str, type[StrictSchema]], *, default: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.kinds = {kind: schema() for kind, schema in kinds.items()}
        self.default = default

    def complaints(self, value: Any) -> Complaints:
        """Judge by the schema; without one, complain of the ``objectType`` alone."""
        if not isinstance(value, dict):
            return [OBJECT]
        kind = value.get("objectType", self.default)
        if isinstance(kind, str) and kind in self.kinds:
            return self.kinds[kind].validate(value)
        if "objectType" not in value:
            return {"objectType": [REQUIRED]}
        return {"objectType": [NULL if kind is None else self._refusal()]}

    def _refusal(self) -> Complaint:
        return Complaint("object-type", f"This must be one of: {', '.join(self.kinds)}. Letter case counts.")


def language_map(*, required: bool = False) -> MapOf:
    """Return the field of one text in several languages (Data 4.2)."""
    return MapOf(LanguageTag(), Text(), required=required)


def extension_map() -> MapOf:
    """Return the field of what others have added: anything, under IRIs (Data 4.1)."""
    return MapOf(IRI(), None)


def _first(field: StrictField, values: Any) -> dict[Any, Complaints]:
    """Return the complaints about the first values that give cause for them, by key or index."""
    found: dict[Any, Complaints] = {}
    for key, complaints in _all(field, values):
        found[key] = complaints
        if len(found) == MOST_FAULTS:
            break
    return found


def _all(field: StrictField, values: Any) -> Iterator[tuple[Any, Complaints]]:
    for key, value in values:
        complaints = [NULL] if value is None else field.complaints(value)
        if complaints:
            yield key, complaints
