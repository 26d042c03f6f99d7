"""The keys of organisations for what must not be turned back; they follow from the pepper and lie nowhere."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import cast

from schemas.training.intake import DEFAULT, Contents, Intake
from schemas.training.persons import Pseudonyms


def pseudonyms_of(pepper: str, org: bytes) -> Pseudonyms:
    """Return an organisation's pseudonyms: the same as long as the pepper is."""
    return Pseudonyms(_key(pepper, b"pseudonyms", org))


def intake_of(pepper: str, org: bytes, policy: Mapping[str, str]) -> Intake:
    """Return a credential's policy, with the pseudonyms of its organisation where it needs them."""
    if not policy:
        return DEFAULT
    replaces = policy.get("identities") == "pseudonymise"
    contents = cast(Contents, policy.get("contents", DEFAULT.contents))
    return Intake(contents, pseudonyms_of(pepper, org) if replaces else None)


def keyed_hash(pepper: str, purpose: bytes, org: bytes, text: str) -> str:
    """Return 32 hexadecimal digits that stand for a text, for one purpose of one organisation."""
    return hmac.digest(_key(pepper, purpose, org), text.encode(), hashlib.sha256).hex()[:32]


def _key(pepper: str, purpose: bytes, org: bytes) -> bytes:
    return hmac.digest(pepper.encode(), purpose + org, hashlib.sha256)
