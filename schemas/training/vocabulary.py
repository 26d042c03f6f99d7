"""What the words of other vocabularies mean in ours: data, which an operator may add to."""

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, NamedTuple

from schemas.training.terms import BASE, EXTENSIONS, KINDS, OUTCOMES, ROLES, VERBS

_SHIPPED: Final = Path(__file__).with_name("vocabulary.json")
_PARTS: Final = frozenset(["prefixes", "verbs", "types", "kinds", "two-sided", "outcomes", "extensions", "roles"])
_OUTCOMES: Final = frozenset(OUTCOMES)
_FEW: Final = 32
_REMEMBERED: Final = 1024


class Verb(NamedTuple):
    """Our word for a verb, which may hang on ``result.success``, and count with some activity types only."""

    success: str
    failure: str
    otherwise: str
    types: frozenset[str] | None = None

    def word(self, success: object, type_: str) -> str | None:
        """Return our word; None where the verb does not count with that type."""
        if self.types is not None and type_ not in self.types:
            return None
        return self.success if success is True else self.failure if success is False else self.otherwise


class Vocabulary:
    """Verbs, activity types, extensions and roles by IRI, and our word for each: the shipped ones, and additions.

    Additions have the shape of ``vocabulary.json``, later ones win; ``ValueError`` names what is no word of ours. An
    IRI may be written with one of the prefixes. ``null`` says: known, and not counted. A type may be any word.
    ``two_sided`` are the types, in our words, whose end both sides must tell: who sends somebody, and who takes him in.
    ``outcomes`` tell what an answer to a follow-up survey means, by the extension that holds it, or "response" for
    ``result.response``: our word by the answer, in small letters. ``digest`` is another one where any word is.
    """

    def __init__(self, *additions: Mapping[str, Any]) -> None:
        prefixes = {"own": f"{BASE}/"}
        self.verbs: dict[str, Verb | None] = {}
        self.types: dict[str, str | None] = {}
        self.extensions: dict[str, str | None] = {}
        self.roles: dict[str, str | None] = {}
        self.two_sided: frozenset[str] = frozenset()
        self.outcomes: dict[str, dict[str, str]] = {}
        self._meanings: dict[tuple[str, ...], list[tuple[str, str]]] = {}
        self._kinds: dict[str, dict[str, str]] = {"verbs": {}, "types": {}}
        parts = (json.loads(_SHIPPED.read_bytes()), *additions)
        self.digest: Final = blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=8).hexdigest()
        for data in parts:
            if strange := data.keys() - _PARTS:
                raise ValueError(f"a vocabulary has no part {min(strange)!r}")
            prefixes |= data.get("prefixes", {})
            self.verbs.update((iri, _verb(iri, word)) for iri, word in _expanded(data, "verbs", prefixes))
            self.types.update((iri, _plain(iri, word)) for iri, word in _expanded(data, "types", prefixes))
            for part, known, words in (("extensions", self.extensions, EXTENSIONS), ("roles", self.roles, ROLES)):
                known.update((iri, _one_of(iri, word, words)) for iri, word in _expanded(data, part, prefixes))
            self.two_sided |= frozenset(data.get("two-sided", ()))
            self.outcomes.update((iri, _answers(iri, told)) for iri, told in _expanded(data, "outcomes", prefixes))
            for part, kinds in self._kinds.items():
                found = data.get("kinds", {}).get(part, {})
                kinds.update((word, _required(word, kind, KINDS)) for word, kind in found.items())

    def meanings(self, extensions: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
        """Return those of these extensions that count, in the order of their IRIs, with our word for each."""
        # Senders name the same ones in the same order again and again.
        names = tuple(extensions)
        if (found := self._meanings.get(names)) is None:
            found = [(iri, word) for iri in sorted(names) if (word := self.extensions.get(iri))]
            if len(names) <= _FEW:
                if len(self._meanings) >= _REMEMBERED:
                    self._meanings.clear()
                self._meanings[names] = found
        return found

    def type(self, iri: str | None) -> str | None:
        """Return our word for an activity type, the IRI itself where there is none, "" without; None: not counted."""
        return self.types.get(iri, iri) if iri else ""

    def kind(self, verb: str, type_: str) -> str:
        """Return what a verb and a type, in our words, count as."""
        return self._kinds["verbs"].get(verb) or self._kinds["types"].get(type_) or "learning"


def unmapped(statement: Mapping[str, Any], vocabulary: Vocabulary) -> list[tuple[str, str]]:
    """Return what a valid statement says that the vocabulary does not know, as ("verb" | "type" | "extension", IRI).

    Of extensions only those in the profile's own namespace: others are their senders' business.
    """
    found: set[tuple[str, str]] = set()
    if (verb := statement["verb"]["id"]) not in vocabulary.verbs:
        found.add(("verb", verb))
    type_ = statement["object"].get("definition", {}).get("type")
    if type_ is not None and type_ not in vocabulary.types:
        found.add(("type", type_))
    for part in ("context", "result"):
        for iri in statement.get(part, {}).get("extensions", {}):
            if iri.startswith(f"{BASE}/") and iri not in vocabulary.extensions:
                found.add(("extension", iri))
    return sorted(found)


def _expanded(data: Mapping[str, Any], part: str, prefixes: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for name, word in data.get(part, {}).items():
        prefix, _, rest = name.partition(":")
        yield (prefixes[prefix] + rest if prefix in prefixes else name), word


def _verb(iri: str, word: Any) -> Verb | None:
    """Read a verb: a word, null, words by success, or a word with the types that it counts with."""
    if word is None:
        return None
    if not isinstance(word, Mapping):
        word = {"verb": word}
    success, failure, otherwise = (
        _required(iri, word.get(name, word.get("verb")), VERBS) for name in ("success", "failure", "otherwise")
    )
    return Verb(success, failure, otherwise, frozenset(word["types"]) if "types" in word else None)


def _plain(iri: str, word: Any) -> str | None:
    if word is not None and not (isinstance(word, str) and word):
        raise ValueError(f"{iri} must mean a word")
    return word


def _answers(iri: str, told: Any) -> dict[str, str]:
    """Read what answers mean; a word alone is what "true" means."""
    found = told if isinstance(told, Mapping) else {"true": told}
    return {answer.casefold(): _required(iri, word, _OUTCOMES) for answer, word in found.items()}


def _one_of(iri: str, word: Any, words: frozenset[str]) -> str | None:
    return None if word is None else _required(iri, word, words)


def _required(iri: str, word: Any, words: frozenset[str]) -> str:
    if not isinstance(word, str) or word not in words:
        raise ValueError(f"{iri} must mean one of {', '.join(sorted(words))}")
    return word
