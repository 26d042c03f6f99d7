"""What is noticed in statements while they are folded: counted and listed, and never a reason to refuse.

How they follow the templates of the profile that they name; verbs and types that count nowhere; what was sent and
could not be used. The counts are a function of the set of statements that are stored and not voided, as records are.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from lrs.store import Store
from lrs.store.reviews import Note, Tally
from lrs.store.rows import ORG_BYTES, Found
from lrs.store.transactions import Session
from schemas.training.facts import Facts, facts_of
from schemas.training.readings import Skill
from schemas.training.templates import Templates
from schemas.training.vocabulary import Vocabulary, unmapped

_decode = msgspec.json.Decoder().decode

UNKNOWN_UNIT = "unknown-unit"
UNKNOWN_SKILL = "unknown-skill"

HasUnit = Callable[[Facts], bool]
HasSkill = Callable[[Skill], bool]


class Reviewing:
    """Notices things. ``has_unit`` tells whether the registry knows the unit of facts, ``has_skill`` whether it does."""

    def __init__(self, store: Store, vocabulary: Vocabulary, has_unit: HasUnit, has_skill: HasSkill) -> None:
        self._store = store
        self._vocabulary = vocabulary
        self._templates = Templates()
        self._has_unit = has_unit
        self._has_skill = has_skill

    def begin(self) -> "Notes":
        """Return notes with nothing in them."""
        return Notes(self._of)

    def end(self, notes: "Notes", org: bytes, batch: Sequence[Found], targets: Sequence[bytes]) -> None:
        """Add what voiding changes: a statement counts from its place in the feed on, until that of its voiding.

        ``targets`` are the ids that statements of the batch void. So a batch gives the same whenever it is read.
        """
        voided = [found.id for found in batch if found.voided]
        if not voided and not targets:
            return
        first, last = batch[0].stored, batch[-1].stored
        for each in self._store.statements.voided([*voided, *(org + target for target in targets)]):
            statement = _decode(each.raw)
            facts = facts_of(statement, self._vocabulary)
            if each.stored >= first and each.voided > last:
                notes.add(each.id[ORG_BYTES:], statement, facts)
            elif each.stored < first <= each.voided <= last:
                notes.remove(each.id[ORG_BYTES:], statement, facts)

    def write(self, notes: "Notes", org: bytes, session: Session) -> None:
        """Count what was noticed, in a transaction."""
        if notes.tallies:
            self._store.reviews.change(org, notes.tallies, session)

    def _of(self, statement: Mapping[str, Any], facts: Facts | None) -> Iterator[Note]:
        for kind, iri in unmapped(statement, self._vocabulary):
            yield Note(kind, iri)  # type: ignore[arg-type]  # the kinds are named alike
        if facts is not None:
            for flag in facts.flags:
                yield Note("flag", flag)
            if facts.unit is not None and not self._has_unit(facts):
                yield Note("flag", UNKNOWN_UNIT)
            if facts.skill is not None and not self._has_skill(facts.skill):
                yield Note("flag", UNKNOWN_SKILL)
        if (review := self._templates.follows(statement)) is not None:
            template = review.template or ""
            yield Note("template", template)
            if review.faults:
                yield Note("broken", template)
            for fault in set(review.faults):
                yield Note("rule", template, fault.path, fault.rule)


class Notes:
    """What was noticed in a batch, by what it is."""

    def __init__(self, of: Callable[[Mapping[str, Any], Facts | None], Iterator[Note]]) -> None:
        self._of = of
        self.tallies: dict[Note, Tally] = defaultdict(Tally)

    def add(self, statement_id: bytes, statement: Mapping[str, Any], facts: Facts | None) -> None:
        """Note what there is in a statement with this id."""
        for note in self._of(statement, facts):
            tally = self.tallies[note]
            tally.statements += 1
            tally.come.append(statement_id)

    def remove(self, statement_id: bytes, statement: Mapping[str, Any], facts: Facts | None) -> None:
        """Take back what there was in a statement that is voided."""
        for note in self._of(statement, facts):
            tally = self.tallies[note]
            tally.statements -= 1
            tally.gone.append(statement_id)
