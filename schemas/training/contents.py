"""What statements about training must not hold: numbers of persons, phones, dossiers, money, accounts of e-identity.

The law calls the personal number basic data, but it tells sex, birth year and birthplace, and a plain hash of it is
undone in minutes: so it is refused where it is sent, by path and rule, and the value is told nowhere. The rules are
those of ``numbers``, and

``dossier``     where a public service is used: the code of a dossier, or an extension that is named after one
``e-identity``  an account at VNeID; where an e-identity is made: a response, or an extension named after an account
``money``       where cashless payment is practised: a response, an amount, 8 to 19 digits, such an extension

Of what describes an Activity only personal numbers and dossiers count: a course may tell a hotline. Of the names of
accounts 9 digits do not, as students have such numbers; nor phones and 9 digits in the codes that the profile itself
asks for, as companies have such numbers. Of attachments it is what the statement says of them that counts.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final, Literal

from schemas.faults import Fault
from schemas.training.numbers import holds_dossier, is_instant, number_in, number_in_iri, tells_money
from schemas.training.terms import BASE, PSEUDONYMS
from schemas.xapi.paths import item, member

Task = Literal["service", "e-identity", "money"]

_TYPES: Final[dict[str, Task]] = {
    f"{BASE}/activity-types/digital-public-service-task": "service",
    f"{BASE}/activity-types/e-identity-task": "e-identity",
    f"{BASE}/activity-types/cashless-payment-task": "money",
}
_MESSAGES: Final = {
    "personal-number": "This holds what looks like a personal number (12 digits): it is not kept here.",
    "old-number": "This holds what looks like a number of an identity card (9 digits): it is not kept here.",
    "phone": "This holds what looks like a phone number: it is not kept here.",
    "dossier": "This holds what looks like the code of a dossier: name the procedure only.",
    "e-identity": "Nothing of an e-identity account is kept here: its level only.",
    "money": "No amounts, accounts and responses are kept of payments: only that it was done.",
}

_VNEID: Final = re.compile(r"[A-Za-z]+://[^/]*(?:vneid|VNeID|VNEID)")
_WORDS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
_LEAST_SUM: Final = 1000
_DIGITS: Final = 12
_MOST: Final = 10**_DIGITS

_NAMED: Final[dict[Task, frozenset[str]]] = {
    "service": frozenset({"dossier", "hoso", "biennhan", "receipt"}),
    "e-identity": frozenset(
        {"account", "username", "login", "taikhoan", "qr", "qrcode", "password", "otp", "token", "matkhau", "vneid"}
    ),
    "money": frozenset(
        {"amount", "sotien", "price", "account", "taikhoan", "iban", "card", "sothe", "bank", "transaction", "giaodich"}
        | {"balance", "sodu", "qr", "qrcode"}
    ),
}
# Codes that the profile asks for, and opaque marks.
_CODES: Final = frozenset(
    f"{BASE}/extensions/{name}"
    for name in ("admin-unit", "residence-unit", "programme", "capture", "skill", "consent-ref", "organisation")
)
_COMPONENTS: Final = ("choices", "scale", "source", "target", "steps")
_LEFT: Final = frozenset(["id", "timestamp", "stored", "version", "authority"])
"""What the store sets, or judges by its form."""


def speaks_profile(statement: Mapping[str, Any]) -> bool:
    """Tell whether a valid statement uses words of the digital-skills profile."""
    context, thing, result = statement.get("context", {}), statement["object"], statement.get("result", {})
    definition = thing.get("definition", {})
    words = [definition.get("type", ""), *definition.get("extensions", ())]
    words += [*context.get("extensions", ()), *result.get("extensions", ())]
    for several in context.get("contextActivities", {}).values():
        for each in [several] if isinstance(several, dict) else several:
            words += [each["id"], each.get("definition", {}).get("type", "")]
    return any(word.startswith(f"{BASE}/") for word in words)


def forbidden(statement: Mapping[str, Any], path: str = "") -> Iterator[Fault]:
    """Yield where a valid statement holds what it must not, and by which rule; never the value."""
    thing = statement["object"]
    task = _TYPES.get(thing.get("definition", {}).get("type", ""))
    for name, value in statement.items():
        at = member(path, name)
        if name == "actor":
            yield from _agent(value, at, task)
        elif name == "object":
            yield from _thing(value, at, task)
        elif name == "result":
            yield from _result(value, at, task)
        elif name == "context":
            yield from _context(value, at, task)
        elif name == "verb":
            yield from _iri(value["id"], member(at, "id"), task)
            yield from _described(value, at, task)
        elif name == "attachments":
            for index, each in enumerate(value):
                yield from _attachment(each, item(at, index), task)


def forbidden_in_document(value: Any) -> Iterator[Fault]:
    """Yield where the value of a JSON document holds a number of somebody, and by which rule; never the value."""
    return _value(value, "", None)


def forbidden_in_names(names: Mapping[str, str | None]) -> Iterator[Fault]:
    """Yield which names of a document, by parameter, hold a personal number."""
    for name, text in names.items():
        yield from _said(text or "", name, None)


def _thing(thing: Mapping[str, Any], path: str, task: Task | None) -> Iterator[Fault]:
    kind = thing.get("objectType", "Activity")
    if kind == "SubStatement":
        yield from forbidden({name: value for name, value in thing.items() if name not in _LEFT}, path)
    elif kind in {"Agent", "Group"}:
        yield from _agent(thing, path, task)
    elif kind == "Activity":
        yield from _activity(thing, path, task)


def _agent(agent: Mapping[str, Any], path: str, task: Task | None) -> Iterator[Fault]:
    if "name" in agent:
        yield from _text(agent["name"], member(path, "name"), task)
    if "mbox" in agent:
        yield from _mailbox(agent["mbox"], member(path, "mbox"))
    if "openid" in agent:
        yield from _iri(agent["openid"], member(path, "openid"), task)
    if (account := agent.get("account")) is not None and account["homePage"] != PSEUDONYMS:
        at = member(path, "account")
        if _VNEID.match(account["homePage"]):
            yield _fault(at, "e-identity")
            return
        yield from _iri(account["homePage"], member(at, "homePage"), task)
        if (rule := number_in(account["name"])) not in {None, "old-number"}:
            yield _fault(member(at, "name"), str(rule))
    for index, each in enumerate(agent.get("member", ())):
        yield from _agent(each, item(member(path, "member"), index), task)


def _mailbox(mailbox: str, path: str) -> Iterator[Fault]:
    local = mailbox.removeprefix("mailto:").partition("@")[0]
    if (rule := number_in(local) or number_in_iri(mailbox)) is not None:
        yield _fault(path, rule)


def _attachment(attachment: Mapping[str, Any], path: str, task: Task | None) -> Iterator[Fault]:
    yield from _described(attachment, path, task)
    for name in ("usageType", "fileUrl"):
        if name in attachment:
            yield from _iri(attachment[name], member(path, name), task)
    yield from _said(attachment["contentType"], member(path, "contentType"), task)


def _result(result: Mapping[str, Any], path: str, task: Task | None) -> Iterator[Fault]:
    if response := result.get("response"):
        at = member(path, "response")
        if task in {"e-identity", "money"}:
            yield _fault(at, str(task))
        else:
            yield from _text(response, at, task)
    yield from _extensions(result, path, task)


def _context(context: Mapping[str, Any], path: str, task: Task | None) -> Iterator[Fault]:
    for name, value in context.items():
        at = member(path, name)
        if name in {"instructor", "team"}:
            yield from _agent(value, at, task)
        elif name in {"contextAgents", "contextGroups"}:
            inner = "agent" if name == "contextAgents" else "group"
            for index, each in enumerate(value):
                yield from _agent(each[inner], member(item(at, index), inner), task)
        elif name == "contextActivities":
            for kind, several in value.items():
                single = isinstance(several, dict)
                for index, each in enumerate([several] if single else several):
                    where = member(at, kind)
                    yield from _activity(each, where if single else item(where, index), task)
        elif name in {"platform", "revision"}:
            yield from _text(value, at, task)
    yield from _extensions(context, path, task)


def _activity(activity: Mapping[str, Any], path: str, task: Task | None) -> Iterator[Fault]:
    yield from _iri(activity["id"], member(path, "id"), task)
    if (definition := activity.get("definition")) is not None:
        yield from _definition(definition, member(path, "definition"), task)


def _definition(definition: Mapping[str, Any], path: str, task: Task | None) -> Iterator[Fault]:
    yield from _described(definition, path, task)
    for name in ("type", "moreInfo"):
        if name in definition:
            yield from _iri(definition[name], member(path, name), task)
    for name in _COMPONENTS:
        for index, each in enumerate(definition.get(name, ())):
            at = item(member(path, name), index)
            yield from _said(each["id"], member(at, "id"), task)
            yield from _described(each, at, task)
    for index, each in enumerate(definition.get("correctResponsesPattern", ())):
        yield from _said(each, item(member(path, "correctResponsesPattern"), index), task)
    yield from _extensions(definition, path, task)


def _described(part: Mapping[str, Any], path: str, task: Task | None) -> Iterator[Fault]:
    """Yield what is wrong with texts for people, in whatever languages."""
    for name in ("name", "display", "description"):
        for language, text in part.get(name, {}).items():
            yield from _said(text, member(member(path, name), language), task)


def _said(text: str, path: str, task: Task | None) -> Iterator[Fault]:
    """Judge a text that describes."""
    if (rule := number_in(text) or _queried(text) or _dossier(text, task)) in {"personal-number", "dossier"}:
        yield _fault(path, str(rule))


def _extensions(part: Mapping[str, Any], path: str, task: Task | None) -> Iterator[Fault]:
    at = member(path, "extensions")
    for key, value in part.get("extensions", {}).items():
        if key in _CODES:
            yield from _code(value, member(at, key))
        else:
            yield from _member(key, value, at, task)


def _code(value: Any, path: str) -> Iterator[Fault]:
    """Judge what the profile asks for: of it only personal numbers count."""
    if isinstance(value, str):
        yield from _said(value, path, None)
    elif isinstance(value, dict):
        for key, each in value.items():
            if number_in(key) == "personal-number":
                yield _fault(path, "personal-number")
            else:
                yield from _code(each, member(path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _code(each, item(path, index))
    elif not isinstance(value, bool | None):
        yield from _figure(value, path, None)


def _member(key: str, value: Any, path: str, task: Task | None) -> Iterator[Fault]:
    """Judge a member of an extension; one whose name is at fault is told by what it is in: a path must not tell it."""
    if (rule := number_in(key) or number_in_iri(key) or _dossier(key, task)) is not None:
        yield _fault(path, rule)
    elif task is not None and _is_named(key, task) and not isinstance(value, bool | None):
        yield _fault(member(path, key), task if task != "service" else "dossier")
    else:
        yield from _value(value, member(path, key), task)


def _value(value: Any, path: str, task: Task | None) -> Iterator[Fault]:
    if isinstance(value, str):
        yield from _text(value, path, task)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _member(key, each, path, task)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _value(each, item(path, index), task)
    elif not isinstance(value, bool | None):
        yield from _figure(value, path, task)


def _figure(value: Any, path: str, task: Task | None) -> Iterator[Fault]:
    """Judge a number of JSON."""
    digits = str(abs(int(value))) if abs(value) < _MOST and value == int(value) else ""
    if len(digits) == _DIGITS and not is_instant(digits):
        yield _fault(path, "personal-number")
    elif task == "money" and value >= _LEAST_SUM:
        yield _fault(path, "money")


def _iri(iri: str, path: str, task: Task | None) -> Iterator[Fault]:
    if (rule := number_in_iri(iri) or _dossier(iri, task)) is not None:
        yield _fault(path, rule)


def _text(text: str, path: str, task: Task | None) -> Iterator[Fault]:
    rule = number_in(text) or _dossier(text, task) or _queried(text)
    if rule is None and task == "money" and tells_money(text):
        rule = "money"
    if rule is not None:
        yield _fault(path, rule)


def _queried(text: str) -> str | None:
    # What an IRI says without escapes and queries, number_in has seen.
    return number_in_iri(text) if "%" in text or "=" in text else None


def _dossier(text: str, task: Task | None) -> str | None:
    return "dossier" if task == "service" and holds_dossier(text) else None


def _is_named(key: str, task: Task) -> bool:
    """Tell whether a name is after what the task must not tell: any of its words, or two that follow each other."""
    last = unicodedata.normalize("NFKD", key.rstrip("/").rpartition("/")[2].rpartition("#")[2])
    words = [word.lower() for word in _WORDS.findall(last.replace("đ", "d").encode("ascii", "ignore").decode())]
    return not _NAMED[task].isdisjoint([*words, *map("".join, pairwise(words))])


def _fault(path: str, rule: str) -> Fault:
    return Fault(path, rule, _MESSAGES[rule])
