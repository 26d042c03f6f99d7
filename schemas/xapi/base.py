"""What every schema of the data model shares: strictness, rules, and faults told by path.

marshmallow carries complaints as messages; ours are ``Complaint``s, so that each arrives with the stable
word of its rule. ``check`` turns them into ``Refused``.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, ClassVar, Final, Self

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validates_schema
from marshmallow.exceptions import SCHEMA
from marshmallow.types import ErrorMessages

from schemas.faults import Fault, Refused
from schemas.xapi.paths import item, member

# Whoever sends more faults than this has one fault, not fifty: the rest would only cost time and bytes.
MOST_FAULTS: Final = 50


class Complaint(str):
    """A sentence on what is wrong, with the word of the rule and the way to the member it is about."""

    __slots__ = ("at", "rule")

    rule: str
    at: tuple[str, ...]

    def __new__(cls, rule: str, text: str, *, at: tuple[str, ...] = ()) -> Self:
        """Return the complaint; ``at`` leads from the object judged to the member at fault."""
        complaint = super().__new__(cls, text)
        complaint.rule = rule
        complaint.at = at
        return complaint

    def format(self, *_: object, **__: object) -> Self:
        """Stay as it is: marshmallow formats every message, and a plain string would lose the rule."""
        return self


# Complaints as marshmallow nests them: a list, or objects' members and arrays' indexes over lists.
Complaints = list[Complaint] | dict[Any, Any]

# A rule that needs thought judges one object as it was sent: its members may still be of any type. It
# returns None when there is nothing to complain of.
Rule = Callable[[dict[str, Any]], Complaint | None]

REQUIRED: Final = Complaint("required", "This is missing.")
NULL: Final = Complaint("null", "Null is allowed inside extensions only.")
UNKNOWN: Final = Complaint("unknown", "The specification knows no such property here.")
OBJECT: Final = Complaint("object", "This must be an object.")


class StrictField(fields.Field[Any]):
    """A field that gives back what it was given, or complains."""

    default_error_messages: ErrorMessages = {  # noqa: RUF012  # marshmallow declares it so
        "required": REQUIRED,
        "null": NULL,
    }

    def complaints(self, value: Any) -> Complaints:
        """Return what is wrong with the value, which is not null; empty if nothing."""
        raise NotImplementedError

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> Any:
        del attr, data
        complaints = self.complaints(value)
        if complaints:
            raise ValidationError(complaints)
        return value


class StrictSchema(Schema):
    """An object of the specification: unknown properties and nulls refused, ``rules`` obeyed."""

    rules: ClassVar[tuple[Rule, ...]] = ()

    error_messages: dict[str, str] = {  # noqa: RUF012  # as above
        "unknown": UNKNOWN,
        "type": OBJECT,
    }

    class Meta:
        """Nothing passes that is not named."""

        unknown = RAISE

    @pre_load
    def limit_unknown(self, data: Any, **_: Any) -> Any:
        """Keep no more unknown properties than will be told, whatever number was sent."""
        if not isinstance(data, dict) or len(data) <= MOST_FAULTS:
            return data
        unknown = islice((key for key in data if key not in self.fields), MOST_FAULTS)
        return {key: data[key] for key in self.fields if key in data} | {key: data[key] for key in unknown}

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def obey_rules(self, _: Any, original: Any, **__: Any) -> None:
        """Judge the object by every rule, also where its members already gave cause for complaint."""
        if not isinstance(original, dict):
            return
        found = [complaint for rule in self.rules if (complaint := rule(original)) is not None]
        if found:
            raise ValidationError(_nested(found))


def check(field: StrictField, raw: object, path: str = "") -> None:
    """Return if the field takes the value; else raise ``Refused`` with its faults, fifty at most."""
    complaints = [NULL] if raw is None else field.complaints(raw)
    if complaints:
        raise Refused(islice(_faults(complaints, path), MOST_FAULTS))


def _nested(found: list[Complaint]) -> dict[str, Any]:
    """Return complaints as a tree, each where its ``at`` leads to."""
    tree: dict[str, Any] = {}
    for complaint in found:
        *above, last = complaint.at or (SCHEMA,)
        place = tree
        for key in above:
            place = place.setdefault(key, {})
        place.setdefault(last, []).append(complaint)
    return tree


def _faults(messages: Any, path: str) -> Iterator[Fault]:
    """Yield marshmallow's tree of messages as faults, in its order."""
    if isinstance(messages, Complaint):
        yield Fault(path, messages.rule, str(messages))
    elif isinstance(messages, dict):
        for key, below in messages.items():
            if key == SCHEMA:
                yield from _faults(below, path)
            else:
                yield from _faults(below, item(path, key) if isinstance(key, int) else member(path, key))
    else:
        for message in messages:
            yield from _faults(message, path)
