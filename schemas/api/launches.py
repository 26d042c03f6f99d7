"""Launches: tokens for content that acts for one learner, as /api takes and gives them."""

from typing import Final

from marshmallow import Schema, fields, validate

from schemas.api.plain import SetOf, Strict
from schemas.xapi.agents import Agent
from schemas.xapi.containers import Nested
from schemas.xapi.fields import IRI, UUID

LAUNCH_SCOPES: Final = ("statements/write", "state", "profile")
LONGEST: Final = 480
"""Minutes."""
_USUAL: Final = 60
_LONGEST_IRI: Final = 2000
_AGENT: Final = {
    "type": "object",
    "description": "The learner: an Agent of xAPI, of which the token holds the identifier only.",
    "properties": {
        "objectType": {"type": "string", "enum": ["Agent"]},
        "name": {"type": "string"},
        "mbox": {"type": "string", "pattern": "^mailto:[a-z0-9.]+@[a-z0-9]+\\.[a-z]+$"},
        "mbox_sha1sum": {"type": "string", "pattern": "^[0-9a-f]{40}$"},
        "openid": {"type": "string", "format": "uri"},
        "account": {
            "type": "object",
            "required": ["homePage", "name"],
            "properties": {"homePage": {"type": "string", "format": "uri"}, "name": {"type": "string"}},
        },
    },
}


def _scopes(**options: object) -> SetOf:
    return SetOf(fields.String(validate=validate.OneOf(LAUNCH_SCOPES)), **options)


class NewLaunchSchema(Strict):
    """A launch that is wanted."""

    agent = Nested(Agent, required=True, metadata=_AGENT)
    activity = IRI(
        required=True, metadata={"type": "string", "format": "uri", "maxLength": _LONGEST_IRI, "description": "Its id."}
    )
    activities = SetOf(
        IRI(metadata={"type": "string", "format": "uri", "maxLength": _LONGEST_IRI}),
        metadata={
            "description": "Ids of others that belong to it. Those that begin with its own id and `/`, `#`, `?` or `&`"
            " do so without being named. The token, which holds them, has at most 8192 characters: there is room for"
            " some 4,700 of ids in all."
        },
    )
    registration = UUID(metadata={"type": "string", "format": "uuid", "description": "When absent, a new one is made."})
    minutes = fields.Integer(strict=True, load_default=_USUAL, validate=validate.Range(1, LONGEST))
    scopes = _scopes(
        metadata={"description": "When absent, all three; of these, those that the key has. Of profiles it only reads."}
    )


class LaunchSchema(Schema):
    """A launch: what content needs, and nothing else opens with it."""

    token = fields.String(required=True, metadata={"description": "For `Authorization: Bearer`, told this once."})
    expires_in = fields.Integer(required=True, metadata={"description": "Seconds."})
    endpoint = fields.String(required=True, metadata={"format": "uri"})
    activity = fields.String(required=True)
    registration = fields.String(required=True, metadata={"format": "uuid"})
    scopes = _scopes(required=True)
