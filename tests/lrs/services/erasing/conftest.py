"""An organisation with people in it, whose statements are folded, and everything that a database holds."""

import json
import re
import uuid
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import bson
import pytest

from lrs.followers.feed import Follower
from lrs.services.auth import principal_of
from lrs.services.erasing import Erasing
from lrs.services.folding import Folding
from lrs.services.setup import first_credential
from lrs.store.rows import Row, document_id
from schemas.training.terms import BASE
from schemas.training.vocabulary import Vocabulary
from schemas.xapi.keys import is_voiding, refers_to, statement_keys

PEPPER = "a pepper for tests, of 32 characters or more"
HOME = "https://hoc.example.vn"
ADL = "http://adlnet.gov/expapi/verbs"


def person(name):
    return {"account": {"homePage": HOME, "name": name}}


def statement(verb="attended", who="an", activity="lop-1", *, actor=None, month=8, **context):
    return {
        "id": str(uuid.uuid4()),
        "actor": actor or person(who),
        "verb": {"id": f"{ADL}/{verb}"},
        "object": {"id": f"{HOME}/{activity}", "definition": {"type": f"{BASE}/activity-types/community-class"}},
        "context": {"extensions": {f"{BASE}/extensions/admin-unit": {"code": "26209", "asOf": "2025-08-01"}}} | context,
        "timestamp": datetime(2025, month, 15, tzinfo=UTC).isoformat(),
        "authority": person("authority"),
    }


class World:
    """One organisation; statements are stored with stamps of their own, and folded when told to."""

    person = staticmethod(person)
    statement = staticmethod(statement)
    home = HOME

    def __init__(self, store, **settings):
        self.store = store
        self.org = store.organisations.orgs()[0]
        self.folding = Folding(store, lambda code, _: f"{code}@2025-07-01", Vocabulary(), ZoneInfo("Asia/Ho_Chi_Minh"))
        self.erasing = Erasing(store, self.folding, PEPPER, **{"grace": 0.0} | settings)
        self.stamp = 0

    @property
    def principal(self):
        return principal_of(self.store.credentials.find("key"), self.store.organisations.of(self.org))

    def row(self, told, files=()):
        self.stamp += 1
        target = refers_to(told)
        return Row(
            document_id(self.org, told["id"]),
            self.org,
            self.stamp,
            json.dumps(told).encode(),
            statement_keys(told, told["authority"]),
            refers=target and document_id(self.org, target),
            voiding=is_voiding(told),
            files=list(files),
        )

    def put(self, *told, files=()):
        for begin in range(0, len(told), 50):
            self.store.statements.insert([self.row(each, files) for each in told[begin : begin + 50]])

    def refers(self, verb, target, who="operator"):
        thing = {"object": {"objectType": "StatementRef", "id": target["id"]}}
        return statement(verb, who) | thing | {"verb": {"id": f"{ADL}/{verb}"}}

    def follow(self, batch=500):
        follower = Follower(self.store, "records", "worker", self.folding.count, prepare=self.folding.read, batch=batch)
        while follower.forward(self.org, 10**16):
            pass

    def rebuild(self):
        for name in ("records", "cells", "reviews", "aside"):
            self.store.database[name].delete_many({"org": self.org})
        assert self.store.places.reset(f"records:{self.org.hex()}", "worker")
        self.store.places.cleaned(f"records:{self.org.hex()}", "worker")
        self.follow()

    def derived(self):
        """Everything that was derived, as it lies there; of what was noticed, how often."""
        found = {
            name: sorted(self.store.database[name].find({"org": self.org}), key=lambda row: row["_id"])
            for name in ("records", "cells", "reviews")
        }
        for row in found["reviews"]:
            del row["examples"]
        return found

    def stored(self):
        """The JSON of all statements there are, by their ids."""
        rows = self.store.database["statements"].find({"org": {"$exists": True}})
        return {each["id"]: each for each in (json.loads(row["raw"]) for row in rows)}

    def holding(self, *words):
        """The collections any document of which has one of these words somewhere, in its names and bytes, too."""
        wanted = re.compile(b"|".join(re.escape(word.encode()) for word in words), re.IGNORECASE)
        return sorted(
            name
            for name in self.store.database.list_collection_names()
            if any(wanted.search(bson.encode(row)) for row in self.store.database[name].find())
        )


@pytest.fixture
def world(store):
    first_credential(store, PEPPER, "key", "secret")
    return World(store)
