"""Identity providers that an organisation trusts: their tokens open its part of this server, as far as it says.

A provider is asked at its registration: one that cannot be reached, or says to be another, is not registered.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import Any, Final

from lrs.errors import BadRequest, Conflict, NotFound
from lrs.services import clocks
from lrs.services.discovery import read_keys
from lrs.services.principals import Principal
from lrs.services.seals import Seals
from lrs.services.web import NoAnswer, Web
from lrs.store import Store
from lrs.store.entries import Detail, Entry
from lrs.store.providers import PREFIX, Provider, SignIn
from lrs.store.transactions import Session
from schemas.faults import Fault

__all__ = ["Client", "Provider", "ProviderService", "Wanted"]

MOST: Final = 20
"""Providers of one organisation: every process knows those of all."""
_ID_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Client:
    """What this server is called at a provider, for people who sign in, and its secret there if it has one."""

    client_id: str
    client_secret: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A provider that is to be trusted; ``scopes`` is the most that its tokens may do.

    In its tokens they stand behind ``scope_prefix``.
    """

    issuer: str
    audience: str
    scopes: frozenset[str]
    label: str = ""
    sign_in: Client | None = None
    scope_prefix: str = PREFIX


class ProviderService:
    """Looks after providers; everything needs the right ``admin`` and stays within the caller's organisation.

    ``home`` is the address of this server, which is no provider of itself.
    """

    def __init__(self, store: Store, web: Web, pepper: str, home: str) -> None:
        self._store = store
        self._rows = store.providers
        self._web = web
        self._seals = Seals(pepper, "providers")
        self._home = home.rstrip("/")

    def all(self, principal: Principal) -> list[Provider]:
        """Return the providers, the oldest first."""
        principal.require("admin")
        return self._rows.of(principal.org)

    def get(self, principal: Principal, provider: str) -> Provider:
        """Return a provider; raise NotFound, also for those of others."""
        principal.require("admin")
        return self._held(principal, provider)

    def register(self, principal: Principal, wanted: Wanted) -> Provider:
        """Trust a provider from now on.

        Raise BadRequest where it gives no useful answer, Conflict where it is registered with this audience or there
        are as many as an organisation may have, Forbidden for scopes that the caller may not grant.
        """
        principal.require("admin")
        principal.require_grant(wanted.scopes)
        if self._rows.count(principal.org) >= MOST:
            raise _full()
        uri, keys = self._asked(wanted.issuer)
        identifier, now = token_hex(_ID_BYTES), clocks.now()
        made = Provider(
            id=identifier,
            org=principal.org,
            issuer=wanted.issuer,
            audience=wanted.audience,
            scopes=wanted.scopes,
            jwks_uri=uri,
            fetched=now,
            created=now,
            label=wanted.label,
            sign_in=self._sealed(identifier, wanted.sign_in),
            scope_prefix=wanted.scope_prefix,
        )

        def insert(session: Session) -> None:
            # Of two that register at once one is tried again: both write to the same audit.
            if self._rows.count(principal.org, session) >= MOST:
                raise _full()
            if not self._rows.insert(made, keys, session):
                raise Conflict("This issuer is registered with this audience already")

        details: dict[str, Detail] = {"issuer": wanted.issuer, "scopes": sorted(wanted.scopes)}
        self._store.administer(principal.org, insert, _entry(principal, "provider.registered", identifier, details))
        return made

    def change(self, principal: Principal, provider: str, values: Mapping[str, Any]) -> Provider:
        """Set ``scopes``, ``scope_prefix``, ``label``, ``disabled`` or ``sign_in``; return the provider as it is then.

        Raise NotFound, and Forbidden for scopes that the caller may not grant.
        """
        principal.require("admin")
        principal.require_grant(values.get("scopes", frozenset()))
        found = dict(values)
        if "sign_in" in found:
            found["sign_in"] = self._sealed(provider, found["sign_in"])

        def change(session: Session) -> Provider:
            changed = replace(self._held(principal, provider, session), **found)
            self._rows.replace(changed, session)
            return changed

        details: dict[str, Detail] = {"fields": sorted(found)}
        if "scopes" in found:
            details["scopes"] = sorted(found["scopes"])
        return self._store.administer(principal.org, change, _entry(principal, "provider.changed", provider, details))

    def remove(self, principal: Principal, provider: str) -> None:
        """Trust a provider no longer: its tokens open nothing within a minute. Raise NotFound."""
        principal.require("admin")

        def delete(session: Session) -> None:
            if not self._rows.delete(principal.org, provider, session):
                raise NotFound

        self._store.administer(principal.org, delete, _entry(principal, "provider.removed", provider, {}))

    def for_people(self, org: bytes) -> list[Provider]:
        """Return the providers by which people can sign in to administer an organisation."""
        return [each for each in self._rows.of(org) if each.sign_in is not None and not each.disabled]

    def client(self, provider: Provider) -> Client:
        """Return what this server is called at a provider, with the secret; raise NotFound where nobody signs in."""
        held = provider.sign_in
        if held is None:
            raise NotFound
        secret = self._seals.open(held.secret, provider.id).decode() if held.secret is not None else None
        return Client(held.client_id, secret)

    def _asked(self, issuer: str) -> tuple[str, bytes]:
        if issuer.rstrip("/") == self._home:
            raise BadRequest("This cannot be registered", [Fault("issuer", "other", "this is the server itself")])
        try:
            with self._web.turn():
                return read_keys(self._web, issuer)
        except NoAnswer as error:
            fault = Fault("issuer", "provider", error.title)
            raise BadRequest("The identity provider cannot be registered", [fault]) from error

    def _sealed(self, provider: str, client: Client | None) -> SignIn | None:
        if client is None:
            return None
        secret = client.client_secret
        return SignIn(client.client_id, None if secret is None else self._seals.seal(secret.encode(), provider))

    def _held(self, principal: Principal, provider: str, session: Session | None = None) -> Provider:
        found = self._rows.find(principal.org, provider, session)
        if found is None:
            raise NotFound
        return found


def _full() -> Conflict:
    return Conflict(f"An organisation has at most {MOST} identity providers: remove one first")


def _entry(principal: Principal, action: str, provider: str, details: dict[str, Detail]) -> Entry:
    return Entry(principal.credential, action, provider, details)
