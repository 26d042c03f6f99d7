"""/api/providers: identity providers that the caller's organisation trusts."""

from typing import Any

from lrs.resources.api.interface import Section
from lrs.resources.guards import principal
from lrs.services.providers import Client, Provider, ProviderService, Wanted
from schemas.api.providers import NewProviderSchema, ProviderChangeSchema, ProviderSchema, ProvidersSchema


def providers(service: ProviderService) -> Section:
    """Return the views."""
    section = Section("providers", "Identity providers that the organisation trusts; they need the scope `admin`")

    @section.view("/providers", "GET", gives=ProvidersSchema)
    def all_of_them() -> dict[str, Any]:
        """List providers"""  # noqa: D400 - the first line is the operation's summary
        return {"providers": [_told(each) for each in service.all(principal())]}

    @section.view("/providers", "POST", takes=NewProviderSchema, gives=ProviderSchema, status=201, refusals=[409])
    def register(body: dict[str, Any]) -> dict[str, Any]:
        """Trust a provider

        It is asked for its description and its keys (OIDC discovery); one that does not answer is not registered.
        From then on its tokens for this audience open what both their `scope` and these scopes allow; there,
        they begin with `scope_prefix`, since some of their names mean another thing to providers.
        """  # noqa: D400 - the first line is the operation's summary
        return _told(service.register(principal(), Wanted(**_with_client(body))))

    @section.view("/providers/<provider>", "GET", gives=ProviderSchema)
    def get(provider: str) -> dict[str, Any]:
        """Show a provider"""  # noqa: D400 - the first line is the operation's summary
        return _told(service.get(principal(), provider))

    @section.view("/providers/<provider>", "PATCH", takes=ProviderChangeSchema, gives=ProviderSchema)
    def change(body: dict[str, Any], provider: str) -> dict[str, Any]:
        """Change a provider

        What is named is replaced as a whole. It holds everywhere within a minute.
        """  # noqa: D400 - the first line is the operation's summary
        return _told(service.change(principal(), provider, _with_client(body)))

    @section.view("/providers/<provider>", "DELETE", status=204)
    def remove(provider: str) -> None:
        """Trust a provider no longer

        Its tokens open nothing any more within a minute.
        """  # noqa: D400 - the first line is the operation's summary
        service.remove(principal(), provider)

    return section


def _with_client(body: dict[str, Any]) -> dict[str, Any]:
    return body | {"sign_in": Client(**body["sign_in"])} if body.get("sign_in") else body


def _told(provider: Provider) -> dict[str, Any]:
    sign_in = provider.sign_in
    return {
        "id": provider.id,
        "issuer": provider.issuer,
        "audience": provider.audience,
        "scopes": provider.scopes,
        "scope_prefix": provider.scope_prefix,
        "label": provider.label,
        "disabled": provider.disabled,
        "created": provider.created,
        "sign_in": sign_in and {"client_id": sign_in.client_id, "secret": sign_in.secret is not None},
    }
