"""Activity definitions: what statements say of Activities, merged into what the store says (Data 2.4.4.1)."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from schemas.xapi.activities import Definition

MAPS: Final = ("name", "description", "extensions")
COMPONENTS: Final = ("choices", "scale", "source", "target", "steps")
INTERACTION: Final = ("interactionType", "correctResponsesPattern", *COMPONENTS)

# Decimal keeps every digit; its text is a JSON number.
to_json = msgspec.json.Encoder(decimal_format="number").encode
_definition: Final = Definition()


def described_activities(statement: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the id and definition of every Activity that a valid statement, or its sub-statement, defines."""
    for part in (statement, statement["object"]):
        found = part.get("object")
        if found is not None and found.get("objectType", "Activity") == "Activity":
            yield from _described(found)
        for several in part.get("context", {}).get("contextActivities", {}).values():
            for each in several if isinstance(several, list) else [several]:
                yield from _described(each)


def merge_definition(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definition after the new one has been heard: what it says counts, what it leaves out stays.

    Names and descriptions merge by language, extensions by key. Another interactionType ends all that was
    said of the interaction before.
    """
    result = dict(old or {})
    if "interactionType" in new and new["interactionType"] != result.get("interactionType"):
        for name in INTERACTION:
            result.pop(name, None)
    for name, value in new.items():
        result[name] = {**result.get(name, {}), **value} if name in MAPS else value
    return result


def merged(old: bytes | None, new: Mapping[str, Any]) -> bytes:
    """Return ``merge_definition`` as JSON; what changes nothing returns the old text."""
    before = None if old is None else json.loads(old, parse_float=Decimal)
    after = merge_definition(before, new)
    return old if old is not None and after == before else to_json(after)


def without_broken_interaction(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the definition, without its interaction where that was only forgiven: others would be told it as sound."""
    interaction = {name: definition[name] for name in INTERACTION if name in definition}
    if not interaction or not _definition.validate(interaction):
        return definition
    return {name: value for name, value in definition.items() if name not in INTERACTION}


def _described(activity: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if activity.get("definition"):
        yield activity["id"], activity["definition"]
