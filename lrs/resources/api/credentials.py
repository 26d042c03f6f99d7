"""/api/credentials: the keys of the caller's organisation."""

from dataclasses import asdict
from typing import Any, Final

from lrs.resources.api.diagnostics import told
from lrs.resources.api.interface import Section
from lrs.resources.guards import principal
from lrs.services.credentials import Credential, CredentialService, Wanted
from lrs.services.diagnostics import Diagnostics
from schemas.api.credentials import (
    CredentialChangeSchema,
    CredentialSchema,
    CredentialsQuerySchema,
    CredentialsSchema,
    IssuedCredentialSchema,
    NewCredentialSchema,
)
from schemas.api.diagnostics import DiagnosticsSchema

_TOLD_ONCE: Final = {"Cache-Control": "no-store"}

Answer = tuple[dict[str, Any], int, dict[str, str]]


def credentials(service: CredentialService, diagnostics: Diagnostics) -> Section:
    """Return the views."""
    section = Section("credentials", "Keys of the own organisation; they need the scope `credentials` or `admin`")

    @section.view("/credentials", "GET", query=CredentialsQuerySchema, gives=CredentialsSchema)
    def page(query: dict[str, Any]) -> dict[str, Any]:
        """List credentials

        In the order of their keys, without secrets, a page at a time.
        """  # noqa: D400 - the first line is the operation's summary
        # One more than asked for says whether there is a next page.
        found = service.page(principal(), after=query["after"], most=query["limit"] + 1)
        shown = found[: query["limit"]]
        more = len(found) > len(shown)
        return {"credentials": shown, "more": shown[-1].key if more else None}

    @section.view("/credentials", "POST", takes=NewCredentialSchema, gives=IssuedCredentialSchema, status=201)
    def create(body: dict[str, Any]) -> Answer:
        """Make a credential

        The answer holds its secret, this once. Without scopes it may do nothing but store statements. Who has no scope
        `admin` cannot grant `admin`, `credentials`, `share` and `audit/read`.
        """  # noqa: D400 - the first line is the operation's summary
        credential, secret = service.create(principal(), Wanted(**body))
        return asdict(credential) | {"secret": secret}, 201, _TOLD_ONCE

    @section.view("/credentials/<key>", "GET", gives=CredentialSchema)
    def get(key: str) -> Credential:
        """Show a credential"""  # noqa: D400 - the first line is the operation's summary
        return service.get(principal(), key)

    @section.view("/credentials/<key>", "PATCH", takes=CredentialChangeSchema, gives=CredentialSchema)
    def change(body: dict[str, Any], key: str) -> Credential:
        """Change a credential

        What is named is replaced as a whole. Who may not grant a scope cannot change credentials that have it. It holds
        everywhere within a minute.
        """  # noqa: D400 - the first line is the operation's summary
        return service.change(principal(), key, body)

    @section.view("/credentials/<key>", "DELETE", status=204)
    def delete(key: str) -> None:
        """Delete a credential

        It opens nothing any more within a minute; what was stored with it stays.
        """  # noqa: D400 - the first line is the operation's summary
        service.delete(principal(), key)

    @section.view("/credentials/<key>/secret", "POST", gives=IssuedCredentialSchema, status=201)
    def renew(key: str) -> Answer:
        """Give a credential a new secret

        The answer holds it, this once. The old one opens nothing any more within a minute.
        """  # noqa: D400 - the first line is the operation's summary
        credential, secret = service.renew(principal(), key)
        return asdict(credential) | {"secret": secret}, 201, _TOLD_ONCE

    @section.view("/credentials/<key>/diagnostics", "GET", gives=DiagnosticsSchema)
    def diagnosis(key: str) -> dict[str, Any]:
        """Tell why statements of a credential were refused

        As `/diagnostics` tells the credential itself.
        """  # noqa: D400 - the first line is the operation's summary
        held = service.get(principal(), key)
        return told(diagnostics.report_of(held.org, held.key, held.leniency))

    return section
