"""Programmes, targets, skill frameworks, platforms and holidays as /api takes and gives them."""

from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validate

from schemas.api.plain import END, Flag
from schemas.api.problems import complaints
from schemas.api.units import Day, LinksRowsSchema, RowSchema, RowsSchema, Text, UnitsRowsSchema
from schemas.faults import Refused
from schemas.registries.frameworks import MATCHES, Crosswalk, Framework, Level, Skill
from schemas.registries.holidays import Holiday
from schemas.registries.labels import LANGUAGES
from schemas.registries.platforms import Platform
from schemas.registries.programmes import Programme
from schemas.registries.registries import Rows
from schemas.registries.tables import List
from schemas.registries.targets import Target

_MOST: Final = 50
# A list is one cell of a file, with | between its items.
_ITEM: Final = validate.Regexp(rf"^[^|\x00-\x1f\x7f]{{1,200}}{END}", error="One line of text without |.")
_IRI: Final = validate.Regexp(rf"^[A-Za-z][A-Za-z0-9+.-]*:[^\s|]{{1,1900}}{END}", error="An IRI.")
_TOKEN: Final = validate.Regexp(rf"^[^\s|]{{1,60}}{END}", error="A code without spaces.")


def _labels() -> fields.Dict:
    return fields.Dict(
        required=True,
        keys=fields.String(validate=validate.OneOf(LANGUAGES)),
        values=Text(least=1),
        validate=validate.Length(1),
        metadata={"description": "By language: vi, en."},
    )


def _several(check: validate.Validator = _ITEM, **options: Any) -> fields.List[Any]:
    return fields.List(fields.String(validate=check), load_default=list, validate=validate.Length(max=_MOST), **options)


def _token(**options: Any) -> fields.String:
    return fields.String(validate=_TOKEN, **options)


def _maybe(**options: Any) -> fields.String:
    return fields.String(
        load_default="",
        validate=validate.Regexp(rf"^[^\s|]{{0,60}}{END}", error="A code without spaces."),
        metadata=options,
    )


def _example() -> fields.Boolean:
    return Flag(
        load_default=False,
        metadata={"description": "Not the framework's own words, only what they may look like."},
    )


class ProgrammeSchema(RowSchema):
    """A programme that training serves."""

    row = Programme

    code = fields.String(required=True, validate=_ITEM)
    labels = _labels()
    within = _several(metadata={"description": "Codes of the programmes that it is a part of."})
    aliases = _several(metadata={"description": "Other codes, names and IRIs of it."})
    issued = Day(load_default=None, allow_none=True)
    source = Text(load_default="")


class TargetSchema(RowSchema):
    """What share of whom a programme is to reach where in a year."""

    row = Target

    programme = fields.String(required=True, validate=_ITEM)
    unit = fields.String(
        required=True,
        validate=validate.Regexp(rf"^[0-9]{{2,5}}(@([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})?)?{END}"),
        metadata={"description": "A unit's key, or the code that it has on the last day of the year."},
    )
    year = fields.Integer(required=True, strict=True, validate=validate.Range(2000, 2100))
    group = _maybe(description="Target group; empty for everybody.")
    denominator = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 10**9))
    percent = fields.Float(load_default=None, allow_none=True, validate=validate.Range(0, 100))
    source = Text(required=True, least=1)


class LevelSchema(RowSchema):
    """A level; a framework lists them from the lowest."""

    row = Level

    code = _token(required=True)
    labels = _labels()
    example = _example()


class SkillSchema(RowSchema):
    """A skill or a domain of skills."""

    row = Skill

    code = _token(required=True)
    labels = _labels()
    within = _maybe(description="Code of the skill, listed before, that it is a part of.")
    example = _example()


class FrameworkSchema(RowSchema):
    """A version of a skill framework."""

    row = Framework

    code = _token(required=True)
    version = _token(required=True)
    labels = _labels()
    source = Text(load_default="")
    counts = fields.Dict(
        load_default=dict,
        keys=fields.String(validate=validate.Regexp(rf"^[a-z]{{1,40}}{END}")),
        values=fields.Integer(strict=True, validate=validate.Range(0, 10**6)),
        metadata={"description": "What its makers say it has, whether or not all of that is loaded."},
    )
    levels = fields.List(fields.Nested(LevelSchema), load_default=list)
    skills = fields.List(fields.Nested(SkillSchema), load_default=list)


class CrosswalkSchema(RowSchema):
    """A skill, a level, or a skill at a level, and what comes near it in another framework."""

    row = Crosswalk

    framework = _token(required=True)
    version = _token(required=True)
    code = _maybe()
    level = _maybe()
    to_framework = _token(required=True)
    to_version = _token(required=True)
    to_code = _maybe()
    to_level = _maybe()
    match = fields.String(required=True, validate=validate.OneOf(MATCHES))
    example = _example()


class PlatformSchema(RowSchema):
    """A digital platform that people learn to use."""

    row = Platform

    iri = fields.String(required=True, validate=_IRI)
    labels = _labels()
    aliases = _several(_IRI, metadata={"description": "Other IRIs of it."})


class HolidaySchema(RowSchema):
    """A day that does not count as a working day, beside Saturdays and Sundays."""

    row = Holiday

    day = Day(required=True)
    labels = _labels()
    source = Text(load_default="", metadata={"description": "Who declared it."})


class ProgrammesSchema(RowsSchema):
    """All programmes."""

    programmes = fields.List(fields.Nested(ProgrammeSchema), required=True)


class TargetsSchema(RowsSchema):
    """All targets."""

    targets = fields.List(fields.Nested(TargetSchema), required=True)


class FrameworksSchema(RowsSchema):
    """All skill frameworks, and crosswalks between them."""

    frameworks = fields.List(fields.Nested(FrameworkSchema), required=True)
    crosswalks = fields.List(fields.Nested(CrosswalkSchema), load_default=list)


class PlatformsSchema(RowsSchema):
    """All platforms."""

    platforms = fields.List(fields.Nested(PlatformSchema), required=True)


class HolidaysSchema(RowsSchema):
    """All holidays."""

    holidays = fields.List(fields.Nested(HolidaySchema), required=True)


SCHEMAS: Final[dict[List, type[Schema]]] = {
    "units": UnitsRowsSchema,
    "links": LinksRowsSchema,
    "programmes": ProgrammesSchema,
    "targets": TargetsSchema,
    "frameworks": FrameworksSchema,
    "platforms": PlatformsSchema,
    "holidays": HolidaysSchema,
}
"""What JSON has for each list, the other lists of its registry included."""


def rows_of(name: List, lists: Any, *, file: bool = False) -> Rows:
    """Return the rows of parsed JSON, or of a file, which has one list only; raise Refused with the way to each."""
    try:
        rows: Rows = SCHEMAS[name]().load(lists, partial=("links",) if file else ())
    except ValidationError as error:
        raise Refused(complaints(error.messages, "", "value")) from error
    return rows
