"""Fields that several sections of /api share."""

import json
from collections.abc import Mapping
from typing import Any, Final

from marshmallow import RAISE, Schema, fields, validate
from marshmallow.exceptions import ValidationError

from schemas.xapi.timestamps import iso, microseconds

MOST_NAMED: Final = 200
"""Characters of what people call something."""
MOST_LISTED: Final = 100
MOST_EMAIL: Final = 254
END: Final = r"$(?!\n)"
"""The end of a text, in patterns that Python and readers of OpenAPI take alike."""
_LAST: Final = 253402300799_000000  # the end of the year 9999, after which instants cannot be written


class Strict(Schema):
    """Takes nothing that is not named."""

    class Meta:
        """Nothing passes that is not named."""

        unknown = RAISE


class Flag(fields.Boolean):
    """True or false, and none of the words and numbers that are taken for them elsewhere."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> bool:
        del attr, data
        if value is True or value is False:
            return value
        raise self.make_error("invalid", input=value)


def email(**options: str) -> fields.Email:
    """Return the field of an e-mail; letters of either case are the same."""
    return fields.Email(required=True, validate=validate.Length(max=MOST_EMAIL), metadata=options)


class Name(fields.String):
    """What people call something: one line of text."""

    def __init__(self, *, least: int = 0, **options: Any) -> None:
        fits = (
            validate.Length(least, MOST_NAMED),
            validate.Regexp(rf"^[^\x00-\x1f\x7f]*{END}", error="One line of text."),
        )
        super().__init__(validate=fits, **options)


class SetOf(fields.List[Any]):
    """An array whose order means nothing: a frozenset inside, sorted outside."""

    def __init__(self, inner: fields.Field[Any], **options: Any) -> None:
        super().__init__(inner, validate=validate.Length(max=MOST_LISTED), **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **options: Any) -> list[Any] | None:
        return super()._serialize(sorted(value), attr, obj, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> Any:
        return frozenset(super()._deserialize(value, attr, data, **options))


class Written(fields.Field[Any]):
    """JSON as it was written: bytes inside, the value outside."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **_: Any) -> Any:
        del attr, obj
        return json.loads(value)


class Instant(fields.Field[int]):
    """A timestamp of xAPI 2.0 (RFC 3339): microseconds since the epoch inside."""

    def __init__(self, *, description: str | None = None, **options: Any) -> None:
        told = {"type": "string", "format": "date-time"} | ({"description": description} if description else {})
        super().__init__(metadata=told, **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **_: Any) -> str | None:
        del attr, obj
        return None if value is None else iso(value)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> int:
        del attr, data
        try:
            instant = microseconds(value, "2.0.0")
        except (TypeError, ValueError) as error:
            raise ValidationError("This must be a timestamp such as 2027-01-31T00:00:00Z.") from error
        if not 0 <= instant <= _LAST:
            raise ValidationError("This must lie between the years 1970 and 9999.")
        return instant
