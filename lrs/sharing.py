"""The service and views of what organisations are given by agreement, put together."""

from lrs.config import Config
from lrs.parts import Parts
from lrs.resources.api.interface import Section
from lrs.resources.api.shared import shared
from lrs.services.consents import ConsentService
from lrs.services.coverage import KnownCoverage
from lrs.services.departures import Departures
from lrs.services.share_terms import TermsOf
from lrs.services.shared import SharedService


def sharing(config: Config, parts: Parts, consents: ConsentService) -> Section:
    """Return the section."""
    store = parts.store
    terms = TermsOf(parts.agreements, parts.registries, config.timezone)
    departures = Departures(store, config.pepper, terms, KnownCoverage(store, consents))
    return shared(SharedService(store, parts.agreements, terms, parts.progress, departures))
