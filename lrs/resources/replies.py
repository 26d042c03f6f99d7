"""Bytes out: answers of the statement resource."""

import json
from collections.abc import Callable
from email.utils import formatdate

from flask import Response

from lrs.resources.encodings import vary
from lrs.services.multipart import mixed_body
from lrs.services.statements import Answer

_JSON = "application/json"


def for_the_caller(response: Response) -> Response:
    """Let caches give the answer to nobody else, in no other language or version, and not later without asking."""
    response.headers["Cache-Control"] = "no-cache"
    vary(response, "Accept-Language, Authorization, X-Experience-API-Version")
    return response


def one_statement(answer: Answer) -> Response:
    """Answer with a single statement."""
    return _reply(answer, answer.statements[0])


def statement_page(answer: Answer, link: Callable[[str], str]) -> Response:
    """Answer with a StatementResult; ``link`` makes the ``more`` of a token."""
    more = json.dumps(link(answer.more) if answer.more else "").encode()
    body = b'{"statements":[' + b",".join(answer.statements) + b'],"more":' + more + b"}"
    return _reply(answer, body)


def _reply(answer: Answer, body: bytes) -> Response:
    if answer.attachments is None:
        response = Response(body, content_type=_JSON)
    else:
        content_type, chunks = mixed_body(body, answer.attachments)
        response = Response(chunks, content_type=content_type)
    if answer.newest is not None:
        response.headers["Last-Modified"] = formatdate(answer.newest // 1_000_000, usegmt=True)
    return for_the_caller(response)
