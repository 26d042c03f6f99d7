"""What the reports take."""

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import RAISE, fields, validate, validates_schema
from marshmallow.exceptions import ValidationError

from schemas.api.plain import END
from schemas.api.units import Day, FormatQuerySchema
from schemas.training.records import AWAITING, STATES
from schemas.training.terms import AGE_BANDS, ASSISTED, GROUPS, LEVELS, UNKNOWN

MEASURES: Final = ("trained", "registered", "completed", "passed")
_PERIODS: Final = ("month", "quarter", "year")
_MONTH: Final = rf"^[0-9]{{4}}-(0[1-9]|1[0-2]){END}"
_PERIOD: Final = rf"^[0-9]{{4}}(-(0[1-9]|1[0-2])|-Q[1-4])?{END}"
_TEXT: Final = validate.Length(1, 2000)


class _By(fields.String):
    """Names with commas between them, each once; at most one length of time."""

    def __init__(self, *names: str, **options: Any) -> None:
        self._names = names
        told = {
            "description": f"What to break it down by, with commas between: {', '.join(names)}.",
            "example": names[0],
        }
        one = "|".join(names)
        pattern = validate.Regexp(rf"^(({one})(,({one}))*)?{END}", error=f"Must be some of {', '.join(names)}.")
        super().__init__(load_default=(), validate=pattern, metadata=told, **options)

    def deserialize(
        self, value: Any, attr: str | None = None, data: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> Any:
        """Return the names as a tuple."""
        found = super().deserialize(value, attr, data, **kwargs)
        names = tuple(filter(None, found.split(","))) if isinstance(found, str) else found
        if len(set(names)) < len(names) or len(set(names) & set(_PERIODS)) > 1:
            raise ValidationError("Each at most once, and one of month, quarter and year.")
        return names


def _month(description: str) -> fields.String:
    return fields.String(
        data_key=description.partition(" ")[0],
        load_default="",
        validate=validate.Regexp(_MONTH, error="This must be a month such as 2025-07."),
        metadata={"description": description.partition(" ")[2], "example": "2025-07"},
    )


def _sharing() -> fields.String:
    told = {
        "description": "all: of the own organisation and of all that share figures with it by agreement; each tells"
        " what it tells those who may not see its records, and people of two organisations are counted in each."
    }
    return fields.String(load_default="own", validate=validate.OneOf(["own", "all"]), metadata=told)


class ReportQuerySchema(FormatQuerySchema):
    """What all reports take."""

    class Meta:
        """Nothing passes that is not named."""

        unknown = RAISE

    first = _month(
        "from The first month. Without `records/read` the months make up one month, quarter or year, or everything."
    )
    last = _month("to The last month.")
    unit = fields.String(
        validate=validate.Regexp(rf"^[0-9]{{2,5}}(@([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})?)?{END}"),
        metadata={"description": "A unit's key, or the code that it has on the day `as_of`.", "example": "26209"},
    )
    programme = fields.String(
        validate=_TEXT,
        metadata={"description": "Code or another name of a programme; its parts count, too.", "example": "192"},
    )
    as_of = Day(description="The day whose units are shown; today without.")
    sharing = _sharing()

    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("first") and data.get("last") and data["first"] > data["last"]:
            raise ValidationError("Must not be before `from`.", "to")


def _one_of(*words: str) -> fields.String:
    return fields.String(validate=validate.OneOf(words))


def _measure(*words: str) -> fields.String:
    return fields.String(load_default=words[0], validate=validate.OneOf(words))


def _group() -> fields.String:
    return _one_of(*GROUPS, UNKNOWN)


class CoverageQuerySchema(ReportQuerySchema):
    """What is asked of the report on coverage."""

    by = _By("unit", "programme", "group", "band", "kind", "type", "mode", *_PERIODS)
    measure = _measure(*MEASURES)
    group = _group()
    band = _one_of(*AGE_BANDS)
    kind = _one_of("credential", "learning", "support", "task")
    type = fields.String(validate=_TEXT)
    mode = fields.String(validate=_TEXT)


class HoursQuerySchema(ReportQuerySchema):
    """What is asked of the report on hours of service."""

    by = _By("unit", "programme", "group", "band", "team", "learner", *_PERIODS)
    group = _group()
    band = _one_of(*AGE_BANDS)
    team = fields.String(validate=_TEXT)


class TeamsQuerySchema(ReportQuerySchema):
    """What is asked of the report on teams."""

    class Meta:
        """Sessions of teams are of no programme."""

        unknown = RAISE
        exclude = ("programme",)

    by = _By("team", "unit", "hamlet", *_PERIODS)
    team = fields.String(validate=_TEXT)
    hamlet = fields.String(validate=_TEXT)


class SkillsQuerySchema(ReportQuerySchema):
    """What is asked of the report on skills."""

    by = _By("unit", "programme", "framework", "skill", "level", *_PERIODS)
    measure = _measure("passed", "assessed")
    framework = fields.String(
        validate=_TEXT, metadata={"description": "Code of a framework that has one version here.", "example": "757"}
    )


class ReachQuerySchema(ReportQuerySchema):
    """What is asked of the report on reach."""

    by = _By("unit", "programme", "band", *_PERIODS)
    band = _one_of(*AGE_BANDS)


class TasksQuerySchema(ReportQuerySchema):
    """What is asked of the report on tasks."""

    by = _By("unit", "programme", "group", "type", "procedure", "level", "assisted", "platform", *_PERIODS)
    group = _group()
    type = fields.String(validate=_TEXT)
    procedure = fields.String(validate=_TEXT)
    level = _one_of(*LEVELS, UNKNOWN)
    assisted = _one_of(*ASSISTED, UNKNOWN)
    platform = fields.String(validate=_TEXT)


class ExpertsQuerySchema(ReportQuerySchema):
    """What is asked of the report on experts."""

    by = _By("expert", "unit", "programme", *_PERIODS)


class BusinessesQuerySchema(ReportQuerySchema):
    """What is asked of the report on businesses."""

    by = _By("unit", "programme", "type", *_PERIODS)
    type = fields.String(validate=_TEXT)


class OutcomesQuerySchema(ReportQuerySchema):
    """What is asked of the report on outcomes."""

    by = _By("unit", "programme", *_PERIODS)


class PlacementsQuerySchema(ReportQuerySchema):
    """What is asked of the report on placements."""

    by = _By("unit", "programme", "group", "state", "type", "organisation", *_PERIODS)
    group = _group()
    state = _one_of(*STATES, AWAITING)
    type = fields.String(validate=_TEXT)
    organisation = fields.String(validate=_TEXT, metadata={"description": "The code of a host."})


class RankingQuerySchema(ReportQuerySchema):
    """What is asked of the ranking of units."""

    class Meta:
        """All units are ranked, of one organisation."""

        unknown = RAISE
        exclude = ("sharing", "unit")

    measure = _measure(*MEASURES)
    group = _group()
    compared_first = _month("compared_from The first month of the period before.")
    compared_last = _month("compared_to The last month of the period before.")
    least = fields.Float(
        load_default=0.0,
        allow_nan=False,
        validate=validate.Range(-(10**9), 10**9),
        metadata={"description": "The growth that a unit needs to be ranked."},
    )


class IndicatorsQuerySchema(FormatQuerySchema):
    """Which figures are fetched."""

    period = fields.String(
        required=True,
        validate=validate.Regexp(_PERIOD, error="A month, a quarter or a year: 2026-08, 2026-Q3, 2026."),
        metadata={"example": "2026-08"},
    )
    measure = _measure(*MEASURES)
    sharing = _sharing()
