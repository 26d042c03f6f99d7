"""Answers to queries: page by page, following ``more``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .attachments import File, split_mixed
from .calls import Caller, decoded
from .errors import BadAnswer
from .messages import Request, Response, Statement

CONSISTENT_THROUGH = "X-Experience-API-Consistent-Through"


@dataclass(frozen=True, slots=True)
class Page:
    """Part of an answer. ``files`` holds the data of attachments by their SHA-2 hash, where it was asked for.

    ``consistent_through`` is the server's word for how far its answer is complete, None where it does not say.
    """

    statements: list[Statement]
    files: Mapping[str, File]
    consistent_through: str | None


def walk(caller: Caller, request: Request) -> Iterator[Page]:
    """Yield the pages of an answer as the server gives them; each is asked for when its turn comes."""
    # Hashes, as a walk may be long.
    followed = {hash(request.url)}
    while True:
        response = caller.call(request)
        files, result = unpacked(request, response)
        statements = result.get("statements")
        if not isinstance(statements, list):
            raise BadAnswer(f"the answer to {request!r} has no list of statements", request)
        yield Page(statements, files, response.header(CONSISTENT_THROUGH))
        more = result.get("more")
        if not more:
            return
        if not isinstance(more, str):
            raise BadAnswer(f"the answer to {request!r} leads nowhere: its more is no text", request)
        following = caller.following(request, more)
        if hash(following.url) in followed:
            raise BadAnswer(f"the answer to {request!r} leads nowhere: its more has been followed already", request)
        followed.add(hash(following.url))
        request = following


def unpacked(request: Request, response: Response) -> tuple[Mapping[str, File], Statement]:
    """Return the files and the JSON object of an answer, which may be multipart/mixed."""
    if response.media_type != "multipart/mixed":
        return {}, decoded(request, response, dict)
    try:
        first, files = split_mixed(response.headers["content-type"], response.content)
    except ValueError as error:
        raise BadAnswer(f"the answer to {request!r} is not multipart as it should be: {error}", request) from error
    return files, decoded(request, Response(response.status, {}, first), dict)
