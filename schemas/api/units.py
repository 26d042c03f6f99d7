"""Administrative units as /api takes and gives them."""

import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Final

import msgspec
from marshmallow import RAISE, Schema, fields, post_load, validate, validates_schema
from marshmallow.exceptions import ValidationError

from schemas.api.plain import END, Instant, Name, Strict
from schemas.registries.registries import Rows
from schemas.registries.unit_rows import EXTENTS, KINDS, Link, Unit

MOST_PAGE: Final = 1000
MOST_TOGETHER: Final = 10_000
_CODE: Final = validate.Regexp(rf"^[0-9]{{2,5}}{END}", error="Digits, as text, with the zeros in front.")
_ISO: Final = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{END}"
_NO_DAY: Final = "This must be a day such as 2025-07-01."


class Text(Name):
    """One line of text, composed (NFC)."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> Any:
        return unicodedata.normalize("NFC", super()._deserialize(value, attr, data, **options)).strip()


class Day(fields.Field[date]):
    """A day, ``2025-07-01``."""

    def __init__(self, *, description: str | None = None, **options: Any) -> None:
        told = {"type": "string", "format": "date"} | ({"description": description} if description else {})
        super().__init__(metadata=told, **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **_: Any) -> str | None:
        del attr, obj
        return None if value is None else f"{value}"

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> date:
        del attr, data
        try:
            validate.Regexp(_ISO, error=_NO_DAY)(value)
            return date.fromisoformat(value)
        except (TypeError, ValueError) as error:
            raise ValidationError(_NO_DAY) from error


class RowSchema(Schema):
    """A row of a registry; becomes a ``row`` when it is loaded."""

    row: ClassVar[type[msgspec.Struct]]

    class Meta:
        """Nothing passes that is not named."""

        unknown = RAISE

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> msgspec.Struct:
        return self.row(**{name: tuple(value) if isinstance(value, list) else value for name, value in data.items()})


class RowsSchema(Strict):
    """All rows of a registry; become Rows when they are loaded."""

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Rows:
        return Rows(**{name: tuple(value) for name, value in data.items()})


def _code(description: str, **options: Any) -> fields.String:
    return fields.String(validate=_CODE, metadata={"description": description}, **options)


class UnitSchema(RowSchema):
    """A unit from one day to another."""

    row = Unit

    key = fields.String(
        metadata={"description": "Code and first day, which name it for ever; ignored when it is sent."}
    )
    code = _code("Codes are used again: with a day they name a unit.", required=True)
    name = Text(required=True, least=1)
    kind = fields.String(required=True, validate=validate.OneOf(list(KINDS)))
    parent = fields.String(
        load_default="",
        validate=validate.Regexp(rf"^([0-9]{{2,5}})?{END}"),
        metadata={"description": "Code of the unit around it."},
    )
    within = Text(load_default="", metadata={"description": "Where it lies, if that is no unit of the registry."})
    valid_from = Day(load_default=None, allow_none=True, description="Its first day; null where that is not known.")
    valid_to = Day(load_default=None, allow_none=True, description="The first day on which it is no more, or null.")

    @validates_schema(skip_on_field_errors=True)
    def _as_long_as_its_kind(self, data: dict[str, Any], **_: Any) -> None:
        if len(data["code"]) != (width := KINDS[data["kind"]]):
            raise ValidationError(f"A {data['kind']} has a code of {width} digits.", "code")

    @post_load
    def _made(self, data: dict[str, Any], **options: Any) -> msgspec.Struct:
        del options
        data.pop("key", None)
        return Unit(**data)


class UnitLinkSchema(RowSchema):
    """What became of a unit on the day it ended."""

    row = Link

    old_code = _code("The code of the unit that ended that day.", required=True)
    new_code = _code("The code of the unit that began that day.", required=True)
    extent = fields.String(required=True, validate=validate.OneOf(EXTENTS))
    effective = Day(required=True)


class UnitsRowsSchema(RowsSchema):
    """All units and links."""

    units = fields.List(fields.Nested(UnitSchema), required=True)
    links = fields.List(fields.Nested(UnitLinkSchema), required=True)


class LinksRowsSchema(RowsSchema):
    """All links."""

    links = fields.List(fields.Nested(UnitLinkSchema), required=True)


class FormatQuerySchema(Strict):
    """How to answer."""

    format = fields.String(
        validate=validate.OneOf(["json", "csv"]),
        metadata={"description": "csv is a file for spreadsheets, always whole; else Accept says it."},
    )


class UnitQuerySchema(Strict):
    """On which day."""

    at = Day(description="A day; today if there is none.")


class UnitsQuerySchema(FormatQuerySchema):
    """Which units."""

    at = fields.String(
        validate=validate.Regexp(rf"^(all|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}){END}"),
        metadata={"description": "The units of a day, of all times with all; of today if there is none."},
    )
    q = fields.String(
        load_default="",
        validate=validate.Length(max=100),
        metadata={"description": "Words of the name, the last one may be unfinished; or how the code begins."},
    )
    sort = fields.String(load_default="code", validate=validate.OneOf(["code", "name"]))
    parent = fields.String(validate=_CODE)
    kind = fields.String(validate=validate.OneOf(list(KINDS)))
    limit = fields.Integer(load_default=100, validate=validate.Range(1, MOST_PAGE))
    cursor = fields.String(
        load_default="", validate=validate.Length(max=2000), metadata={"description": "`next` of the page before."}
    )


class UnitsSchema(Schema):
    """A page of units."""

    at = Day(required=True, allow_none=True)
    units = fields.List(fields.Nested(UnitSchema), required=True)
    next = fields.String(
        required=True, allow_none=True, metadata={"description": "What `cursor` has to be for the next page."}
    )


class UnitLinksSchema(Schema):
    """All links."""

    links = fields.List(fields.Nested(UnitLinkSchema), required=True)


class NeighbourSchema(Schema):
    """A unit before or after another."""

    key = fields.String(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    extent = fields.String(required=True, validate=validate.OneOf(EXTENTS))
    effective = Day(required=True)


class OneUnitSchema(UnitSchema):
    """A unit with what it was made of and what became of it."""

    before = fields.List(fields.Nested(NeighbourSchema), required=True)
    after = fields.List(fields.Nested(NeighbourSchema), required=True)


class ReplacedSchema(Schema):
    """What a registry is after it was replaced."""

    version = fields.Integer(required=True, metadata={"description": "How often it was replaced."})
    changed = fields.Boolean(required=True, metadata={"description": "False where it was the same before."})
    rows = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)


_RECORD: Final = fields.String(
    validate=validate.Regexp(rf"^[0-9a-f]{{32}}{END}", error="This must be the id of a record: 32 digits, 0-9 and a-f.")
)
_LEARNER: Final = fields.String(
    validate=validate.Regexp(rf"^[1-9][0-9]{{0,9}}{END}", error="This must be a learner's number, as text.")
)


class NewAssignmentSchema(Strict):
    """A decision on which successor of a split unit something belongs to."""

    unit = fields.String(
        required=True,
        validate=validate.Length(3, 20),
        metadata={"description": "The split unit: its key, or code@day with any day of it."},
    )
    to = fields.String(
        required=True,
        allow_none=True,
        validate=validate.Length(3, 20),
        metadata={"description": "The successor, likewise; null takes earlier decisions back."},
    )
    records = fields.List(_RECORD, load_default=list, validate=validate.Length(max=MOST_TOGETHER))
    learners = fields.List(_LEARNER, load_default=list, validate=validate.Length(max=MOST_TOGETHER))
    reason = Text(required=True, least=1)


class AssignmentSchema(NewAssignmentSchema):
    """A decision that was made."""

    id = fields.String(required=True)
    records = fields.List(fields.String(), required=True)
    learners = fields.List(fields.String(), required=True)
    decided = Instant(required=True)
    by = fields.String(required=True, metadata={"description": "The credential that decided."})


class AssignmentsQuerySchema(Strict):
    """Which decisions."""

    limit = fields.Integer(load_default=100, validate=validate.Range(1, 100))
    cursor = fields.String(
        load_default="",
        validate=validate.Regexp(rf"^([0-9a-f]{{24}})?{END}"),
        metadata={"description": "`next` of the page before."},
    )


class AssignmentsSchema(Schema):
    """A page of decisions, the first one first."""

    assignments = fields.List(fields.Nested(AssignmentSchema), required=True)
    next = fields.String(required=True, allow_none=True)
