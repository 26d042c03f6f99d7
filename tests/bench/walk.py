"""Reading everything: a walk through `more` beside a cursor on the same bytes in the same order."""

import http.client
import json
import re
import time
from urllib.parse import urlsplit

from figures import Figure, in_turns
from rig import Rig
from settings import Settings

WALK = 20_000
RATE_BAR, RATIO_BAR = 40_000, 0.5
MORE = re.compile(rb'"more"\s*:\s*("(?:[^"\\]|\\.)*")')
STORED = b'"stored"'  # once in every statement: the generator puts none in


def walk(rig: Rig, settings: Settings) -> list[Figure]:
    """Statements a second of a whole walk, beside pymongo reading the same `raw` fields."""
    figure = Figure(
        f"walk of {WALK:,} through more",
        "st/s",
        f">= {RATE_BAR:,}/s or {RATIO_BAR} x",
        lambda a, b: a >= RATE_BAR or a >= RATIO_BAR * b,
    )

    def ours(_number):
        start = time.perf_counter()
        pages, bad = _pages(rig, min(WALK, settings.preload))
        took = time.perf_counter() - start
        figure.errors += bad
        figure.ours.append(sum(page.count(STORED) for page in pages) / took)

    def floor(_number):
        start = time.perf_counter()
        found = rig.newest_first(min(WALK, settings.preload))
        figure.floor.append(len(found) / (time.perf_counter() - start))

    in_turns(settings.rounds + 2, ours, floor)
    return [figure]


def _pages(rig: Rig, wanted: int) -> tuple[list[bytes], int]:
    """The pages of a walk until `wanted` statements are read, and the number of bad answers."""
    parts = urlsplit(rig.statements.url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    pages, path, seen, bad = [], parts.path, 0, 0
    while path and seen < wanted:
        connection.request("GET", path, headers=dict(rig.statements.headers))
        answer = connection.getresponse()
        page = answer.read()
        if answer.status != 200:
            bad += 1
            break
        pages.append(page)
        seen += page.count(STORED)
        more = MORE.search(page, max(0, len(page) - 4096)) or MORE.search(page)
        path = json.loads(more[1]) if more else ""
    connection.close()
    return pages, bad
