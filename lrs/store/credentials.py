"""The ``credentials`` collection: the keys of organisations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pymongo
from pymongo import ASCENDING
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.writing import insert_new


@dataclass(frozen=True, slots=True)
class Credential:
    """A key of one organisation: the keyed hash of its secret, what it may do, whom its statements are stored under.

    ``origins`` are those whose pages may read the answers, "*" for all; ``leniency`` names what is forgiven it.
    Instants are microseconds since the epoch; ``expires`` None is never, ``used`` is known to a minute or so.
    ``intake`` is the policy on what is sent: its words by name, those of ``schemas.training.intake``.
    ``limits`` holds those of ``requests`` and ``statements`` a minute, ``body`` bytes and ``batch`` that are set.
    ``bound`` is what it is bound to, by name: ``organisation`` (code), ``team`` (Group), ``consent`` (purpose).
    ``relay`` lets statements that are stored with it keep the authority they come with.
    ``given`` is what the settings of a server have given the first one, by field, whatever it holds now.
    """

    key: str
    org: bytes
    digest: bytes
    scopes: frozenset[str]
    authority: bytes
    origins: frozenset[str] = frozenset()
    leniency: frozenset[str] = frozenset()
    label: str = ""
    created: int = 0
    expires: int | None = None
    disabled: bool = False
    used: int | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    intake: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    relay: bool = False
    bound: Mapping[str, Any] = field(default_factory=dict)


class Credentials:
    """Finds and keeps credentials."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["credentials"]
        self._deadline = deadline

    def find(self, key: str, session: ClientSession | None = None) -> Credential | None:
        """Return the credential with this key, or None."""
        with translated(), pymongo.timeout(self._deadline):
            # The next one where there is none: the time it takes must not tell whether a key exists.
            row = self._rows.find_one({"_id": {"$gte": key}}, sort=[("_id", ASCENDING)], session=session)
        found = None if row is None else _credential(row)
        return found if found is not None and found.key == key else None

    def of(self, org: bytes, *, after: str = "", most: int = 100) -> list[Credential]:
        """Return credentials of an organisation in the order of their keys, from behind ``after``."""
        with translated(), pymongo.timeout(self._deadline):
            rows = self._rows.find({"org": org, "_id": {"$gt": after}}).sort("_id", 1).limit(most)
            return [_credential(row) for row in rows]

    def put(self, credential: Credential, session: ClientSession | None = None) -> None:
        """Store a credential; one with the same key is replaced."""
        row = _row(credential)
        del row["_id"]
        with translated(), pymongo.timeout(self._deadline):
            self._rows.replace_one({"_id": credential.key}, row, upsert=True, session=session)

    def insert(self, credential: Credential, session: ClientSession | None = None) -> bool:
        """Store a new credential; False where the key is taken."""
        with translated(), pymongo.timeout(self._deadline):
            return insert_new(self._rows, _row(credential), session)

    def change(
        self, org: bytes, key: str, values: dict[str, Any], session: ClientSession | None = None
    ) -> Credential | None:
        """Set fields of an organisation's credential; return it as it is then, None where there is none.

        Values are as in ``Credential``; None takes a field away.
        """
        unset = {name: "" for name, value in values.items() if value is None}
        update = {"$set": {name: _plain(value) for name, value in values.items() if value is not None}}
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one_and_update(
                {"_id": key, "org": org},
                {operator: fields for operator, fields in (update | {"$unset": unset}).items() if fields},
                return_document=pymongo.ReturnDocument.AFTER,
                session=session,
            )
        return None if row is None else _credential(row)

    def delete(self, org: bytes, key: str, session: ClientSession | None = None) -> bool:
        """Remove an organisation's credential; False where there is none."""
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.delete_one({"_id": key, "org": org}, session=session).deleted_count == 1

    def touch(self, key: str, now: int) -> None:
        """Note that a credential was used."""
        with translated(), pymongo.timeout(self._deadline):
            self._rows.update_one({"_id": key}, {"$max": {"used": now}})


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value


def _row(credential: Credential) -> dict[str, Any]:
    row = {
        "_id": credential.key,
        "org": credential.org,
        "digest": credential.digest,
        "scopes": sorted(credential.scopes),
        "authority": credential.authority,
        "origins": sorted(credential.origins),
        "leniency": sorted(credential.leniency),
        "label": credential.label,
        "created": credential.created,
        "disabled": credential.disabled,
        "limits": dict(credential.limits),
        "intake": dict(credential.intake),
        "given": dict(credential.given),
        "relay": credential.relay,
        "bound": dict(credential.bound),
    }
    moments = {"expires": credential.expires, "used": credential.used}
    return row | {name: moment for name, moment in moments.items() if moment is not None}


def _credential(row: dict[str, Any]) -> Credential:
    return Credential(
        row["_id"],
        row["org"],
        row["digest"],
        frozenset(row["scopes"]),
        row["authority"],
        frozenset(row.get("origins", ())),
        frozenset(row.get("leniency", ())),
        row.get("label", ""),
        int(row.get("created", 0)),
        _moment(row.get("expires")),
        row.get("disabled", False),
        _moment(row.get("used")),
        row.get("limits", {}),
        row.get("intake", {}),
        row.get("given", {}),
        row.get("relay", False),
        row.get("bound", {}),
    )


def _moment(value: Any) -> int | None:
    return None if value is None else int(value)
