"""The keys of organisations for what must not be turned back; they follow from the pepper and lie nowhere."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import cast

from schemas.training.intake import DEFAULT, Contents, Intake
from schemas.training.minors import Policy, Word
from schemas.training.persons import Pseudonyms


def pseudonyms_of(pepper: str, org: bytes) -> Pseudonyms:
    """Return an organisation's pseudonyms: the same as long as the pepper is."""
    return Pseudonyms(_key(pepper, b"pseudonyms", org))


def intake_of(pepper: str, org: bytes, policy: Mapping[str, str]) -> Intake:
    """Return a credential's policy, with the pseudonyms of its organisation where it needs them."""
    if not policy:
        return DEFAULT
    names = pseudonyms_of(pepper, org)
    contents = cast(Contents, policy.get("contents", DEFAULT.contents))
    word = cast(Word, policy.get("minors", "keep"))
    minors = None if word == "keep" else Policy(word, names)
    return Intake(contents, names if policy.get("identities") == "pseudonymise" else None, minors)


def keyed_hash(pepper: str, purpose: bytes, org: bytes, text: str) -> str:
    """Return 32 hexadecimal digits that stand for a text, for one purpose of one organisation."""
    return hmac.digest(_key(pepper, purpose, org), text.encode(), hashlib.sha256).hex()[:32]


def _key(pepper: str, purpose: bytes, org: bytes) -> bytes:
    return hmac.digest(pepper.encode(), purpose + org, hashlib.sha256)
