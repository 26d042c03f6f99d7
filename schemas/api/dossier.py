"""The facts for an impact assessment, as /api gives them."""

from typing import Final

from marshmallow import Schema, fields, validate

from schemas.api.plain import Instant, Strict
from schemas.api.policies import DeadlinesSchema, RetentionSchema
from schemas.api.units import Day

FORMATS: Final = ("html", "json")


class DossierQuerySchema(Strict):
    """In which language and form."""

    language = fields.String(
        validate=validate.OneOf(["vi", "en"]), metadata={"description": "Else that of Accept-Language."}
    )
    format = fields.String(
        validate=validate.OneOf(FORMATS), metadata={"description": "Else what Accept says; a page without either."}
    )


class WhoSchema(Schema):
    """Somebody who answers."""

    name = fields.String(required=True)
    contact = fields.String(required=True)


class RecipientSchema(Schema):
    """What goes from one organisation to another by an agreement."""

    agreement = fields.String(required=True)
    giver = fields.String(required=True)
    recipient = fields.String(required=True)
    document = fields.String(required=True, allow_none=True)
    purpose = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    basis = fields.String(required=True)
    level = fields.String(required=True)
    fields_ = fields.List(fields.String(), required=True, data_key="fields", attribute="fields")
    statements = fields.Boolean(required=True)
    minors = fields.Boolean(required=True)
    k = fields.Integer(required=True)
    state = fields.String(required=True)
    starts = Day(required=True)
    ends = Day(required=True, allow_none=True)


class DossierChangeSchema(Schema):
    """A change of what the dossier tells."""

    time = Instant(required=True)
    action = fields.String(required=True)
    target = fields.String(required=True)
    actor = fields.String(required=True)


class DossierSchema(Schema):
    """The facts at one moment."""

    notice = fields.String(required=True)
    made = Instant(required=True)
    day = Day(required=True)
    laws = fields.List(fields.String(), required=True)
    organisation = fields.Dict(keys=fields.String(), required=True)
    controller = fields.Nested(WhoSchema, required=True)
    officer = fields.Nested(WhoSchema, required=True)
    purposes = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    categories = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "How many there are of each kind of data."},
    )
    recipients = fields.List(fields.Nested(RecipientSchema), required=True)
    received = fields.List(fields.Nested(RecipientSchema), required=True)
    bases = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "How many agreements that have not ended rest on each."},
    )
    retention = fields.Nested(RetentionSchema, required=True)
    deadlines = fields.Nested(DeadlinesSchema, required=True)
    measures = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"description": "What protects the data; `audit` has the last record, and whether the chain holds."},
    )
    minors = fields.Dict(keys=fields.String(), required=True)
    flows = fields.List(fields.Dict(), required=True)
    requests = fields.Dict(keys=fields.String(), required=True)
    changes = fields.List(fields.Nested(DossierChangeSchema), required=True)
