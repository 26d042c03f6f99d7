"""Where the layers meet."""

import atexit
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Blueprint, Flask

from lrs.config import Config
from lrs.parts import Parts
from lrs.resources import errors
from lrs.resources.alternate import AlternateSyntax
from lrs.resources.api.agreements import agreements
from lrs.resources.api.audit import audit
from lrs.resources.api.batches import batches
from lrs.resources.api.consents import consents
from lrs.resources.api.credentials import credentials
from lrs.resources.api.diagnostics import diagnosis
from lrs.resources.api.exports import exports
from lrs.resources.api.forwards import forwards
from lrs.resources.api.interface import Interface, Section
from lrs.resources.api.invitations import invitations
from lrs.resources.api.launches import launches
from lrs.resources.api.learners import learners
from lrs.resources.api.members import members
from lrs.resources.api.noticed import noticed
from lrs.resources.api.oidc import oidc
from lrs.resources.api.organisations import organisations
from lrs.resources.api.providers import providers
from lrs.resources.api.pulls import pulls
from lrs.resources.api.records import records
from lrs.resources.api.registries import registry_sections
from lrs.resources.api.reports import reports
from lrs.resources.api.searches import searches
from lrs.resources.api.sessions import sessions
from lrs.resources.api.units import assignments, units
from lrs.resources.api.validation import validation
from lrs.resources.api.webhooks import webhooks
from lrs.resources.bodies import Bodies
from lrs.resources.cookies import Cookies
from lrs.resources.diagnostics import watch
from lrs.resources.encodings import Decoding
from lrs.resources.guards import guard
from lrs.resources.health import health
from lrs.resources.limits import limit_addresses
from lrs.resources.metrics import metrics
from lrs.resources.oauth import oauth
from lrs.resources.oauth_paths import PATHS, TAG
from lrs.resources.profiles import profiles
from lrs.resources.xapi.about import About
from lrs.resources.xapi.activities import Activities
from lrs.resources.xapi.agents import Agents
from lrs.resources.xapi.documents import Documents
from lrs.resources.xapi.statements import Statements
from lrs.rights import rights
from lrs.services.activities import ActivityService
from lrs.services.agents import AgentService
from lrs.services.agreeing import AgreementService
from lrs.services.assignments import AssignmentService
from lrs.services.audit import AuditService
from lrs.services.consents import ConsentService
from lrs.services.credentials import CredentialService
from lrs.services.exporting import RecordExports
from lrs.services.folding import folding_of
from lrs.services.forwards import ForwardService
from lrs.services.health import Health
from lrs.services.learners import LearnerService
from lrs.services.metrics import Metrics
from lrs.services.noticed import NoticedService
from lrs.services.organisations import OrganisationService
from lrs.services.principals import Limits
from lrs.services.pulls import PullService
from lrs.services.records import RecordService
from lrs.services.searches import SearchService
from lrs.services.subjects.policies import PolicyService
from lrs.services.webhooks import WebhookService
from lrs.services.wordings import WordingService
from lrs.sharing import sharing
from schemas.xapi.resource_queries import Kind

_DOCUMENTS: Final[dict[str, Kind]] = {
    "/activities/state": "state",
    "/activities/profile": "activity profile",
    "/agents/profile": "agent profile",
}


class _Application(Flask):
    """Flask without the search for coroutines, a dozen times a request: nothing here is one."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function itself."""
        return func


def create_app(config: Config | None = None, *, before_commit: Callable[[], None] | None = None) -> Flask:
    """Return the server for one process; it opens the store and joins the other processes of it.

    Must be called in the process that serves. Raise BadSetting without a MongoDB or a pepper. ``before_commit`` is for
    fault tests: called while a write is stamped and not yet visible to anybody.
    """
    config = (config or Config.from_env()).needing("mongodb_uri", "pepper")
    parts = Parts(config, before_commit)
    parts.start()
    app = _Application("lrs", static_folder=None)
    app.url_map.strict_slashes = False
    # A redirect would answer before anybody has asked who is there.
    app.url_map.merge_slashes = False
    app.extensions["lrs"] = leave = parts.stop
    atexit.register(leave)
    errors.register(app)
    app.register_blueprint(health(Health(parts.safetime, parts.room)))
    if config.metrics_token:
        app.register_blueprint(metrics(Metrics(parts.store, parts.progress), config.metrics_token))
    app.register_blueprint(profiles())
    limit_addresses(app, parts.limits, proxies=config.proxies)
    app.register_blueprint(oauth(parts.tokens, parts.authenticator, parts.limits))
    xapi = _xapi(config, parts)
    app.register_blueprint(xapi)
    cookies = Cookies(config.public_url, parts.sessions)
    interface = Interface(app, _root(config), parts.authenticator, cookies, parts.limits, parts.diagnostics)
    interface.add(*_sections(config, parts, cookies))
    interface.describe(TAG, PATHS)
    _wrap(app, config, f"{xapi.url_prefix}/")
    return app


def _sections(config: Config, parts: Parts, cookies: Cookies) -> list[Section]:
    """Return the sections of the own API, in the order in which they are described."""
    store, registries, bodies = parts.store, parts.registries, _bodies(config)
    known = LearnerService(store, folding_of(store, registries, config.timezone), config.pepper)
    agreed = ConsentService(store, PolicyService(store), registries, config.pepper, config.timezone)
    transcripts = RecordService(
        store,
        registries,
        known,
        parts.progress,
        consents=agreed.standing,
        secret=config.pepper,
        timezone=config.timezone,
    )
    return [
        batches(parts.batches, bodies, parts.limits, parts.diagnostics),
        validation(bodies),
        diagnosis(parts.diagnostics),
        organisations(OrganisationService(store, parts.people)),
        credentials(CredentialService(store, config.pepper, config.home_page, _most(config)), parts.diagnostics),
        members(parts.people),
        invitations(parts.sessions),
        sessions(parts.sessions, cookies),
        oidc(parts.oidc, cookies, _root(config)),
        audit(AuditService(store.audit)),
        agreements(parts.agreements, AgreementService(store, config.pepper, registries)),
        sharing(config, parts, agreed),
        units(registries, bodies),
        assignments(AssignmentService(store, registries)),
        *registry_sections(registries, bodies),
        learners(known, bodies),
        consents(
            agreed,
            WordingService(store),
            bodies,
        ),
        records(transcripts, RecordExports(store, transcripts)),
        noticed(NoticedService(store, parts.progress)),
        searches(SearchService(store, parts.safetime, secret=config.pepper, page=config.page)),
        reports(parts.reports),
        exports(parts.reports),
        launches(parts.tokens),
        *rights(config, parts, bodies, transcripts, agreed),
        providers(parts.providers),
        pulls(PullService(store, config.pepper, parts.partners)),
        webhooks(WebhookService(store, config.pepper, parts.partners)),
        forwards(
            ForwardService(
                store, config.pepper, parts.partners, parts.agreements, lambda: parts.safetime.consistent_through
            )
        ),
    ]


def _wrap(app: Flask, config: Config, prefix: str) -> None:
    """Put around the application what rewrites requests: gzip first, then the alternate syntax."""
    forms = AlternateSyntax(app.wsgi_app, prefix, config.max_body)
    decoded = max(config.max_body, config.max_document), config.max_body + config.max_attachments
    app.wsgi_app = Decoding(forms, *decoded)  # type: ignore[method-assign]  # Flask's own way to wrap it


def close(app: Flask) -> None:
    """Leave the other processes and close the store; happens by itself when the process ends."""
    leave = app.extensions["lrs"]
    atexit.unregister(leave)
    leave()


def _xapi(config: Config, parts: Parts) -> Blueprint:
    """Return the xAPI endpoint."""
    blueprint, bodies = Blueprint("xapi", __name__, url_prefix="/xapi"), _bodies(config)
    path = f"{_root(config)}/xapi/statements"
    views = {
        "/statements": Statements.as_view("statements", parts.statements, bodies, parts.limits, path),
        "/about": About.as_view("about", _limits(config)),
        "/activities": Activities.as_view("activities", ActivityService(parts.store)),
        "/agents": Agents.as_view("agents", AgentService(parts.store)),
    }
    # The three document resources share one set of rules.
    for where, kind in _DOCUMENTS.items():
        views[where] = Documents.as_view(kind.replace(" ", "_"), kind, parts.documents, bodies)
    for where, view in views.items():
        blueprint.add_url_rule(where, view_func=view)
    guard(
        blueprint,
        parts.authenticator,
        parts.limits,
        config.default_version,
        lambda: parts.statements.consistent_through,
    )
    watch(blueprint, parts.diagnostics, {"xapi.statements"})
    return blueprint


def _root(config: Config) -> str:
    """Return the path that the outside reaches this application by; empty without a prefix."""
    return urlsplit(config.public_url).path.rstrip("/")


def _bodies(config: Config) -> Bodies:
    return Bodies(
        body=config.max_body,
        statement=config.max_statement,
        batch=config.max_batch,
        attachments=config.max_attachments,
        largest_document=config.max_document,
    )


def _most(config: Config) -> Limits:
    """Return the highest limits that an organisation may set for its keys."""
    return Limits(config.requests_per_minute, config.statements_per_minute, config.max_body, config.max_batch)


def _limits(config: Config) -> dict[str, int]:
    return {
        "requestBytes": config.max_body,
        "statementBytes": config.max_statement,
        "statementsPerRequest": config.max_batch,
        "statementsPerPage": config.page,
        "attachmentBytesPerRequest": config.max_attachments,
        "documentBytes": config.max_document,
    }
