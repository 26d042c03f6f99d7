"""Tells what was noticed in the statements of an organisation."""

from collections import defaultdict
from typing import Final, NamedTuple

from lrs.services.principals import Principal
from lrs.services.progress import Progress, Reached
from lrs.store import Store
from lrs.store.reviews import EXAMPLES, Note, Noticed
from lrs.store.rows import ORG_BYTES

__all__ = ["Followed", "Noticed", "NoticedService", "Overview"]

_MOST: Final = 100
_MOST_RULES: Final = 1000


class Followed(NamedTuple):
    """A template, the statements that were meant to follow it, how many do not, and the rules that these break."""

    template: str
    statements: int
    broken: int
    rules: list[Noticed]


class Overview(NamedTuple):
    """What was noticed, and how far statements had been looked at before; ``aside`` are those that count nowhere."""

    reached: Reached
    templates: list[Followed]
    verbs: list[Noticed]
    types: list[Noticed]
    extensions: list[Noticed]
    flags: list[Noticed]
    aside: Noticed


class NoticedService:
    """For whoever reads the records, or looks after the keys of the tools that send statements."""

    def __init__(self, store: Store, progress: Progress) -> None:
        self._reviews = store.reviews
        self._aside = store.aside
        self._progress = progress

    def overview(self, principal: Principal) -> Overview:
        """Return what was noticed in the caller's organisation; needs ``records/read`` or ``credentials``."""
        if not principal.may("credentials"):
            principal.require("records/read")
        reached = self._progress.of(principal.org)
        verbs, types, extensions, flags = (
            self._reviews.most(principal.org, kind, _MOST) for kind in ("verb", "type", "extension", "flag")
        )
        return Overview(
            reached, self._followed(principal.org), verbs, types, extensions, flags, self._set_aside(principal.org)
        )

    def _set_aside(self, org: bytes) -> Noticed:
        examples = [each.statement[ORG_BYTES:] for each in self._aside.some(org, EXAMPLES)]
        return Noticed(Note("flag", "set-aside"), self._aside.count(org), examples)

    def _followed(self, org: bytes) -> list[Followed]:
        rules: dict[str, list[Noticed]] = defaultdict(list)
        for each in self._reviews.most(org, "rule", _MOST_RULES):
            rules[each.note.name].append(each)
        broken = {each.note.name: each.statements for each in self._reviews.most(org, "broken", _MOST)}
        return [
            Followed(name, each.statements, broken.get(name, 0), rules[name])
            for each in self._reviews.most(org, "template", _MOST)
            for name in [each.note.name]
        ]
