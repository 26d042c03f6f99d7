"""Where the layers meet."""

import atexit
from collections.abc import Callable
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Blueprint, Flask

from lrs.config import Config
from lrs.resources import errors
from lrs.resources.alternate import AlternateSyntax
from lrs.resources.api.audit import audit
from lrs.resources.api.batches import batches
from lrs.resources.api.credentials import credentials
from lrs.resources.api.diagnostics import diagnosis
from lrs.resources.api.interface import Interface
from lrs.resources.api.invitations import invitations
from lrs.resources.api.launches import launches
from lrs.resources.api.learners import learners
from lrs.resources.api.members import members
from lrs.resources.api.oidc import oidc
from lrs.resources.api.organisations import organisations
from lrs.resources.api.providers import providers
from lrs.resources.api.registries import registry_sections
from lrs.resources.api.sessions import sessions
from lrs.resources.api.units import assignments, units
from lrs.resources.api.validation import validation
from lrs.resources.bodies import Bodies
from lrs.resources.cookies import Cookies
from lrs.resources.diagnostics import watch
from lrs.resources.encodings import Decoding
from lrs.resources.guards import guard
from lrs.resources.health import health
from lrs.resources.limits import limit_addresses, limit_callers
from lrs.resources.oauth import oauth
from lrs.resources.profiles import profiles
from lrs.resources.xapi.about import About
from lrs.resources.xapi.activities import Activities
from lrs.resources.xapi.agents import Agents
from lrs.resources.xapi.documents import Documents
from lrs.resources.xapi.statements import Statements
from lrs.services.activities import ActivityService
from lrs.services.agents import AgentService
from lrs.services.assignments import AssignmentService
from lrs.services.audit import AuditService, sealed_with
from lrs.services.auth import Authenticator
from lrs.services.batches import BatchService
from lrs.services.bearers import Bearers
from lrs.services.credentials import CredentialService
from lrs.services.diagnostics import Diagnostics
from lrs.services.documents import DocumentService
from lrs.services.folding import folding_of
from lrs.services.health import Health
from lrs.services.issuers import Issuers
from lrs.services.keyring import Keyring
from lrs.services.learners import LearnerService
from lrs.services.limits import Attempts, RateLimits
from lrs.services.oidc import OidcService
from lrs.services.organisations import OrganisationService
from lrs.services.passwords import Passwords
from lrs.services.people import People
from lrs.services.principals import Limits
from lrs.services.providers import ProviderService
from lrs.services.registries import RegistryService
from lrs.services.room import Room
from lrs.services.safetime import SafeTime
from lrs.services.sessions import SessionService
from lrs.services.statements import StatementService
from lrs.services.tokens import Tokens
from lrs.services.walks import Walks
from lrs.services.web import Web
from lrs.store import Store, open_store
from schemas.xapi.resource_queries import Kind

_SPARE_CONNECTIONS = 4
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
    store = open_store(
        config.mongodb_uri,
        config.database,
        deadline=config.deadline,
        connections=config.threads + _SPARE_CONNECTIONS,
        seal=sealed_with(config.pepper),
    )
    safetime = SafeTime(store.promises, linger=config.deadline)
    safetime.start()
    diagnostics = Diagnostics(store.diagnostics)
    diagnostics.start()
    room = Room(config.room)
    service = StatementService(
        store, safetime, Walks(config.pepper), room=room, page=config.page, before_commit=before_commit
    )
    app = _Application("lrs", static_folder=None)
    app.url_map.strict_slashes = False
    web = Web(config.provider_hosts.split())
    issuers = Issuers(store, web, config.pepper)
    app.extensions["lrs"] = leave = partial(_leave, safetime, diagnostics, issuers, store)
    atexit.register(leave)
    errors.register(app)
    app.register_blueprint(health(Health(safetime, room)))
    app.register_blueprint(profiles())
    limits = RateLimits(
        store.allowances,
        config.pepper,
        requests=config.requests_per_minute,
        statements=config.statements_per_minute,
        address_requests=config.address_requests_per_minute,
    )
    limit_addresses(app, limits, proxies=config.proxies)
    tokens = _tokens(config, store)
    attempts = Attempts(store.allowances, config.pepper)
    authenticator = Authenticator(store, config.pepper, bearer=Bearers(tokens, issuers).prove, attempts=attempts)
    app.register_blueprint(oauth(tokens, authenticator, limits))
    passwords = Passwords()
    people = People(store, config.pepper, passwords)
    signing_in = SessionService(store, config.pepper, config.home_page, people, passwords, attempts)
    cookies = Cookies(config.public_url, signing_in)
    known = ProviderService(store, web, config.pepper, config.home_page)
    by_others = OidcService(store, config.pepper, config.home_page, known, issuers, web, signing_in)
    bodies = _bodies(config)
    registries = RegistryService(store, config.timezone)
    xapi = _xapi(config, bodies, service, authenticator, limits)
    _add_documents(xapi, bodies, DocumentService(store.documents, room=room, most=config.max_document))
    xapi.add_url_rule("/activities", view_func=Activities.as_view("activities", ActivityService(store)))
    xapi.add_url_rule("/agents", view_func=Agents.as_view("agents", AgentService(store)))
    watch(xapi, diagnostics, {"xapi.statements"})
    app.register_blueprint(xapi)
    Interface(app, _root(config), authenticator, cookies, limits, diagnostics).add(
        batches(BatchService(store, safetime, room=room), bodies, limits, diagnostics),
        validation(bodies),
        diagnosis(diagnostics),
        organisations(OrganisationService(store, people)),
        credentials(CredentialService(store, config.pepper, config.home_page, _most(config)), diagnostics),
        members(people),
        invitations(signing_in),
        sessions(signing_in, cookies),
        oidc(by_others, cookies, _root(config)),
        audit(AuditService(store.audit)),
        units(registries, bodies),
        assignments(AssignmentService(store, registries)),
        *registry_sections(registries, bodies),
        learners(LearnerService(store, folding_of(store, registries, config.timezone), config.pepper), bodies),
        launches(tokens),
        providers(known),
    )
    _wrap(app, config, f"{xapi.url_prefix}/")
    return app


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


def _leave(safetime: SafeTime, diagnostics: Diagnostics, issuers: Issuers, store: Store) -> None:
    safetime.stop()
    diagnostics.stop()
    issuers.stop()
    store.close()


def _tokens(config: Config, store: Store) -> Tokens:
    # Tokens are judged with their credentials: this one does that, and the one that callers meet needs the tokens.
    admit = Authenticator(store, config.pepper).admit
    keyring = Keyring(store, config.pepper)
    return Tokens(store, keyring, config.home_page, admit=admit, lifetime=config.token_lifetime)


def _xapi(
    config: Config, bodies: Bodies, service: StatementService, authenticator: Authenticator, limits: RateLimits
) -> Blueprint:
    """Return the xAPI endpoint with its statements and ``about``."""
    blueprint = Blueprint("xapi", __name__, url_prefix="/xapi")
    statements = Statements.as_view("statements", service, bodies, limits, f"{_root(config)}/xapi/statements")
    blueprint.add_url_rule("/statements", view_func=statements)
    blueprint.add_url_rule("/about", view_func=About.as_view("about", _limits(config)))
    guard(blueprint, authenticator, config.default_version, lambda: service.consistent_through)
    limit_callers(blueprint, limits)
    return blueprint


def _add_documents(xapi: Blueprint, bodies: Bodies, service: DocumentService) -> None:
    """Add the three document resources, which share one set of rules."""
    for path, kind in _DOCUMENTS.items():
        xapi.add_url_rule(path, view_func=Documents.as_view(kind.replace(" ", "_"), kind, service, bodies))


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
