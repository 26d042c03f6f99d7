"""What the reports take and tell."""

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import RAISE, Schema, fields, validate, validates_schema
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
_REASONS: Final = ("small", "complement")


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


def _number(description: str) -> fields.Integer:
    return fields.Integer(allow_none=True, metadata={"description": description})


def _reason() -> fields.String:
    return fields.String(
        allow_none=True,
        validate=validate.OneOf([*_REASONS, None]),
        metadata={"description": "Why it is hidden: few people, or it would tell of few elsewhere."},
    )


class _PlaceSchema(Schema):
    """A unit of the day, or the label of what has no place on it, such as `26449 → 26359/26446`."""

    key = fields.String(required=True, allow_none=True)
    code = fields.String(required=True, allow_none=True)
    name = fields.String(required=True)


class _NamedSchema(Schema):
    """Something with a code; the label is null where no registry has it."""

    code = fields.String(required=True)
    version = fields.String()
    label = fields.String(required=True, allow_none=True)
    registered = fields.Boolean()


class _PlatformSchema(Schema):
    """A platform; `unregistered` where no registry has it."""

    iri = fields.String(required=True, allow_none=True)
    label = fields.String(required=True)
    registered = fields.Boolean(required=True)


class _AgainstSchema(Schema):
    """A target."""

    denominator = fields.Integer(required=True, allow_none=True)
    percent = fields.Float(required=True, allow_none=True)
    year = fields.Integer(required=True)
    source = fields.String(required=True)


class _CrosswalkSchema(Schema):
    """What comes near a skill or a level in another framework."""

    framework = fields.String(required=True)
    version = fields.String(required=True)
    code = fields.String(required=True, allow_none=True)
    level = fields.String(required=True, allow_none=True)
    match = fields.String(required=True, validate=validate.OneOf(["exact", "approximate"]))


def _without() -> fields.List[Any]:
    told = {
        "description": "With `sharing=all`: organisations that do not tell all of it; the figure is then the least that"
        " it can be."
    }
    return fields.List(fields.String(), metadata=told)


class SourceSchema(Schema):
    """An organisation whose figures are in an answer."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    agreement = fields.String(
        required=True, allow_none=True, metadata={"description": "By which it shares; null: the own organisation."}
    )
    k = fields.Integer(required=True, metadata={"description": "People that its figures count at least."})


class _SharedSchema(Schema):
    """What is told of figures of several organisations, with `sharing=all`."""

    distinct = fields.String(
        validate=validate.Equal("per organisation"),
        metadata={"description": "People of two organisations cannot be told to be the same: each counts its own."},
    )
    organisations = fields.List(fields.Nested(SourceSchema))


class LineSchema(Schema):
    """A line of a report: what it is about, as far as it was broken down, and its figures, as far as it has them."""

    unit = fields.Nested(_PlaceSchema)
    programme = fields.Nested(_NamedSchema)
    group = fields.String()
    band = fields.String()
    kind = fields.String()
    type = fields.String()
    mode = fields.String()
    month = fields.String()
    quarter = fields.String()
    year = fields.String()
    team = fields.String()
    hamlet = fields.String()
    learner = fields.String(metadata={"description": "The number of a learner."})
    expert = fields.String()
    procedure = fields.String()
    assisted = fields.String()
    platform = fields.Nested(_PlatformSchema)
    framework = fields.Nested(_NamedSchema)
    skill = fields.Nested(_NamedSchema)
    level = fields.Raw(metadata={"description": "A level of an electronic identity, or of a framework."})
    rank = fields.Integer()
    learners = _number("Different people.")
    suppressed = fields.Boolean(metadata={"description": "True where the number of people is hidden."})
    reason = _reason()
    shown = fields.String(metadata={"description": "The number of people as it is to be written: `<10` where few."})
    statements = _number("Statements that count here.")
    seconds = _number("The time that they tell, of each person in them.")
    hours = fields.Float(
        allow_none=True, metadata={"description": "Person-hours; in the report on experts those of sessions."}
    )
    hoursTold = fields.Float(  # noqa: N815 - as it is told
        metadata={"description": "The sum of what sessions tell, of this person, overlapping or not."}
    )
    overlapping = fields.Integer(
        metadata={"description": "Sessions of this person at the same time as others: these hours count once."}
    )
    percent = fields.Float(allow_none=True, metadata={"description": "Of the people that the target names."})
    target = fields.Nested(_AgainstSchema, allow_none=True)
    teams = fields.Integer()
    sessions = _number("Sessions that were attended, or taught.")
    hosted = _number("Sessions that members told of themselves.")
    members = fields.Integer()
    memberIds = fields.List(fields.String())  # noqa: N815 - as it is told
    experts = fields.Integer()
    heads = _number("People who were only counted; never added to those who are known.")
    headsSuppressed = fields.Boolean()  # noqa: N815 - as above
    headsReason = _reason()  # noqa: N815 - as above
    events = _number("Events with a head-count.")
    organisations = _number("Organisations reached.")
    organisationsSuppressed = fields.Boolean()  # noqa: N815 - as above
    organisationsReason = _reason()  # noqa: N815 - as above
    state = fields.String(validate=validate.OneOf([*STATES, AWAITING]))
    organisation = fields.String(metadata={"description": "The code of a host."})
    placements = _number("Placements; one person may have several.")
    hosts = _number("Different hosts.")
    newJob = _number("Of those who answered, people with a new job.")  # noqa: N815 - as above
    newJobPercent = fields.Float(allow_none=True)  # noqa: N815 - as above
    newJobSuppressed = fields.Boolean()  # noqa: N815 - as above
    newJobReason = _reason()  # noqa: N815 - as above
    skillUse = _number("Of those who answered, people who use what they have learned.")  # noqa: N815 - as above
    skillUsePercent = fields.Float(allow_none=True)  # noqa: N815 - as above
    skillUseSuppressed = fields.Boolean()  # noqa: N815 - as above
    skillUseReason = _reason()  # noqa: N815 - as above
    crosswalks = fields.List(fields.Nested(_CrosswalkSchema))
    before = _number("Different people in the period before.")
    growth = _number("How many more.")
    percentBefore = fields.Float(allow_none=True)  # noqa: N815 - as above
    percentGrowth = fields.Float(allow_none=True)  # noqa: N815 - as above
    ranked = fields.Integer()
    unranked = fields.Integer()
    without = _without()


class ReportSchema(_SharedSchema):
    """A report."""

    report = fields.String(required=True)
    asOf = fields.Date(required=True, metadata={"description": "The day whose units are shown."})  # noqa: N815 - as above
    through = fields.String(
        required=True,
        metadata={"format": "date-time", "description": "Everything stored up to this instant is counted."},
    )
    rebuilding = fields.Boolean(
        required=True, metadata={"description": "Records are made anew, and there is less in the figures than before."}
    )
    k = fields.Integer(
        required=True, metadata={"description": "People that a figure counts at least to be told; 1 is everything."}
    )
    by = fields.List(fields.String(), required=True)
    first = fields.String(required=True, allow_none=True, data_key="from")
    last = fields.String(required=True, allow_none=True, data_key="to")
    rows = fields.List(fields.Nested(LineSchema), required=True)
    totals = fields.Nested(LineSchema, required=True)
    unranked = fields.List(fields.Nested(_PlaceSchema))


class IndicatorSchema(Schema):
    """One figure for machines."""

    indicator = fields.String(required=True)
    period = fields.String(required=True)
    unit = fields.String(required=True, allow_none=True)
    unitAsOf = fields.String(required=True, allow_none=True)  # noqa: N815 - as above
    unitName = fields.String(required=True)  # noqa: N815 - as above
    programme = fields.String(required=True)
    group = fields.String(required=True)
    value = _number("Different people.")
    denominator = fields.Integer(required=True, allow_none=True)
    percent = fields.Float(required=True, allow_none=True)
    suppressed = fields.Boolean(required=True)
    reason = _reason()
    without = _without()


class IndicatorsSchema(_SharedSchema):
    """Figures of a period, in a stable order."""

    asOf = fields.String(required=True)  # noqa: N815 - as above
    k = fields.Integer(required=True)
    period = fields.String(required=True)
    rows = fields.List(fields.Nested(IndicatorSchema), required=True)
