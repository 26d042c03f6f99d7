"""Webhooks, as /api takes and gives them."""

from typing import Any, Final

from marshmallow import Schema, fields, validate

from schemas.api.forwards import url
from schemas.api.plain import Flag, Instant, Name, SetOf, Strict
from schemas.sharing.events import EVENTS

_ADDRESS: Final = "The https address that is called (POST)."


def _events(**options: Any) -> SetOf:
    return SetOf(
        fields.String(validate=validate.OneOf(EVENTS)), metadata={"description": "What it is called about."}, **options
    )


def _label(**options: Any) -> Name:
    return Name(metadata={"description": "What people call it."}, **options)


class NewWebhookSchema(Strict):
    """A webhook that is wanted."""

    url = url(_ADDRESS, required=True)
    events = _events(required=True)
    label = _label()


class WebhookChangeSchema(Strict):
    """What is to become of a webhook."""

    url = url(_ADDRESS)
    events = _events()
    label = _label()
    disabled = Flag(metadata={"description": "Who is disabled is told nothing, also not later."})


class WebhookSchema(Schema):
    """A webhook, without its secret."""

    id = fields.String(required=True)
    url = fields.String(required=True)
    events = _events(required=True)
    label = fields.String(required=True)
    created = Instant(required=True)
    state = fields.String(required=True, validate=validate.OneOf(["active", "disabled"]))
    reason = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(["by_hand", "gone", "no_answer", "too_many"]),
        metadata={"description": "Why it is disabled: nobody answered for three days, say."},
    )
    pending = fields.Integer(required=True, metadata={"description": "Events that it is to be told yet."})
    last_called = Instant(required=True, allow_none=True, description="When it was told something last.")
    last_error = fields.String(
        required=True, allow_none=True, metadata={"description": "Why it was not told the last one; null if it was."}
    )


class MadeWebhookSchema(WebhookSchema):
    """A webhook with its secret, told this once."""

    secret = fields.String(required=True, metadata={"description": "What calls are signed with; told this once."})


class WebhooksSchema(Schema):
    """All webhooks of the organisation."""

    webhooks = fields.List(fields.Nested(WebhookSchema), required=True)


class TestedSchema(Schema):
    """A call that is to come."""

    id = fields.String(required=True, metadata={"description": "Its webhook-id."})
