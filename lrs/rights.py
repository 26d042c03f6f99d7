"""The services and views for the rights of the people concerned, put together."""

from lrs.config import Config
from lrs.parts import Parts
from lrs.resources.api.dossier import dossier
from lrs.resources.api.interface import Section
from lrs.resources.api.policies import policies
from lrs.resources.api.subjects import subjects
from lrs.resources.bodies import Bodies
from lrs.services.consents import ConsentService
from lrs.services.erasing import Erasing
from lrs.services.folding import folding_of
from lrs.services.records import RecordService
from lrs.services.subjects.access import Access
from lrs.services.subjects.corrections import Corrections
from lrs.services.subjects.dossier import DossierService, Server
from lrs.services.subjects.fulfilment import Fulfilling
from lrs.services.subjects.policies import PolicyService
from lrs.services.subjects.recipients import Recipients
from lrs.services.subjects.requests import RequestService
from lrs.services.subjects.withdrawals import Withdrawals


def rights(
    config: Config, parts: Parts, bodies: Bodies, records: RecordService, consents: ConsentService
) -> list[Section]:
    """Return the sections."""
    store, pepper, decided = parts.store, config.pepper, PolicyService(parts.store)
    requests = RequestService(store, parts.registries, decided, pepper)
    withdrawals = Withdrawals(consents)
    erasing = Erasing(store, folding_of(store, parts.registries, config.timezone), pepper)
    corrections = Corrections(store, parts.statements, pepper)
    access = Access(store, requests, records, withdrawals, Recipients(store, parts.agreements))
    fulfilling = Fulfilling(store, requests, corrections, withdrawals, erasing)
    server = Server(config.public_url, config.timezone, config.audit_anchors is not None)
    facts = DossierService(store, parts.registries, decided, server)
    return [subjects(requests, access, fulfilling, bodies), policies(decided), dossier(facts)]
