"""What one statement says about training: the little that records and reports need, in our words."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from schemas.training.amounts import scaled, seconds
from schemas.training.instants import when
from schemas.training.organisations import told_by
from schemas.training.parts import noted
from schemas.training.readings import READERS, Flags, Found, Headcount, Place, Skill, text
from schemas.training.terms import FOLLOW_UP, MENTORING, PROGRAMMES, UNKNOWN
from schemas.training.vocabulary import Vocabulary
from schemas.xapi.identity import identity

_PEOPLE: Final = frozenset(["instructor", "team", "contextAgents", "contextGroups"])
_NONE: Final[Mapping[str, Any]] = {}


MOST_MEMBERS: Final = 200
"""Members of a group, or of a team, that are counted one by one: the first in order of their identities."""


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What counts of one statement. Everything but lists of people is bounded in size, whatever was sent."""

    statement_id: str  # in lower case
    timestamp: int  # microseconds since 1970 UTC
    learner: str | None  # identity of the actor; None for an anonymous Group
    is_group: bool
    verb: str  # one of terms.VERBS
    activity: str  # its id
    type: str  # our word, or the IRI where we have none, or "" where none was given
    kind: str  # one of terms.KINDS
    member_learners: tuple[str, ...] = ()  # identities of a Group's members, sorted
    mentored: str | None = None  # identity of the object of `mentored`
    registration: str | None = None  # in lower case
    success: bool | None = None
    completion: bool | None = None
    scaled: str | None = None  # a plain decimal number, -1 to 1, without needless zeros
    seconds: int | None = None  # whole, so that sums are the same in any order
    unit: Place | None = None  # of delivery
    residence: Place | None = None
    hamlet: str | None = None
    programmes: tuple[str, ...] = ()  # codes, or IRIs where no code is known, sorted
    groups: tuple[str, ...] = ()  # of terms.GROUPS or "unknown", sorted
    age_band: str = UNKNOWN
    mode: str = UNKNOWN
    assisted: str = UNKNOWN
    level: str | None = None  # of an electronic identity
    headcount: Headcount | None = None
    team: str | None = None  # identity
    team_members: tuple[str, ...] = ()  # identities, as far as the statement names them, sorted
    instructors: tuple[str, ...] = ()  # identities, sorted
    organisation: str | None = None  # code
    by_organisation: bool = False  # it was stored for that organisation itself
    two_sided: bool = False  # who sends and who takes in must both tell the end of it
    outcomes: tuple[str, ...] = ()  # of terms.OUTCOMES, sorted; of follow-up surveys
    skill: Skill | None = None
    platform: str | None = None  # IRI
    procedure: str | None = None  # IRI of a type of public-service procedure
    skew_seconds: int | None = None  # of the device's clock, as it says
    flags: tuple[str, ...] = ()  # what was sent and could not be used, or is odd, sorted


def facts_of(statement: Mapping[str, Any], vocabulary: Vocabulary) -> Facts | None:
    """Return what counts of a valid statement of either version; None where nothing does.

    Never raises on a valid statement: what an extension should not hold becomes a flag. The order of members plays
    no part.
    """
    subject = _subject(statement, vocabulary)
    if subject is None:
        return None
    verb, activity, type_ = subject
    found: Found = {"verb": verb, "activity": activity, "type": type_}
    flags: Flags = set()
    context, result, actor = statement.get("context", _NONE), statement.get("result", _NONE), statement["actor"]
    _read_extensions(result, context, vocabulary, found, flags)
    if result:
        _read_result(result, found, flags)
    if context:
        _read_context(context, vocabulary, found, flags)
    is_group = found["is_group"] = actor.get("objectType") == "Group"
    if is_group and "member" in actor:
        found["member_learners"] = _sorted([identity(member) for member in actor["member"]])
    if "member_learners" in found or "team_members" in found:
        _flag_crowds(found, flags)
    _read_by_type(statement, vocabulary, found)
    if "organisation" in found and told_by(statement.get("authority")) == found["organisation"]:
        found["by_organisation"] = True
    found["kind"] = _kind(vocabulary, found, flags)
    # A session is given by whom it names, else by the Group that says of itself that it has given it.
    if is_group and found["kind"] == "service" and "team" not in found and (team := identity(actor)) is not None:
        found["team"] = team
    found["timestamp"] = when(statement, flags)
    if "programmes" in found:
        found["programmes"] = tuple(sorted(found["programmes"]))
    if flags:
        found["flags"] = tuple(sorted(flags))
    found["statement_id"] = statement.get("id", "").lower()
    found["learner"] = identity(actor)
    return Facts(**found)


def _flag_crowds(found: Found, flags: Flags) -> None:
    if max(len(found.get(each, ())) for each in ("member_learners", "team_members")) > MOST_MEMBERS:
        flags.add("too-many-members")


def _subject(statement: Mapping[str, Any], vocabulary: Vocabulary) -> tuple[str, str, str] | None:
    """Return verb, activity and type in our words; None for what does not count."""
    verb = vocabulary.verbs.get(statement["verb"]["id"])
    if verb is None:
        return None
    thing = statement["object"]
    sort = thing.get("objectType", "Activity")
    if sort != "Activity":
        # What is told in a sub-statement did not happen, and another statement tells of itself.
        mentored = verb.otherwise == "mentored" and sort in ("Agent", "Group")
        return ("mentored", MENTORING, "") if mentored else None
    activity, type_ = thing["id"], _type(thing, vocabulary)
    if type_ == "attempt":
        activity, type_ = _attempted(statement.get("context", _NONE), vocabulary) or (activity, type_)
    word = None if type_ is None else verb.word(statement.get("result", _NONE).get("success"), type_)
    return None if type_ is None or word is None else (word, activity, type_)


def _attempted(context: Mapping[str, Any], vocabulary: Vocabulary) -> tuple[str, str] | None:
    """Return the assessment that an attempt is part of: where every attempt is an Activity, records need its parent."""
    for parent in _related(context.get("contextActivities", _NONE), "parent"):
        if _type(parent, vocabulary) == "assessment":
            return parent["id"], "assessment"
    return None


def _kind(vocabulary: Vocabulary, found: Found, flags: Flags) -> str:
    """Return what it counts as; take away a head-count that would count known people again."""
    verb, type_ = found["verb"], found["type"]
    if verb == "hosted" and found["is_group"] and (type_ == "outreach-event" or "headcount" in found):
        return "reach"
    if found.pop("headcount", None) is not None:
        flags.add("misplaced-headcount")
    return vocabulary.kind(verb, type_)


def _read_extensions(
    result: Mapping[str, Any], context: Mapping[str, Any], vocabulary: Vocabulary, found: Found, flags: Flags
) -> None:
    """Read the extensions of result and context; of several that mean the same, the last by place and IRI holds."""
    for part in (result, context):
        if "extensions" in part:
            said, faults = noted(part["extensions"], vocabulary, _said)
            found |= said
            flags |= faults


def _said(extensions: Mapping[str, Any], vocabulary: Vocabulary) -> tuple[Found, Flags]:
    """Return what extensions say, and flags; neither is to be changed."""
    found: Found = {}
    flags: Flags = set()
    for iri, word in vocabulary.meanings(extensions):
        READERS[word](extensions[iri], found, flags)
    return found, flags


def _read_result(result: Mapping[str, Any], found: Found, flags: Flags) -> None:
    for name in ("success", "completion"):
        if name in result:
            found[name] = result[name]
    if (score := result.get("score")) and (text_ := scaled(score)) is not None:
        found["scaled"] = text_
    if (duration := result.get("duration")) is not None:
        found["seconds"] = seconds(duration)
        if found["seconds"] is None:
            flags.add("odd-duration")


def _read_by_type(statement: Mapping[str, Any], vocabulary: Vocabulary, found: Found) -> None:
    activity, type_ = found["activity"], found["type"]
    if activity == MENTORING:
        found["mentored"] = identity(statement["object"])
    elif type_ == "digital-platform-task":
        found.setdefault("platform", activity)
    elif type_ == "digital-public-service-task":
        found["procedure"] = activity
    elif type_ in vocabulary.two_sided:
        found["two_sided"] = True
    elif type_ == FOLLOW_UP and found["verb"] == "responded":
        found["outcomes"] = _outcomes(statement.get("result", _NONE), vocabulary)


def _outcomes(result: Mapping[str, Any], vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return what somebody says has come of training; of the answers themselves nothing is kept."""
    given = {"response": result["response"].split("[,]")} if "response" in result else {}
    given |= result.get("extensions", _NONE)
    found = set[str]()
    for name in given.keys() & vocabulary.outcomes.keys():
        known = vocabulary.outcomes[name]
        answers = given[name]
        for each in answers if isinstance(answers, list) else [answers]:
            said = text(str(each).casefold() if isinstance(each, bool) else each)
            if said is not None and (word := known.get(said.casefold())):
                found.add(word)
    return tuple(sorted(found))


def _read_context(context: Mapping[str, Any], vocabulary: Vocabulary, found: Found, flags: Flags) -> None:
    if (registration := context.get("registration")) is not None:
        found["registration"] = registration.lower()
    if related := context.get("contextActivities"):
        _read_related(related, vocabulary, found, flags)
    if "platform" in context and "://" in context["platform"] and (platform := text(context["platform"])) is not None:
        found["platform"] = platform
    if not _PEOPLE.isdisjoint(context):
        _read_people(context, vocabulary, found)


def _read_related(related: Mapping[str, Any], vocabulary: Vocabulary, found: Found, flags: Flags) -> None:
    """Find the programmes among the categories, and a platform among the other activities."""
    codes, platform = noted(related, vocabulary, _told_by_relation)
    for code in codes:
        # Extension and categories mostly say the same.
        if code not in found.get("programmes", ()):
            READERS["programmes"]([*found.get("programmes", ()), code], found, flags)
    if platform is not None:
        found.setdefault("platform", platform)


def _told_by_relation(related: Mapping[str, Any], vocabulary: Vocabulary) -> tuple[list[str], str | None]:
    codes = []
    for activity in _related(related, "category"):
        code = _programme(activity["id"])
        if code is None and _type(activity, vocabulary) == "programme":
            code = activity["id"]
        if code is not None:
            codes.append(code)
    others = [activity for relation in ("parent", "grouping", "other") for activity in _related(related, relation)]
    platforms = [activity["id"] for activity in others if _type(activity, vocabulary) == "digital-platform"]
    return codes, next(iter(platforms), None)


@lru_cache(maxsize=4096)
def _programme(iri: str) -> str | None:
    """Return the code of a programme in the profile's namespace."""
    return unquote(iri[len(PROGRAMMES) :]) if iri.startswith(PROGRAMMES) else None


def _related(related: Mapping[str, Any], relation: str) -> Sequence[Mapping[str, Any]]:
    """Return the activities in this relation; one may stand without its array (1.0.3)."""
    activities: Any = related.get(relation, ())
    return [activities] if isinstance(activities, dict) else activities


def _type(activity: Mapping[str, Any], vocabulary: Vocabulary) -> str | None:
    return vocabulary.type(activity["definition"].get("type")) if "definition" in activity else ""


def _read_people(context: Mapping[str, Any], vocabulary: Vocabulary, found: Found) -> None:
    """Find the team and the instructors, as both versions say them."""
    instructors: list[str | None] = []
    if (instructor := context.get("instructor")) is not None:
        instructors += _persons(instructor)
    for entry in context.get("contextAgents", ()):
        if _has_role(entry, "instructor", vocabulary):
            instructors += _persons(entry["agent"])
    if instructors:
        found["instructors"] = _sorted(instructors)
    team = None
    if (named := context.get("team")) is not None:
        team = identity(named)
        if "member" in named and (members := _sorted([identity(member) for member in named["member"]])):
            found["team_members"] = members
    if team is None and "contextGroups" in context:
        # A group whose part is not said is what a team was in 1.0.3.
        groups = [
            identity(entry["group"])
            for entry in context["contextGroups"]
            if "relevantTypes" not in entry or _has_role(entry, "team", vocabulary)
        ]
        team = min((group for group in groups if group), default=None)
    if team is not None:
        found["team"] = team


def _has_role(entry: Mapping[str, Any], role: str, vocabulary: Vocabulary) -> bool:
    return any(vocabulary.roles.get(iri) == role for iri in entry.get("relevantTypes", ()))


def _persons(who: Mapping[str, Any]) -> list[str | None]:
    """Return the members of a Group, where it names them, or who it is itself."""
    return [identity(member) for member in who.get("member", ())] or [identity(who)]


def _sorted(identities: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({who for who in identities if who is not None}))
