"""How what happened is told in xAPI."""

from typing import Any, Final
from urllib.parse import quote

from schemas.demo.events import Event, Voiding
from schemas.training.terms import BASE, PROGRAMMES, VERSION

SITE: Final = "https://demo.example.vn"
ACCOUNTS: Final = f"{SITE}/accounts"
"""The home page of everybody's account."""
LMS: Final = f"{SITE}/moodle"
FOREIGN: Final = f"{SITE}/other-tool"

_ADL: Final = "http://adlnet.gov/expapi"
_VERBS: Final = {
    "satisfied": "https://w3id.org/xapi/adl/verbs/satisfied",
    "waived": "https://w3id.org/xapi/adl/verbs/waived",
    "earned": "http://id.tincanapi.com/verb/earned",
    "mentored": "http://id.tincanapi.com/verb/mentored",
    "hosted": "http://activitystrea.ms/host",
}
_TYPES: Final = {
    "course": f"{_ADL}/activities/course",
    "assessment": f"{_ADL}/activities/assessment",
    "conference": "http://id.tincanapi.com/activitytype/conference",
    "conference-session": "http://id.tincanapi.com/activitytype/conference-session",
}
_OF_MOODLE: Final = {
    "": "http://id.tincanapi.com/verb/viewed",
    "registered": "http://www.tincanapi.co.uk/verbs/enrolled_onto_learning_plan",
    "passed": f"{_ADL}/verbs/scored",
    "failed": f"{_ADL}/verbs/scored",
}
_FOREIGN_VERB: Final = f"{FOREIGN}/verbs/checked-by-hand"
_VALID_UNTIL: Final = "http://id.tincanapi.com/extension/valid-until"
_VALID_YEARS: Final = 2
_VOIDED: Final = {"id": f"{_ADL}/verbs/voided", "display": {"en": "voided", "vi": "huỷ"}}
_WORDS: Final = {
    "registered": "ghi danh",
    "attended": "tham dự",
    "experienced": "trải nghiệm",
    "progressed": "tiếp tục",
    "completed": "hoàn thành",
    "passed": "đạt",
    "failed": "chưa đạt",
    "earned": "được công nhận",
    "mentored": "kèm cặp",
    "hosted": "tổ chức",
    "responded": "trả lời",
}
_PROFILE: Final = {"id": VERSION}


def write(event: Event | Voiding) -> dict[str, Any]:
    """Return the statement."""
    if isinstance(event, Voiding):
        return _voiding(event)
    told: dict[str, Any] = {
        "id": event.id,
        "actor": _group(event.group) if event.group else _agent(event.person.account if event.person else "khach"),
        "verb": _verb(event),
        "object": _object(event),
        "context": _context(event),
        "timestamp": event.at.isoformat(),
    }
    if result := _result(event):
        told["result"] = result
    return told


def _voiding(event: Voiding) -> dict[str, Any]:
    return {
        "id": event.id,
        "actor": _agent("dieu-phoi"),
        "verb": _VOIDED,
        "object": {"objectType": "StatementRef", "id": event.target},
        "timestamp": event.at.isoformat(),
    }


def _agent(account: str) -> dict[str, Any]:
    return {"objectType": "Agent", "account": {"homePage": ACCOUNTS, "name": account}}


def _group(account: str) -> dict[str, Any]:
    return {"objectType": "Group", "account": {"homePage": ACCOUNTS, "name": account}}


def _verb(event: Event) -> dict[str, Any]:
    display = {"vi": _WORDS.get(event.verb, "thao tác")}
    if event.form == "foreign" and not event.verb:
        return {"id": _FOREIGN_VERB, "display": display}
    if event.form == "moodle" and event.verb in _OF_MOODLE:
        return {"id": _OF_MOODLE[event.verb], "display": display}
    return {"id": _VERBS.get(event.verb, f"{_ADL}/verbs/{event.verb}"), "display": display}


def _object(event: Event) -> dict[str, Any]:
    if event.about is not None:
        return _agent(event.about.account)
    type_ = event.type if ":" in event.type else _TYPES.get(event.type, f"{BASE}/activity-types/{event.type}")
    return {"objectType": "Activity", "id": event.activity, "definition": {"type": type_, "name": {"vi": event.title}}}


def _context(event: Event) -> dict[str, Any]:
    related: dict[str, Any] = {}
    if event.parent is not None:
        id_, type_ = event.parent
        related["parent"] = [{"id": id_, "definition": {"type": _TYPES[type_]}}]
    context: dict[str, Any] = {"registration": event.registration, "language": "vi"}
    if event.form == "profile":
        related["category"] = [_PROFILE, *({"id": PROGRAMMES + quote(each, safe="")} for each in event.programmes)]
        context["extensions"] = _context_extensions(event)
    if related:
        context["contextActivities"] = related
    for name, who in (("team", event.team), ("instructor", event.instructor)):
        if who is not None:
            context[name] = _group(who) if name == "team" else _agent(who)
    if (platform := "Moodle" if event.form == "moodle" else event.platform) is not None:
        context["platform"] = platform
    if event.source is not None:
        context["statement"] = {"objectType": "StatementRef", "id": event.source}
    return context


def _context_extensions(event: Event) -> dict[str, Any]:
    unit = {"code": event.unit.code, "asOf": event.at.date().isoformat()}
    told: dict[str, Any] = {"admin-unit": unit if event.hamlet is None else unit | {"hamlet": event.hamlet}}
    if event.programmes:
        told["programme"] = list(event.programmes)
    if event.person is not None:
        told |= {"target-group": list(event.person.groups), "age-band": event.person.band}
    if event.is_import:
        told["capture"] = {"mode": "import"}
    given = {"delivery-mode": event.mode, "organisation": event.organisation, "skill": event.skill}
    told |= {name: value for name, value in given.items() if value is not None}
    return {f"{BASE}/extensions/{name}": value for name, value in told.items()}


def _result(event: Event) -> dict[str, Any]:
    given = {
        "score": None if event.scaled is None else {"scaled": event.scaled},
        "success": event.success,
        "duration": None if event.minutes is None else f"PT{event.minutes}M",
    }
    result = {name: value for name, value in given.items() if value is not None}
    if extensions := _result_extensions(event):
        result["extensions"] = extensions
    return result


def _result_extensions(event: Event) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if event.assisted is not None:
        told[f"{BASE}/extensions/assisted"] = event.assisted
    if event.level is not None:
        told[f"{BASE}/extensions/identity-level"] = event.level
    if event.headcount is not None:
        bands = dict(event.headcount)
        told[f"{BASE}/extensions/headcount"] = {"total": sum(bands.values()), "byAgeBand": bands}
    if event.type == "skill-confirmation":
        told[_VALID_UNTIL] = event.at.replace(year=event.at.year + _VALID_YEARS, day=1).isoformat()
    return told
