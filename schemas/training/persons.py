"""Identities as people and files write them, and as keyed pseudonyms that nobody can turn back.

A mailbox is one identity however it is written: as ``mailto:`` and as its SHA-1 it gets the same pseudonym. So is a
number at one home page: in other digits, in groups, with +84, glued to letters or with more around it.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from schemas.faults import Refused
from schemas.training.numbers import number_in_iri, old_number, personal_number, printed
from schemas.training.terms import PSEUDONYMS
from schemas.xapi.agents import load_agent
from schemas.xapi.identity import identity, lower_domain

_MAILTO: Final = "mailto:"
_ACCOUNT: Final = "account:"
_SHA1: Final = "sha1:"
_OPENID: Final = "openid:"
_OURS: Final = f"{_ACCOUNT}{PSEUDONYMS} "
_LENGTH: Final = 32
# Between the digits of a number as people write it.
_BETWEEN: Final = re.compile(r"[\s.\-]+")
_NUMBER: Final = re.compile(r"\d{12}|\d{9}|(?:\+?84|0)\d{9,10}")
_ABROAD: Final = re.compile(r"\+?84(?=\d{9}$)")
_MAILBOX: Final = re.compile(r"(?:mailto:)?[^@\s/]+@[^@\s/]+\.[^@\s/.]+", re.IGNORECASE)
_RULE: Final = "identity"
_NONE: Final = "This must be an identity: mailto:…, account:HOMEPAGE NAME, sha1:…, openid:…, or an Agent as JSON."


class Pseudonyms:
    """Replaces identities that name somebody; ``key`` is the organisation's, and not in the database."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def identity(self, who: str) -> str:
        """Return the identity of the pseudonym; the identity itself where it names nobody outside of its source."""
        return self.of(who) if names_somebody(who) else who

    def of(self, who: str) -> str:
        """Return the identity of the pseudonym of any identity; that of a pseudonym is itself."""
        return who if who.startswith(_OURS) else f"{_OURS}{self._name(who)}"

    def agent(self, agent: Mapping[str, Any]) -> dict[str, Any]:
        """Return an Agent or Group, its members too, whose identities are replaced and whose Agents have no names."""
        kept = {name: value for name, value in agent.items() if name in {"objectType", "name", "member"}}
        if kept.get("objectType") != "Group":
            kept.pop("name", None)
        if "member" in kept:
            kept["member"] = [self.agent(each) for each in kept["member"]]
        who = identity(agent)
        if who is None:
            return kept
        shown = self.identity(who)
        return kept | (agent_of(shown) if shown != who else {n: v for n, v in agent.items() if n in _IDENTIFIERS})

    def _name(self, who: str) -> str:
        return hmac.digest(self._key, _essence(who).encode(), hashlib.sha256).hex()[:_LENGTH]


_IDENTIFIERS: Final = frozenset({"mbox", "mbox_sha1sum", "openid", "account"})


def names_somebody(who: str) -> bool:
    """Tell whether an identity names somebody beyond its source: a mailbox, an OpenID, a personal or phone number."""
    if not who.startswith(_ACCOUNT):
        return True
    if who.startswith(_OURS):
        return False
    home, _, name = who[len(_ACCOUNT) :].partition(" ")
    if number_of(name) is not None or number_in_iri(home) is not None:
        return True
    return _MAILBOX.fullmatch(printed(name).strip()) is not None


def spellings(who: str) -> frozenset[str]:
    """Return an identity and, of a mailbox, its SHA-1, by which the same mailbox may be known."""
    return frozenset({who, _essence(who)}) if who.startswith(_MAILTO) else frozenset({who})


def are_all_spellings_known(who: str) -> bool:
    """Tell whether ``spellings`` are all that an identity can have, beside its pseudonym."""
    return who.startswith(_MAILTO) or not names_somebody(who)


def number_of(name: str) -> str | None:
    """Return the number that a name is, or holds: all of it of 12 or 9 digits or a phone, or a personal one anywhere.

    Of 9 digits with more around them only those of an identity card, named so.
    """
    whole = _BETWEEN.sub("", printed(name))
    if _NUMBER.fullmatch(whole):
        return _ABROAD.sub("0", whole)
    return personal_number(name) or old_number(name)


def agent_of(who: str) -> dict[str, Any]:
    """Return the Agent with this canonical identity."""
    if who.startswith(_ACCOUNT):
        home, _, name = who[len(_ACCOUNT) :].partition(" ")
        return {"account": {"homePage": home, "name": name}}
    if who.startswith(_SHA1):
        return {"mbox_sha1sum": who[len(_SHA1) :]}
    return {"openid": who[len(_OPENID) :]} if who.startswith(_OPENID) else {"mbox": who}


def read_identity(text: str) -> str:
    """Return the canonical identity that a text means: its own form, or an Agent as JSON; raise Refused.

    Paths of faults are empty: whoever asks knows where it stood.
    """
    try:
        agent = json.loads(text) if text.lstrip().startswith("{") else _parted(text)
        who = identity(load_agent(agent)) if isinstance(agent, dict) else None
    except (ValueError, RecursionError):
        who = None
    if who is None:
        raise Refused.at("", _RULE, _NONE)
    return who


def _parted(text: str) -> dict[str, Any] | None:
    return None if text.startswith(_ACCOUNT) and " " not in text else agent_of(text)


def _essence(who: str) -> str:
    """Return what a pseudonym is made of: the same for all ways to write one mailbox or one number."""
    if who.startswith(_MAILTO):
        return _SHA1 + hashlib.sha1(lower_domain(who).encode(), usedforsecurity=False).hexdigest()
    if who.startswith(_ACCOUNT):
        home, _, name = who.partition(" ")
        return f"{home} {number_of(name) or name}"
    return who
