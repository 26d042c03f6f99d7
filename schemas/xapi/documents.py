"""Documents that are JSON objects: merged member by member, one level deep (Communication 2.2)."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Raw

from schemas.faults import Refused
from schemas.xapi.parsing import parse_json

JSON: Final = "application/json"

_members = msgspec.json.Decoder(dict[str, Raw]).decode
_encode = msgspec.json.Encoder().encode


def is_json(content_type: str) -> bool:
    """Tell whether a content type is that of JSON, with parameters or without."""
    return content_type.partition(";")[0].strip().lower() == JSON


def load_object(body: bytes) -> dict[str, Raw]:
    """Return the members of a JSON object, each as its own text; ``Refused`` if the text is none."""
    if not isinstance(parse_json(body), dict):
        raise Refused.at("", "object", "A document that is merged must be a JSON object.")
    return _members(body)


def merge_objects(old: Mapping[str, Raw], new: Mapping[str, Raw]) -> bytes:
    """Return one object: what the new one says counts, what it leaves out stays, every text as it was."""
    return _encode({**old, **new})
