"""The services and views for the rights of the people concerned, put together."""

from lrs.config import Config
from lrs.parts import Parts
from lrs.resources.api.interface import Section
from lrs.resources.api.policies import policies
from lrs.resources.api.subjects import subjects
from lrs.resources.bodies import Bodies
from lrs.services.subjects.corrections import Corrections
from lrs.services.subjects.fulfilment import Fulfilling
from lrs.services.subjects.policies import PolicyService
from lrs.services.subjects.requests import RequestService


def rights(config: Config, parts: Parts, bodies: Bodies) -> list[Section]:
    """Return the sections."""
    store, pepper = parts.store, config.pepper
    decided = PolicyService(store)
    requests = RequestService(store, parts.registries, decided, pepper)
    corrections = Corrections(store, parts.statements, pepper)
    fulfilling = Fulfilling(store, requests, corrections, erasing=parts.erasing)
    return [subjects(requests, fulfilling, bodies), policies(decided)]
