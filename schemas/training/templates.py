"""Statements that name the profile, against its templates: what was found is counted and told, never refused."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from schemas.training.parts import noted
from schemas.training.profile import load
from schemas.training.quick import Quick, among
from schemas.xapi.paths import item, member

_RELATIONS: Final = {
    "contextParentActivityType": "parent",
    "contextGroupingActivityType": "grouping",
    "contextCategoryActivityType": "category",
    "contextOtherActivityType": "other",
}
# JSONPath as Profiles 8.1 has it: no filters and no scripts.
_step = re.compile(
    r"\.(?P<word>[A-Za-z_][A-Za-z0-9_]*)|\[(?P<several>\*|(?:'[^']*'|[0-9]+)(?:\s*,\s*(?:'[^']*'|[0-9]+))*)\]"
)
_key = re.compile(r"'(?P<name>[^']*)'|(?P<index>[0-9]+)")
# One member by its name; or several members or items, all of them when none is named.
Step = str | tuple[str | int, ...]


class Broken(NamedTuple):
    """A rule that a statement breaks: where it looks, and its word, such as ``included``; nothing that was sent."""

    path: str
    rule: str


class Review(NamedTuple):
    """The template that a statement was meant to follow, None if there is none for it, and what it breaks."""

    template: str | None
    faults: tuple[Broken, ...]


class Location:
    """A JSONPath: what it finds in a statement, and its name in the way that this store writes paths."""

    def __init__(self, text: str) -> None:
        self._ways = [_parsed(way.strip()) for way in text.split("|")]
        self.path = " | ".join(_told(way) for way in self._ways)

    @property
    def members(self) -> Sequence[str] | None:
        """Return the names of the members that lead there, where nothing but these does."""
        names = [step for step in self._ways[0] if isinstance(step, str)]
        return names if len(self._ways) == 1 and names == self._ways[0] else None

    def find(self, statement: object) -> list[Any]:
        """Return the values there."""
        if len(self._ways) == 1:
            return _walk(statement, self._ways[0])
        return [value for way in self._ways for value in _walk(statement, way)]


class Rule:
    """One rule of a template (Profiles 8.1), without a selector."""

    def __init__(self, rule: Mapping[str, Any]) -> None:
        if "selector" in rule:
            raise ValueError("rules with a selector are not read")
        self._location = Location(rule["location"])
        self._presence = rule.get("presence")
        self._lists: dict[str, list[Any]] = {name: rule[name] for name in ("any", "all", "none") if name in rule}
        self._members = None if self._lists else self._location.members

    def broken(self, statement: object) -> Broken | None:
        """Return what is broken, by the first word of the rule that is."""
        if self._members is not None:
            # Most rules only ask whether something is there.
            wrong = "excluded" if _has(statement, self._members) else "included"
            return Broken(self._location.path, wrong) if wrong == self._presence else None
        values = self._location.find(statement)
        word = self._word(values)
        return None if word is None else Broken(self._location.path, word)

    def _word(self, values: list[Any]) -> str | None:
        if self._presence == "excluded":
            return "excluded" if values else None
        if not values and self._presence is not None:
            return "included" if self._presence == "included" else None
        return next((name for name, listed in self._lists.items() if not _LISTS[name](values, listed)), None)


class Template:
    """One template: what picks it, and its rules."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self.id: str = template["id"]
        self.verb: str | None = template.get("verb")
        self.type: str | None = template.get("objectActivityType")
        self._related = {rel: set(template[name]) for name, rel in _RELATIONS.items() if name in template}
        self._usages = set(template.get("attachmentUsageType", ()))
        self._refers = "contextStatementRefTemplate" in template
        self._rules = [Rule(rule) for rule in template.get("rules", ())]
        self._quick = Quick(template.get("rules", ()))
        self._followed = Review(self.id, ())
        # The more is asked, the more exactly it was meant.
        self.weight = sum([self.type is not None, len(self._related), bool(self._usages)])

    def determines(self, statement: Mapping[str, Any]) -> bool:
        """Tell whether a statement with its verb has all its determining properties (Profiles 8)."""
        if self.type is not None and self.type != _type(statement["object"]):
            return False
        if not self._related and not self._usages:
            return True
        related = statement.get("context", {}).get("contextActivities", {})
        if any(not types <= {_type(each) for each in related.get(rel, ())} for rel, types in self._related.items()):
            return False
        return self._usages <= {attachment["usageType"] for attachment in statement.get("attachments", ())}

    def review(self, statement: Mapping[str, Any]) -> Review:
        """Return what a normalised statement breaks; what it refers to is not looked up."""
        if not self._refers and self._quick.follows(statement):
            return self._followed
        broken = [found for rule in self._rules if (found := rule.broken(statement)) is not None]
        if self._refers and "statement" not in statement.get("context", {}):
            broken.append(Broken("context.statement", "included"))
        return Review(self.id, tuple(broken))


class Templates:
    """The templates of a profile; of the one served here, unless another is given."""

    def __init__(self, profile: bytes | None = None) -> None:
        told = json.loads(load() if profile is None else profile)
        self.names = {told["id"], *(version["id"] for version in told["versions"])}
        templates = sorted(map(Template, told["templates"]), key=lambda template: (-template.weight, template.id))
        self._by_words = {
            (verb, type_): [each for each in templates if each.verb == verb and each.type in {None, type_}]
            for verb in {each.verb for each in templates}
            for type_ in {None, *(each.type for each in templates)}
        }

    def follows(self, statement: Mapping[str, Any]) -> Review | None:
        """Return how a valid statement follows its template; None when it does not name the profile."""
        related = statement.get("context", {}).get("contextActivities")
        if not related or not noted(related, self, _names_profile):
            return None
        if any(isinstance(value, dict) for value in related.values()):
            arrays = {rel: _listed(value) for rel, value in related.items()}
            statement = {**statement, "context": statement["context"] | {"contextActivities": arrays}}
        type_ = _type(statement["object"])
        for verb in (statement["verb"]["id"], None):
            # A type that no template asks for is like none.
            for template in self._by_words.get((verb, type_)) or self._by_words.get((verb, None)) or ():
                if template.determines(statement):
                    return template.review(statement)
        return Review(None, ())


def _names_profile(related: Mapping[str, Any], templates: Templates) -> bool:
    return any(each["id"] in templates.names for each in _listed(related.get("category", ())))


def _listed(value: Any) -> Sequence[Any]:
    """Return activities as an array; one may stand without it (1.0.3)."""
    return [value] if isinstance(value, dict) else value


def _type(activity: Mapping[str, Any]) -> str | None:
    found: str | None = activity.get("definition", {}).get("type")
    return found


def _parsed(way: str) -> list[Step]:
    """Return the steps of one path; ``ValueError`` for what is no part of the subset."""
    steps: list[Step] = []
    # The sign for the whole may be left out.
    way = way if way.startswith("$") else f"$.{way}"
    end = len("$")
    while end < len(way):
        if (found := _step.match(way, end)) is None:
            raise ValueError(f"{way} is no JSONPath without filters")
        keys = [int(key["index"]) if key["index"] else key["name"] for key in _key.finditer(found["several"] or "")]
        alone = found["word"] or (keys[0] if len(keys) == 1 else None)
        steps.append(alone if isinstance(alone, str) else tuple(keys))
        end = found.end()
    return steps


def _told(way: Iterable[Step]) -> str:
    """Write a path as faults have it; several members or items are ``[*]``."""
    path = ""
    for step in way:
        if isinstance(step, str):
            path = member(path, step)
        else:
            path = item(path, step[0]) if len(step) == 1 and isinstance(step[0], int) else f"{path}[*]"
    return path


def _has(value: Any, members: Sequence[str]) -> bool:
    """Tell whether these members lead to anything."""
    for name in members:
        if not isinstance(value, dict) or name not in value:
            return False
        value = value[name]
    return True


def _walk(value: Any, way: Sequence[Step]) -> list[Any]:
    """Return what the steps lead to."""
    for done, step in enumerate(way, 1):
        if not isinstance(step, str):
            return [found for each in _ahead(value, step) for found in _walk(each, way[done:])]
        if not isinstance(value, dict) or step not in value:
            return []
        value = value[step]
    return [value]


def _ahead(value: object, step: tuple[str | int, ...]) -> Iterable[Any]:
    """Return the members or items of these keys; all of them without keys."""
    if isinstance(value, dict):
        return [value[key] for key in step if key in value] if step else value.values()
    if isinstance(value, list):
        return [value[key] for key in step if isinstance(key, int) and key < len(value)] if step else value
    return ()


_LISTS: Final[dict[str, Callable[[list[Any], list[Any]], bool]]] = {
    "any": lambda values, listed: any(among(value, listed) for value in values),
    "all": lambda values, listed: all(among(value, listed) for value in values),
    "none": lambda values, listed: not any(among(value, listed) for value in values),
}
