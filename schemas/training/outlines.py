"""The statement templates of the profile, and the patterns that they form."""

from collections.abc import Iterator
from typing import Any, Final

from schemas.training.concepts import Concept, extension_iri, labels, type_iri
from schemas.training.terms import BASE, CAPTURES, LEVELS, VERSION

_ADL: Final = "http://adlnet.gov/expapi/verbs/"
_VERBS: Final = {
    "satisfied": "https://w3id.org/xapi/adl/verbs/satisfied",
    "waived": "https://w3id.org/xapi/adl/verbs/waived",
    "earned": "http://id.tincanapi.com/verb/earned",
    "mentored": "http://id.tincanapi.com/verb/mentored",
    "hosted": "http://activitystrea.ms/host",
}
_COURSE: Final = "http://adlnet.gov/expapi/activities/course"
_CONFERENCE: Final = "http://id.tincanapi.com/activitytype/conference"
_SESSION: Final = "http://id.tincanapi.com/activitytype/conference-session"
_VALID_UNTIL: Final = "$.result.extensions['http://id.tincanapi.com/extension/valid-until']"
_TEAM: Final = "$.context.team | $.context.contextGroups[*].group"
_PERSONAL: Final = ("mbox", "mbox_sha1sum", "openid", "name")
_TASKS: Final = (
    (
        "public-service-done",
        "digital-public-service-task",
        "đã làm dịch vụ công trực tuyến",
        "online public service done",
    ),
    ("e-identity-done", "e-identity-task", "đã đăng ký định danh điện tử", "electronic identity registered"),
    ("cashless-payment-done", "cashless-payment-task", "đã thanh toán không tiền mặt", "cashless payment made"),
    ("e-commerce-done", "e-commerce-task", "đã mua bán trực tuyến", "e-commerce done"),
    ("digital-platform-used", "digital-platform-task", "đã dùng nền tảng số", "digital platform used"),
)


def _rule(location: str, presence: str, **values: list[Any]) -> Concept:
    return {"location": location, "presence": presence, **values}


def _in_context(name: str, presence: str = "included") -> Concept:
    return _rule(f"$.context.extensions['{extension_iri(name)}']", presence)


def _in_result(name: str, presence: str = "included") -> Concept:
    return _rule(f"$.result.extensions['{extension_iri(name)}']", presence)


# Who is known by an account only, and by nothing that tells more.
_COMMON: Final = (
    _rule("$.context.contextActivities.category[*].id", "included", any=[VERSION]),
    _rule("$.context.registration", "included"),
    _in_context("admin-unit"),
    _rule("$.timestamp", "included"),
    _rule("$.actor.account.name", "included"),
    *(_rule(f"$.actor.{name}", "excluded") for name in _PERSONAL),
)
_DURATION: Final = _rule("$.result.duration", "included")
_IS_GROUP: Final = _rule("$.actor.objectType", "included", all=["Group"])
_NO_ANSWER: Final = _rule("$.result.response", "excluded")


def template_iri(name: str) -> str:
    """Return the IRI of a template."""
    return f"{BASE}/templates/{name}"


def _template(name: str, verb: str, type_: str | None, vi: str, en: str, *rules: Concept, **more: Any) -> Concept:
    """Return a template; its definition says in both languages what its name does, and where it is for."""
    told = {"id": template_iri(name), "type": "StatementTemplate", "inScheme": VERSION}
    told |= labels(vi, f"Statement cho biết: {vi}.", en, f"A statement that says: {en}.")
    told["verb"] = _VERBS.get(verb, f"{_ADL}{verb}")
    if type_ is not None:
        told["objectActivityType"] = type_ if ":" in type_ else type_iri(type_)
    return told | more | {"rules": [*_COMMON, *rules]}


def templates() -> Iterator[Concept]:
    """Yield the templates."""
    yield from _classes()
    yield from _skills()
    yield from _support()
    yield from _placements()
    yield from _events()


def _classes() -> Iterator[Concept]:
    yield _template(
        "conference-attended", "attended", _SESSION, "đã dự phiên hội nghị", "attended a session of a conference",
        _in_context("target-group"), _in_context("delivery-mode"), contextParentActivityType=[_CONFERENCE],
    )  # fmt: skip
    yield _template(
        "class-registered", "registered", "community-class", "đã ghi danh lớp học", "registered for a class"
    )
    yield _template(
        "class-attended", "attended", "community-class", "đã dự buổi học", "attended a class",
        _in_context("age-band", "recommended"), _in_context("target-group", "recommended"),
    )  # fmt: skip
    yield _template("class-completed", "completed", "community-class", "đã học xong lớp", "completed a class")


def _skills() -> Iterator[Concept]:
    score = _rule("$.result.score.scaled", "included")
    for name, vi, en, success in (
        ("passed", "đạt kỹ năng", "passed the assessment of a skill", True),
        ("failed", "chưa đạt kỹ năng", "failed the assessment of a skill", False),
    ):
        told = _rule("$.result.success", "recommended", all=[success])
        yield _template(f"skill-{name}", name, "skill", vi, en, score, told, _in_context("skill"))
    yield _template(
        "skill-confirmed", "earned", "skill-confirmation", "được xác nhận kỹ năng", "earned a confirmation of skills",
        _in_context("skill", "recommended"), _rule(_VALID_UNTIL, "recommended"),
    )  # fmt: skip
    yield _template(
        "skill-waived", "waived", "skill", "được công nhận kỹ năng không qua lớp học",
        "had a skill confirmed without a course", _in_context("skill"),
    )  # fmt: skip


def _support() -> Iterator[Concept]:
    yield _template(
        "support-received", "attended", "support-session", "đã được hỗ trợ", "received support",
        _rule(_TEAM, "included"), _in_result("assisted"),
    )  # fmt: skip
    yield _template(
        "support-hosted", "hosted", "support-session", "đã hỗ trợ người dân", "gave support",
        _rule(_TEAM, "recommended"), _DURATION,
    )  # fmt: skip
    yield _template(
        "mentored-person", "mentored", None, "đã kèm cặp một người", "mentored a person",
        _rule("$.object.objectType", "included", all=["Agent"]), _rule("$.object.account.name", "included"),
        *(_rule(f"$.object.{name}", "excluded") for name in _PERSONAL),
    )  # fmt: skip
    special = {
        "e-identity-task": _in_result("identity-level", "recommended") | {"all": [int(level) for level in LEVELS]},
        "digital-platform-task": _rule("$.context.platform", "recommended"),
    }
    for name, type_, vi, en in _TASKS:
        own = [special[type_]] if type_ in special else []
        yield _template(name, "completed", type_, vi, en, _in_result("assisted"), _NO_ANSWER, *own)


def _placements() -> Iterator[Concept]:
    host = _in_context("organisation")
    yield _template(
        "lab-visited", "attended", "lab-visit", "đã tham quan phòng thí nghiệm", "visited a laboratory",
        _in_context("organisation", "recommended"),
    )  # fmt: skip
    yield _template(
        "internship-registered", "registered", "internship", "đã nhận thực tập", "began an internship", host
    )
    yield _template(
        "internship-progressed", "progressed", "internship", "đã thực tập thêm giờ", "spent hours of an internship",
        host, _DURATION,
    )  # fmt: skip
    yield _template(
        "internship-completed", "completed", "internship", "đã hoàn thành thực tập", "completed an internship",
        host, _DURATION | {"presence": "recommended"},
    )  # fmt: skip


def _events() -> Iterator[Concept]:
    yield _template(
        "outreach-hosted", "hosted", "outreach-event", "đã tổ chức hoạt động tuyên truyền", "held an outreach event",
        _IS_GROUP, _in_result("headcount"), _rule("$.actor.member", "excluded"),
    )  # fmt: skip
    yield _template(
        "booth-experienced", "experienced", "outreach-event", "đã trải nghiệm tại gian", "tried something at a booth"
    )
    for name, verb, vi, en in (
        ("emulation-registered", "registered", "đã đăng ký danh hiệu thi đua", "strives for an emulation title"),
        ("emulation-earned", "earned", "được công nhận danh hiệu thi đua", "was awarded an emulation title"),
    ):
        yield _template(name, verb, "emulation-title", vi, en, _IS_GROUP)
    yield _template(
        "survey-responded", "responded", "follow-up-survey", "đã trả lời khảo sát", "answered a follow-up survey",
        _NO_ANSWER, contextStatementRefTemplate=[template_iri("class-completed"), template_iri("support-received")],
    )  # fmt: skip
    yield _template(
        "imported-completion", "completed", _COURSE, "đã học xong theo danh sách nhập", "completed, by a list",
        _rule("$.context.platform", "included"),
        _rule(f"$.context.extensions['{extension_iri('capture')}'].mode", "included", all=[CAPTURES[2]]),
    )  # fmt: skip


def _pattern(name: str, **form: str | list[str]) -> Concept:
    return {"id": f"{BASE}/patterns/{name}", "type": "Pattern", "inScheme": VERSION, "primary": False, **form}


def _primary(pattern: Concept, *texts: str) -> Concept:
    return pattern | {"primary": True, **labels(*texts)}


def patterns() -> Iterator[Concept]:
    """Yield the patterns: statements of one registration, in order of their timestamps."""

    def of(name: str) -> str:
        return f"{BASE}/patterns/{name}"

    tasks = [template_iri(name) for name, *_ in _TASKS]
    yield _pattern("class-registered-or-not", optional=template_iri("class-registered"))
    yield _pattern("class-attended-once-or-more", oneOrMore=template_iri("class-attended"))
    yield _pattern("class-completed-or-not", optional=template_iri("class-completed"))
    yield _pattern("skill-assessed", alternates=[template_iri("skill-passed"), template_iri("skill-failed")])
    yield _pattern("skills-assessed", zeroOrMore=of("skill-assessed"))
    yield _pattern("skill-confirmed-or-not", optional=template_iri("skill-confirmed"))
    yield _pattern("task-done", alternates=tasks)
    yield _pattern("tasks-done", zeroOrMore=of("task-done"))
    yield _pattern("service-given", alternates=[template_iri("support-hosted"), template_iri("mentored-person")])
    yield _pattern("internship-hours", zeroOrMore=template_iri("internship-progressed"))
    yield _primary(
        _pattern("community-learning", sequence=[
            of("class-registered-or-not"), of("class-attended-once-or-more"), of("class-completed-or-not"),
            of("skills-assessed"), of("skill-confirmed-or-not"),
        ]),
        "học cộng đồng", "Từ ghi danh đến xác nhận kỹ năng của một người trong một lớp.",
        "community learning", "From registration to the confirmation of skills, of one person in one class.",
    )  # fmt: skip
    yield _primary(
        _pattern("hands-on-support", sequence=[template_iri("support-received"), of("tasks-done")]),
        "cầm tay chỉ việc", "Một lần hỗ trợ và những việc đã làm được; mỗi lần một mã ghi danh (registration).",
        "hands-on support", "One visit and what was done in it; one registration a visit.",
    )  # fmt: skip
    yield _primary(
        _pattern("service", oneOrMore=of("service-given")),
        "phục vụ cộng đồng", "Những lần hỗ trợ của một người hoặc tổ, với mã ghi danh riêng của bên hỗ trợ.",
        "service", "Support given by a person or team, under the helper's own registration.",
    )  # fmt: skip
    yield _primary(
        _pattern("internship", sequence=[
            template_iri("internship-registered"), of("internship-hours"), template_iri("internship-completed"),
        ]),
        "thực tập", "Từ khi nhận đến khi hoàn thành thực tập.",
        "internship", "An internship from its beginning to its completion.",
    )  # fmt: skip
    yield _primary(
        _pattern("conference", oneOrMore=template_iri("conference-attended")),
        "hội nghị", "Các phiên mà một người đã dự.",
        "conference", "The sessions that one person attended.",
    )  # fmt: skip
    alone = (
        "outreach-hosted", "booth-experienced", "lab-visited", "emulation-registered", "emulation-earned",
        "survey-responded", "imported-completion", "skill-waived",
    )  # fmt: skip
    yield _primary(
        _pattern("single-event", alternates=[*map(template_iri, alone), of("task-done")]),
        "việc riêng lẻ", "Một statement đứng một mình.",
        "single event", "One statement that stands alone.",
    )  # fmt: skip
