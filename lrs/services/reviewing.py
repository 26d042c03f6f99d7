"""What is noticed in statements while they are folded: counted and listed, and never a reason to refuse.

How they follow the templates of the profile that they name; verbs and types that count nowhere; what was sent and
could not be used. The counts are a function of the set of statements that are stored and not voided, as records are.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from lrs.store import Store
from lrs.store.reviews import Note, Tally
from lrs.store.rows import ORG_BYTES, Found
from lrs.store.transactions import Session
from schemas.training.facts import Facts, facts_of
from schemas.training.readings import Skill
from schemas.training.templates import Review, Templates
from schemas.training.vocabulary import Vocabulary, unmapped

_decode = msgspec.json.Decoder().decode
_NOTHING: Mapping[str, Any] = {}

UNKNOWN_UNIT = "unknown-unit"
UNKNOWN_SKILL = "unknown-skill"

HasUnit = Callable[[Facts], bool]
HasSkill = Callable[[Skill], bool]


class Reviewing:
    """Notices things. ``has_unit`` tells whether the registry knows the unit of facts, ``has_skill`` if it has one."""

    def __init__(self, store: Store, vocabulary: Vocabulary, has_unit: HasUnit, has_skill: HasSkill) -> None:
        self._store = store
        self._vocabulary = vocabulary
        self._templates = Templates()
        self._has_unit = has_unit
        self._has_skill = has_skill

    def begin(self, batch: Sequence[Found]) -> "Notes":
        """Return the notes on a batch, with nothing in them."""
        return Notes(self._of, batch)

    def end(self, notes: "Notes", org: bytes, targets: Sequence[bytes]) -> None:
        """Add what voiding changes: a statement counts from its place in the feed on, until that of its voiding.

        ``targets`` are the ids that statements of the batch void. So a batch gives the same whenever it is read.
        """
        if not notes.voided and not targets:
            return
        ids = [*notes.voided, *(org + target for target in targets)]
        aside = self._store.aside.among(ids)
        for each in self._store.statements.voided(ids):
            if each.id in aside:
                continue
            statement = _decode(each.raw)
            facts = facts_of(statement, self._vocabulary)
            if notes.first <= each.stored <= notes.last < each.voided:
                notes.add(each.id[ORG_BYTES:], statement, facts)
            elif each.stored < notes.first <= each.voided <= notes.last:
                notes.remove(each.id[ORG_BYTES:], statement, facts)

    def mend(
        self, org: bytes, before: Sequence[Found], place: int, after: Mapping[bytes, bytes], session: Session
    ) -> None:
        """Notice statements no longer, or as another text has it, of which everything up to ``place`` was read."""
        ids = [each.id for each in before]
        passed = self._store.aside.among(ids)
        passed |= {each.id for each in self._store.statements.voided(ids) if each.voided <= place}
        tallies: dict[Note, Tally] = defaultdict(Tally)
        for each in before:
            if each.id not in passed:
                statement = each.id[ORG_BYTES:]
                was, now = self._noted(each.raw), self._noted(after.get(statement))
                for note, count in (was - now).items():
                    tallies[note].statements -= count
                    tallies[note].gone.append(statement)
                for note, count in (now - was).items():
                    tallies[note].statements += count
                    tallies[note].come.append(statement)
        if tallies:
            self._store.reviews.change(org, tallies, session)

    def _noted(self, raw: bytes | None) -> Counter[Note]:
        if raw is None:
            return Counter()
        statement = _decode(raw)
        return Counter(self._of(statement, facts_of(statement, self._vocabulary)))

    def write(self, notes: "Notes", org: bytes, session: Session) -> None:
        """Count what was noticed, in a transaction."""
        if notes.tallies:
            self._store.reviews.change(org, notes.tallies, session)

    def _of(self, statement: Mapping[str, Any], facts: Facts | None) -> list[Note]:
        """Return what there is to notice: in most statements nothing, and that must be found out fast."""
        notes: list[Note] = []
        if not self._knows(statement):
            unknown = unmapped(statement, self._vocabulary)
            notes += [Note(kind, iri) for kind, iri in unknown]  # type: ignore[arg-type]  # kinds are named alike
        if facts is not None:
            notes += [Note("flag", flag) for flag in facts.flags]
            if facts.unit is not None and not self._has_unit(facts):
                notes.append(Note("flag", UNKNOWN_UNIT))
            if facts.skill is not None and not self._has_skill(facts.skill):
                notes.append(Note("flag", UNKNOWN_SKILL))
        if (review := self._templates.follows(statement)) is not None:
            notes += _of_review(review)
        return notes

    def _knows(self, statement: Mapping[str, Any]) -> bool:
        """Tell whether the vocabulary has all words of a statement, extensions of others among what it has not."""
        known = self._vocabulary
        if statement["verb"]["id"] not in known.verbs:
            return False
        definition = statement["object"].get("definition")
        if definition is not None and (type_ := definition.get("type")) is not None and type_ not in known.types:
            return False
        for part in ("context", "result"):
            extensions = statement.get(part, _NOTHING).get("extensions", _NOTHING)
            if not known.extensions.keys() >= extensions.keys():
                return False
        return True


# There are few templates, and few ways to break one.
@lru_cache(maxsize=4096)
def _of_review(review: Review) -> Sequence[Note]:
    template = review.template or ""
    notes = [Note("template", template)]
    if review.faults:
        notes.append(Note("broken", template))
    return notes + [Note("rule", template, *fault) for fault in sorted(set(review.faults))]


class Notes:
    """What was noticed in a batch, by what it is."""

    def __init__(self, of: Callable[[Mapping[str, Any], Facts | None], Sequence[Note]], batch: Sequence[Found]) -> None:
        self._of = of
        self.first, self.last = (batch[0].stored, batch[-1].stored) if batch else (0, 0)
        self.voided = [found.id for found in batch if found.voided]
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
