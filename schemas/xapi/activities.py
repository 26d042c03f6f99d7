# ruff: noqa: N815  # the properties are named by the specification
"""Activities, their definitions, and interactions (Data 2.4.4.1)."""

from typing import Any, ClassVar, Final

from schemas.xapi.base import Complaint, Rule, StrictSchema
from schemas.xapi.containers import ListOf, Nested, extension_map, language_map
from schemas.xapi.fields import IRI, Choice, KeyIRI, Text

# Which lists of components each type of interaction takes.
COMPONENT_LISTS: Final[dict[str, tuple[str, ...]]] = {
    "true-false": (),
    "choice": ("choices",),
    "fill-in": (),
    "long-fill-in": (),
    "matching": ("source", "target"),
    "performance": ("steps",),
    "sequencing": ("choices",),
    "likert": ("scale",),
    "numeric": (),
    "other": (),
}
_LISTS: Final = frozenset(("choices", "scale", "source", "target", "steps"))
_PARTS: Final = _LISTS | {"correctResponsesPattern"}


def parts_have_a_type(definition: dict[str, Any]) -> Complaint | None:
    """Demand that a definition with any part of an interaction says which type it is (Data 2.4.4.1)."""
    if "interactionType" in definition or _PARTS.isdisjoint(definition):
        return None
    part = min(_PARTS.intersection(definition))
    return Complaint("interaction", "A part of an interaction needs an interactionType beside it.", at=(part,))


def lists_fit(definition: dict[str, Any]) -> Complaint | None:
    """Allow lists of components only where the type of interaction has a use for them (Appendix C)."""
    if "interactionType" not in definition:
        return None
    kind = definition["interactionType"]
    fitting = COMPONENT_LISTS.get(kind, ()) if isinstance(kind, str) else ()
    misplaced = _LISTS.intersection(definition).difference(fitting)
    if misplaced:
        return Complaint("interaction", "This type of interaction has no such list.", at=(min(misplaced),))
    return None


def ids_differ(definition: dict[str, Any]) -> Complaint | None:
    """Demand that no two components of one list share an id."""
    for name in sorted(_LISTS.intersection(definition)):
        components = definition[name]
        if isinstance(components, list):
            ids = [part["id"] for part in components if isinstance(part, dict) and isinstance(part.get("id"), str)]
            if len(set(ids)) < len(ids):
                return Complaint("same-id", "Two of these have the same id.", at=(name,))
    return None


class Component(StrictSchema):
    """One choice, step or the like."""

    id = Text(required=True)
    description = language_map()


class Definition(StrictSchema):
    """What an Activity is."""

    rules: ClassVar[tuple[Rule, ...]] = (parts_have_a_type, lists_fit, ids_differ)

    name = language_map()
    description = language_map()
    type = KeyIRI()
    moreInfo = IRI()
    extensions = extension_map()
    interactionType = Choice(*COMPONENT_LISTS)
    correctResponsesPattern = ListOf(Text())
    choices = ListOf(Nested(Component))
    scale = ListOf(Nested(Component))
    source = ListOf(Nested(Component))
    target = ListOf(Nested(Component))
    steps = ListOf(Nested(Component))


class Activity(StrictSchema):
    """Something that was done."""

    objectType = Choice("Activity")
    id = KeyIRI(required=True)
    definition = Nested(Definition)
