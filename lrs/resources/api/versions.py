"""Things that have a version: told in ETag, asked back in If-Match."""

from typing import Final

from flask import request

_DIGITS: Final = 18


def tag(version: int) -> dict[str, str]:
    """Return the header that tells a version."""
    return {"ETag": f'"{version}"'}


def seen() -> int | None:
    """Return the version that the caller has seen, -1 for what is none; None where it tells none."""
    header = request.headers.get("If-Match")
    if header is None:
        return None
    # Proxies that compress make tags weak; both name the same.
    told = header.strip().removeprefix("W/").strip('"')
    return int(told) if told.isascii() and told.isdecimal() and len(told) <= _DIGITS else -1
