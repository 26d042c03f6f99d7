"""Members, the people who administer an organisation, as /api takes and gives them."""

from typing import Final, Literal, get_args

from marshmallow import Schema, fields, validate

from schemas.api.organisations import InvitationSchema
from schemas.api.plain import Flag, Instant, Name, Strict, email

Role = Literal["owner", "operator", "analyst", "auditor"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
_DOES: Final = (
    "owner: everything here; operator: keys, imports and reports; analyst: reports and records; auditor: the audit."
)


def _role(*, required: bool = False) -> fields.String:
    return fields.String(required=required, validate=validate.OneOf(ROLES), metadata={"description": _DOES})


class MemberSchema(Schema):
    """A member."""

    id = fields.String(required=True)
    email = fields.String(required=True)
    name = fields.String(required=True)
    role = _role(required=True)
    disabled = fields.Boolean(required=True)
    joined = fields.Boolean(
        required=True, metadata={"description": "Whether this person has set a password or signed in."}
    )
    created = Instant(required=True)
    used = Instant(allow_none=True, attribute="signed_in", description="When this person last signed in.")


class MembersSchema(Schema):
    """Members in the order of their ids."""

    members = fields.List(fields.Nested(MemberSchema), required=True)
    more = fields.String(
        allow_none=True, required=True, metadata={"description": "What `after` has to be for the next page."}
    )


class MembersQuerySchema(Strict):
    """Which members to list."""

    after = fields.String(
        load_default="", validate=validate.Length(max=40), metadata={"description": "`more` of the page before."}
    )


class NewMemberSchema(Strict):
    """A person to be invited."""

    email = email()
    name = Name(required=True, least=1)
    role = _role(required=True)


class MemberChangeSchema(Strict):
    """What may change of a member."""

    name = Name(least=1)
    role = _role()
    disabled = Flag(
        metadata={"description": "Who is disabled is signed out and cannot sign in; everything else stays."},
    )


class InvitedSchema(Schema):
    """A new member, with the code that this person sets a password with."""

    member = fields.Nested(MemberSchema, required=True)
    invitation = fields.Nested(InvitationSchema, required=True)
