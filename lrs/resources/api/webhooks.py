"""/api/webhooks: who is called about what happens."""

from typing import Any, Final

from lrs.resources.api.interface import Section
from lrs.resources.guards import principal
from lrs.services.webhooks import Called, Made, Wanted, WebhookService
from schemas.api.webhooks import (
    MadeWebhookSchema,
    NewWebhookSchema,
    TestedSchema,
    WebhookChangeSchema,
    WebhookSchema,
    WebhooksSchema,
)

_TOLD_ONCE: Final = {"Cache-Control": "no-store"}
_SHOWN: Final = ("id", "url", "events", "label", "created", "state", "reason", "last_called", "last_error")

Answer = tuple[dict[str, Any], int, dict[str, str]]


def webhooks(service: WebhookService) -> Section:
    """Return the views."""
    section = Section(
        "webhooks", "Calls about what happens, signed as Standard Webhooks are; they need the scope `admin`"
    )

    @section.view("/webhooks", "GET", gives=WebhooksSchema)
    def all_of_them() -> dict[str, Any]:
        """List webhooks"""  # noqa: D400 - the first line is the operation's summary
        return {"webhooks": [_told(each) for each in service.all(principal())]}

    @section.view("/webhooks", "POST", takes=NewWebhookSchema, gives=MadeWebhookSchema, status=201, refusals=[409])
    def create(body: dict[str, Any]) -> Answer:
        """Be called about what happens from now on

        The answer holds the secret that calls are signed with, this once. A call tells ids, counts and versions, and
        nothing about people. An event may come more than once, under the same `webhook-id`.
        """  # noqa: D400 - the first line is the operation's summary
        return _with_secret(service.create(principal(), Wanted(**body)))

    @section.view("/webhooks/<webhook>", "GET", gives=WebhookSchema)
    def get(webhook: str) -> dict[str, Any]:
        """Show a webhook"""  # noqa: D400 - the first line is the operation's summary
        return _told(service.get(principal(), webhook))

    @section.view("/webhooks/<webhook>", "PATCH", takes=WebhookChangeSchema, gives=WebhookSchema)
    def change(body: dict[str, Any], webhook: str) -> dict[str, Any]:
        """Change a webhook

        What is named is replaced; what waits is told at once. One that is enabled again is told of what happens then.
        """  # noqa: D400 - the first line is the operation's summary
        return _told(service.change(principal(), webhook, body))

    @section.view("/webhooks/<webhook>", "DELETE", status=204)
    def remove(webhook: str) -> None:
        """Remove a webhook"""  # noqa: D400 - the first line is the operation's summary
        service.remove(principal(), webhook)

    @section.view("/webhooks/<webhook>/secret", "POST", gives=MadeWebhookSchema, status=201)
    def renew(webhook: str) -> Answer:
        """Give a webhook a new secret

        The answer holds it, this once; calls are signed with it from now on.
        """  # noqa: D400 - the first line is the operation's summary
        return _with_secret(service.renew(principal(), webhook))

    @section.view("/webhooks/<webhook>/test", "POST", gives=TestedSchema, status=202, refusals=[409])
    def test(webhook: str) -> dict[str, str]:
        """Be called for a try

        A worker calls with an event `webhook.test`.
        """  # noqa: D400 - the first line is the operation's summary
        return {"id": service.test(principal(), webhook)}

    return section


def _with_secret(made: Made) -> Answer:
    return _told(made.called) | {"secret": made.secret}, 201, _TOLD_ONCE


def _told(called: Called) -> dict[str, Any]:
    webhook, pending = called
    return {name: getattr(webhook, name) for name in _SHOWN} | {"pending": pending}
