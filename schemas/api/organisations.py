"""Organisations, whoever owns records here, as /api takes and gives them."""

from typing import Any, Final

from marshmallow import Schema, fields, validate

from schemas.api.plain import END, Flag, Instant, Name, Strict, email

KINDS: Final = ("university", "institute", "union", "commune", "province", "company", "other")
LEAST: Final = 3
"""The least that `small` can be set to: figures of one or two people are never shown to everybody."""
MOST: Final = 1000
_ID: Final = rf"^[a-z0-9][a-z0-9-]{{0,39}}{END}"


def _id(**options: Any) -> fields.String:
    told = {"description": "Its public id: small letters, digits and hyphens, 40 at most; never changes."}
    return fields.String(required=True, validate=validate.Regexp(_ID), metadata=told, **options)


def _kind(**options: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(KINDS), **options)


def _small(**options: Any) -> fields.Integer:
    told = {
        "description": "People that a figure of a report counts at least to be shown to whoever has `reports/read` and"
        " not `records/read`; 10 unless it was set."
    }
    return fields.Integer(validate=validate.Range(LEAST, MOST), strict=True, metadata=told, **options)


class OrganisationSchema(Schema):
    """An organisation."""

    id = _id()
    name = Name(required=True)
    kind = _kind(required=True)
    created = Instant(required=True)
    disabled = fields.Boolean(required=True)
    small = _small(required=True)


class OwnOrganisationChangeSchema(Strict):
    """What an organisation may change of itself."""

    name = Name(least=1)
    kind = _kind()
    small = _small()


class OrganisationChangeSchema(Strict):
    """What the host may change of an organisation."""

    name = Name(least=1)
    kind = _kind()

    disabled = Flag(
        metadata={"description": "While it is, none of its keys, tokens and sessions opens anything."},
    )


class OwnerSchema(Strict):
    """The person to whom a new organisation is handed over."""

    email = email()
    name = Name(required=True, least=1)


class NewOrganisationSchema(Strict):
    """An organisation that is wanted."""

    id = _id()
    name = Name(required=True, least=1)
    kind = _kind(load_default="other")
    owner = fields.Nested(OwnerSchema, required=True)


class CommandedOrganisationSchema(NewOrganisationSchema):
    """An organisation that is wanted on the command line, where its first key can be made at once."""

    owner = fields.Nested(OwnerSchema)


class OrganisationsSchema(Schema):
    """All organisations of this server, in the order of their ids."""

    organisations = fields.List(fields.Nested(OrganisationSchema), required=True)


class InvitationSchema(Schema):
    """A way in for one person, told this once."""

    code = fields.String(
        required=True,
        metadata={"description": "Opens once, to whoever holds it: hand it on by a way that nobody else reads."},
    )
    expires = Instant(required=True)


class MadeOrganisationSchema(OrganisationSchema):
    """A new organisation, and the invitation of its owner."""

    invitation = fields.Nested(InvitationSchema, required=True)
