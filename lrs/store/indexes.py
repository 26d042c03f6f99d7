"""Every collection with its indexes, in one table. ``lrs admin migrate`` builds them; servers only verify.

Indexes that serve queries begin with ``org`` and end with ``stored``, so that one organisation's statements are found
in order without a sort in memory. The unique index on ``_id``, which MongoDB keeps by itself, is the promise of
"once".
"""

from typing import Any, NamedTuple

from pymongo import ASCENDING, IndexModel
from pymongo.database import Database

Document = dict[str, Any]


class Missing(NamedTuple):
    """An index that the table names and the database lacks."""

    collection: str
    name: str


def _index(*fields: str, **options: Any) -> IndexModel:
    named = {"name": "_".join(fields)} | options
    return IndexModel([(field, ASCENDING) for field in fields], **named)


# What records are asked by stands in each of their orders, where it costs least: the fold pays for every index.
_OF_RECORDS = ("_id", "unit", "state", "kind", "type")
_ORDERS = tuple(_index("org", each, *_OF_RECORDS, "mark", name=each) for each in ("learner", "last", "first"))

INDEXES: dict[str, tuple[IndexModel, ...]] = {
    "statements": (
        _index("org", "stored"),
        _index("org", "keys", "stored"),
        _index("refers", partialFilterExpression={"refers": {"$exists": True}}),
        _index("files", partialFilterExpression={"files": {"$exists": True}}),
    ),
    "references": (
        _index("org", "keys", "stored"),
        _index("referrer"),
    ),
    "activities": (),
    "documents": (_index("org", "agent", partialFilterExpression={"agent": {"$exists": True}}),),
    "attachments.files": (
        _index("filename", "uploadDate", name="filename_1_uploadDate_1"),  # GridFS looks for these two by name
        _index("metadata.org", "metadata.sha2"),
        _index("metadata.touched", partialFilterExpression={"metadata.named": False}),
    ),
    "attachments.chunks": (_index("files_id", "n", unique=True, name="files_id_1_n_1"),),
    "attachments.uploads": (),
    "organisations": (_index("org", unique=True),),
    "credentials": (_index("org", "_id"),),
    "agreements": (_index("giver", "_id"), _index("taker", "_id")),
    "consents": (_index("who", "purpose"), _index("mark", unique=True)),
    "wordings": (),
    "members": (_index("org", "email", unique=True), _index("org", "_id")),
    "invitations": (_index("member"), _index("expires", expireAfterSeconds=0)),
    "sessions": (_index("member"), _index("expires", expireAfterSeconds=0)),
    "refusals": (_index("org", "credential", "last"),),
    "relaxations": (_index("org", "credential"),),
    "providers": (_index("org"), _index("issuer", "audience", unique=True)),
    "revocations": (_index("ends", expireAfterSeconds=0),),
    "signing_keys": (),
    "registries": (),
    "policies": (),
    "requests": (
        _index("org", "state", "due"),
        _index("org", "learner", partialFilterExpression={"learner": {"$exists": True}}),
        _index("org", "who", partialFilterExpression={"who": {"$exists": True}}),
    ),
    "assignments": (),
    "learners": (_index("org", "number", "identity"),),
    "learner_counters": (),
    "links": (),
    "moves": (_index("noted", partialFilterExpression={"noted": True}),),
    "changes": (),
    "shares": (
        _index("agreement", "version"),
        _index("agreement", "version", name="recalls", partialFilterExpression={"recall": {"$exists": True}}),
    ),
    "sharing": (),
    "records": (
        *_ORDERS,
        _index("org", "mark", "learner", *_OF_RECORDS, name="activity"),
        _index(
            *("org", "organisation", "learner", "_id", "state", "type"),
            name="organisation",
            partialFilterExpression={"organisation": {"$exists": True}},
        ),
        _index("org", "first", name="two_sided", partialFilterExpression={"two_sided": True}),
    ),
    "cells": (),
    "reviews": (_index("org", "kind", "statements"),),
    "aside": (),
    "forwards": (_index("org"), _index("state")),
    "forwarded": (
        _index("statement"),
        _index("forward", "recall", partialFilterExpression={"recall": {"$exists": True}}),
    ),
    "pulls": (_index("org"),),
    "webhooks": (_index("org"), _index("state")),
    "deliveries": (_index("webhook", "again"),),
    "dead_letters": (_index("statement"), _index("owner", "retry", partialFilterExpression={"retry": True})),
    "erasures": (_index("changed"),),
    "erased_statements": (),
    "retentions": (),
    "processes": (),
    "places": (),
    "allowances": (_index("until", expireAfterSeconds=0),),
    "audit": (_index("org", "actor", "_id"), _index("org", "action", "_id"), _index("org", "time")),
}


def build(database: Database[Document]) -> None:
    """Create what is missing. Safe to run again, and beside running servers: builds are online."""
    present = set(database.list_collection_names())
    for name, indexes in INDEXES.items():
        if name not in present:
            database.create_collection(name, check_exists=False)
        if indexes:
            database[name].create_indexes(list(indexes))


def missing(database: Database[Document]) -> list[Missing]:
    """Return the indexes of the table that the database lacks."""
    lacking = []
    for name, indexes in INDEXES.items():
        present = database[name].index_information()
        lacking += [Missing(name, i.document["name"]) for i in indexes if i.document["name"] not in present]
    return lacking
