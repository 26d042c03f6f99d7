"""The facts for an impact assessment (Law 91/2025/QH15, Decree 356/2025/NĐ-CP), as they are at this moment.

Everything here is read from the configuration and from what is stored. What this system cannot know is said to be
unknown, and never guessed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from lrs.errors import NotFound
from lrs.services import clocks
from lrs.services.audit import holds
from lrs.services.principals import Principal
from lrs.services.registries import RegistryService
from lrs.services.subjects.policies import PolicyService
from lrs.services.verification import Verifier
from lrs.store import Store
from lrs.store.agreements import Agreement
from lrs.store.credentials import Credential
from lrs.store.organisations import Organisation
from schemas.api.audit import AuditQuery
from schemas.subjects.policies import REQUEST_TYPES, Policies
from schemas.subjects.requests import OPEN
from schemas.training.intake import CONTENTS, IDENTITIES
from schemas.training.minors import WORDS as MINORS

LAWS: Final = ("91/2025/QH15", "356/2025/NĐ-CP")
_WALKED: Final = 20_000
"""Records of the audit that are verified while somebody waits; longer chains are left to the command line."""
_LOOKED_AT: Final = 500
_CHANGES: Final = 20
_TOLD: Final = frozenset(
    {"agreement", "erasure", "forward", "policies", "provider", "pull", "registry", "retention", "webhook"}
)
"""What the actions begin with that change what this tells."""


class Server(NamedTuple):
    """What is known of the server itself: its public address, the zone of its days, whether anchors go to a file."""

    address: str
    timezone: str
    anchors: bool


class DossierService:
    """Tells the facts of the caller's organisation; needs ``admin`` or ``audit/read``."""

    def __init__(self, store: Store, registries: RegistryService, policies: PolicyService, server: Server) -> None:
        self._store = store
        self._registries = registries
        self._policies = policies
        self._server = server

    def of(self, principal: Principal) -> dict[str, Any]:
        """Return all of it; raise Forbidden, Unavailable."""
        principal.require("dossier")
        org = principal.org
        organisation = self._store.organisations.of(org)
        if organisation is None:
            raise NotFound("There is no such organisation")
        policies, agreements = self._policies.of(org), self._store.agreements.of(org)
        given = [each for each in agreements if each.giver == org and each.state != "proposed"]
        keys = list(self._keys(org))
        return {
            "made": clocks.now(),
            "day": self._registries.today(),
            "laws": list(LAWS),
            "organisation": {"id": organisation.id, "name": organisation.name, "kind": organisation.kind},
            "controller": _contact(policies, "controller"),
            "officer": _contact(policies, "officer"),
            "purposes": dict(policies.facts.purposes),
            "categories": self._store.holdings.of(org),
            "recipients": [_recipient(each) for each in given],
            "received": [_recipient(each) for each in agreements if each.taker == org and each.state != "proposed"],
            "bases": dict(Counter(each.basis for each in given if each.state != "ended")),
            "retention": {name: getattr(policies.retention, name) for name in policies.retention.__struct_fields__},
            "deadlines": {name: _term(policies, name) for name in policies.deadlines.__struct_fields__},
            "measures": self._measures(organisation, policies, keys),
            "minors": {
                "intake": _words(keys, "minors", MINORS),
                "agreements": sum(each.minors for each in given if each.state == "active"),
            },
            "flows": self._flows(org),
            "requests": self._requests(org),
            "changes": list(self._changes(org)),
        }

    def _keys(self, org: bytes) -> Iterator[Credential]:
        after = ""
        while page := self._store.credentials.of(org, after=after, most=_LOOKED_AT):
            yield from (each for each in page if not each.disabled)
            after = page[-1].key

    def _measures(self, organisation: Organisation, policies: Policies, keys: list[Credential]) -> dict[str, Any]:
        return {
            "own": dict(policies.facts.measures),
            "https": urlsplit(self._server.address).scheme == "https",
            "k": organisation.small,
            "keys": len(keys),
            "keys_that_end": sum(each.expires is not None for each in keys),
            "keys_that_only_write": sum(each.scopes == {"statements/write"} for each in keys),
            "identities": _words(keys, "identities", IDENTITIES),
            "contents": _words(keys, "contents", CONTENTS),
            "providers": self._store.providers.count(organisation.org),
            "audit": self._audit(organisation.org),
            "erasures": len(self._store.erasures.all(organisation.org)),
        }

    def _audit(self, org: bytes) -> dict[str, Any]:
        """Return the last record of the audit, and whether the chain holds; None where it is too long to tell here."""
        found = self._store.audit.find(org, AuditQuery(limit=1))
        head = found[0].record if found else None
        told: dict[str, Any] = {"records": found[0].seq if found else 0, "anchors": self._server.anchors}
        told |= {"head": None if head is None else head.hash.hex(), "sound": None, "findings": []}
        if found and (head is None or not holds(head, self._store.audit.seal)):
            told["sound"] = False
        if told["records"] <= _WALKED:
            verdict = Verifier(self._store.audit).verify(org)
            told |= {"sound": verdict.sound, "findings": [each._asdict() for each in verdict.findings]}
        return told

    def _flows(self, org: bytes) -> list[dict[str, Any]]:
        """Return where data goes to and comes from beside requests, by the hosts' names."""
        store = self._store
        sent = [_flow("forward", each.url, each.state, each.sent, each.agreement) for each in store.forwards.of(org)]
        fetched = [_flow("pull", each.url, each.state, each.taken) for each in store.pulls.of(org)]
        return sent + fetched + [_flow("webhook", each.url, each.state) for each in store.webhooks.of(org)]

    def _requests(self, org: bytes) -> dict[str, Any]:
        counts = self._store.requests.counts(org)
        kinds = {
            kind: {state: count for (of, state), count in sorted(counts.items()) if of == kind}
            for kind in REQUEST_TYPES
        }
        still_open = sum(count for (_, state), count in counts.items() if state in OPEN)
        late = len(self._store.requests.overdue(org, self._registries.today()))
        return {"by_type": {kind: found for kind, found in kinds.items() if found}, "open": still_open, "overdue": late}

    def _changes(self, org: bytes) -> Iterator[dict[str, Any]]:
        """Yield the latest changes of what this tells."""
        links = self._store.audit.find(org, AuditQuery(limit=_LOOKED_AT))
        found = (each.record for each in links if each.record is not None)
        changes = [each for each in found if each.action.partition(".")[0] in _TOLD]
        for each in changes[:_CHANGES]:
            yield {"time": each.time, "action": each.action, "target": each.target, "actor": each.actor}


def _flow(
    way: str, url: str, state: str, statements: int | None = None, agreement: str | None = None
) -> dict[str, Any]:
    host = urlsplit(url).hostname or ""
    return {"way": way, "host": host, "state": state, "statements": statements, "agreement": agreement}


def _contact(policies: Policies, who: str) -> dict[str, str]:
    found = getattr(policies.facts, who)
    return {"name": found.name, "contact": found.contact}


def _term(policies: Policies, name: str) -> dict[str, Any]:
    term = getattr(policies.deadlines, name)
    return {"days": term.days, "count": term.count}


def _recipient(agreement: Agreement) -> dict[str, Any]:
    partner: Mapping[str, str] = agreement.partner or {}
    return {
        "agreement": agreement.id,
        "giver": agreement.giver_id,
        "recipient": agreement.taker_id or partner.get("name", ""),
        "document": partner.get("document"),
        "purpose": dict(agreement.purpose),
        "basis": agreement.basis,
        "level": agreement.level,
        "fields": list(agreement.fields),
        "statements": agreement.statements,
        "minors": agreement.minors,
        "k": agreement.k,
        "state": agreement.state,
        "starts": agreement.starts,
        "ends": agreement.ends,
    }


def _words(keys: Iterable[Credential], name: str, words: Iterable[str]) -> dict[str, int]:
    """Return how many keys have each word of a policy; what is not said is the first of them."""
    known = list(words)
    found = Counter(each.intake.get(name, known[0]) for each in keys)
    return {word: found[word] for word in chain(known) if found[word]}
