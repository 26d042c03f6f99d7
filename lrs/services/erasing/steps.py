"""The steps of an erasure; each is a transaction that counts itself in the journal, and can be done again."""

import json
from collections.abc import Sequence
from typing import Final

import msgspec

from lrs.services import clocks
from lrs.services.erasing.people import Marks
from lrs.services.erasing.removing import Counts, Removing, Step
from lrs.services.erasing.tasks import Task
from lrs.services.folding import MOST_MOVED
from lrs.services.pseudonyms import keyed_hash
from lrs.store import Store
from lrs.store.consents import subject
from lrs.store.erasures import Erasure
from lrs.store.removals import Held
from lrs.store.rows import ORG_BYTES
from lrs.store.transactions import Session
from schemas.xapi.keys import mention_keys

_DOCUMENTS: Final = 100
_decode = msgspec.json.Decoder().decode


class Steps:
    """Does the steps; each tells how much it has done, 0 where nothing was left. Raises Unavailable."""

    def __init__(self, store: Store, removing: Removing, pepper: str) -> None:
        self._store = store
        self._removing = removing
        self._pepper = pepper

    def statements(self, task: Task, most: int, *, voiding: bool) -> int:
        """Remove or rewrite the next statements that name somebody: those that void, or all others.

        Those that void come last: then what the person said and voided has gone already, and nothing comes back.
        """
        for begin in range(0, len(task.identities), MOST_MOVED):
            part = task.identities[begin : begin + MOST_MOVED]
            keys = [key for who in part for key in mention_keys(who)]

            def write(session: Session, keys: list[bytes] = keys) -> Counts:
                step = self._next(task, keys, most, session, voiding=voiding)
                if not step.any:
                    return {}
                leaving = set(self._store.learners.find(task.org, task.identities, session).values())
                counts = self._removing.apply(task.org, step, session, "erased", leaving)
                gone = [each.found.id[ORG_BYTES:] for each in step.gone]
                rewritten = [each[ORG_BYTES:] for each in step.rewritten]
                self._store.erasures.add(task.erasure.id, counts, gone, clocks.now(), session, rewritten)
                return counts

            if done := self._removing.alone(task.org, write):
                return done["statements"] + done["mentions"]
        return 0

    def _next(self, task: Task, keys: list[bytes], most: int, session: Session, *, voiding: bool) -> Step:
        """Return what is to be done with the first statements that have one of these keys."""
        after = 0
        while True:
            found = self._store.removals.naming(task.org, keys, after, most, session, voiding=voiding)
            step = self._sorted(task, found, session)
            if step.any or len(found) < most:
                return step
            after = found[-1].found.stored  # these have the same keys by chance

    def _sorted(self, task: Task, found: list[Held], session: Session) -> Step:
        targets = [each.refers for each in found if each.voiding and each.refers is not None]
        gone_before = self._store.removals.gone(targets, session) if targets else set()
        step = Step([], {})
        for each in found:
            statement = _decode(each.found.raw)
            if not task.people.named_in(statement):
                continue
            # What somebody else's statement was voided by must stay, or that one would come back.
            if task.people.is_own(statement) and (not each.voiding or each.refers in gone_before):
                step.gone.append(each)
            else:
                step.rewritten[each.found.id] = each, task.people.without(each.found.raw, each.keys)
        return step

    def listed(self, task: Task, ids: Sequence[bytes]) -> int:
        """Remove statements by their ids, of 16 bytes, and let those that are not there never come."""
        written = {each for went in self._store.erasures.went(task.erasure.id) for each in went.statements}

        def write(session: Session) -> Counts:
            documents = [task.org + each for each in ids]
            held = self._store.removals.among(documents, len(documents), session)
            counts = self._removing.apply(task.org, Step(held, {}), session, "erased") if held else {}
            away = self._store.removals.gone(documents, session)
            self._store.removals.remove([each for each in documents if each not in away], clocks.now(), session)
            fresh = [each for each in ids if each not in written]
            self._store.erasures.add(task.erasure.id, counts, fresh, clocks.now(), session)
            return counts

        return self._removing.alone(task.org, write).get("statements", 0)

    def recall(self, erasure: Erasure, ids: Sequence[bytes]) -> None:
        """Let statements be voided where they have gone after all: they were on their way while they were erased."""

        def write(session: Session) -> None:
            count = self._store.forwarded.recall([erasure.org + each for each in ids], "erased", session)
            self._store.erasures.add(erasure.id, {"recalls": count}, [], clocks.now(), session)

        self._store.transact(write)

    def documents(self, task: Task) -> int:
        """Remove the next states and profiles of the person."""

        def write(session: Session) -> int:
            whose = {"agent": {"$in": task.identities}}
            count = self._store.removals.forget_documents(task.org, whose, _DOCUMENTS, session)
            self._store.erasures.add(task.erasure.id, {"documents": count}, [], clocks.now(), session)
            return count

        return self._store.transact(write)

    def rest(self, task: Task) -> int:
        """Remove what else is known: who the person is and has agreed to, last of all the learner."""
        store, org = self._store, task.org
        marks = Marks(self._pepper, org)
        subjects = {subject(org, form) for who in task.identities for form in marks.forms(who)}
        links = {keyed_hash(self._pepper, b"links", org, who) for who in task.identities}

        def write(session: Session) -> Counts:
            numbers = set(store.learners.find(org, task.identities, session).values())
            store.changes.note_people(org, numbers, session, "erased")
            counts = {
                "records": store.removals.forget_records(org, numbers, session),
                "consents": store.consents.forget(subjects, session),
                "links": store.removals.forget_links(org, links, session),
                "requests": store.requests.forget(org, task.erasure.hashes, session),
                "credentials": self._vouchers(task, session),
                "learners": store.removals.forget_learners(org, numbers, session),
            }
            store.erasures.add(task.erasure.id, counts, [], clocks.now(), session)
            return counts

        return sum(self._removing.alone(org, write).values())

    def _vouchers(self, task: Task, session: Session) -> int:
        """Let keys vouch for their statements as the account that stands for the person; return how many did."""
        count, after = 0, ""
        while page := self._store.credentials.of(task.org, after=after, most=100):
            after = page[-1].key
            for each in page:
                agent = json.loads(each.authority)
                if (shown := task.people.agent(agent)) != agent:
                    authority = json.dumps(shown, ensure_ascii=False).encode()
                    self._store.credentials.change(task.org, each.key, {"authority": authority}, session)
                    count += 1
        return count
