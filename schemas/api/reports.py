"""What the reports tell."""

from typing import Any, Final

from marshmallow import Schema, fields, validate

from schemas.training.records import AWAITING, STATES

_REASONS: Final = ("small", "complement")


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
