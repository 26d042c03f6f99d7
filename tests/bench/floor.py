"""What a server of this kind cannot be faster than: bare Flask views under the same gunicorn settings.

`POST /statements` parses the JSON and inserts one document with the fields that the store's indexes need.
The index entries are drawn from those of real statements, so that MongoDB has the same work and Flask none.
`PUT /state` upserts the body under what the query string names, `GET /state` finds it by `_id`.
"""

import json
import sys
import time
from random import Random
from uuid import UUID

from bson import Binary
from flask import Flask, Response, request
from pymongo import MongoClient, WriteConcern
from pymongo.read_concern import ReadConcern

from lrs.config import Config
from lrs.serving import Server

SAMPLE = 5000


def create_app(uri: str, database: str, collection: str) -> Flask:
    """Return the application of one worker."""
    app = Flask("floor")
    majority = WriteConcern("majority", j=True)
    held = MongoClient(uri)[database].with_options(read_concern=ReadConcern("majority"), write_concern=majority)
    floor, states = held[collection], held[f"{collection}_states"]
    shapes = list(floor.find({}, {"raw": 0}, limit=SAMPLE))
    draw = Random().choice

    @app.post("/statements")
    def post():
        body = request.get_data()
        statement = json.loads(body)
        document = dict(draw(shapes))
        document["_id"] = Binary(bytes(document["_id"])[:-16] + UUID(statement["id"]).bytes)
        document["stored"] = time.time_ns() // 1000
        document["raw"] = body
        floor.insert_one(document)
        return [statement["id"]]

    @app.put("/state")
    def put():
        content = {"body": request.get_data(), "type": request.content_type, "modified": time.time_ns() // 1000}
        states.update_one({"_id": _name()}, {"$set": content}, upsert=True)
        return Response(status=204)

    @app.get("/state")
    def get():
        found = states.find_one({"_id": _name()})
        return Response(found["body"], content_type=found["type"])

    @app.get("/empty")
    def empty():
        return {"statements": [], "more": ""}

    return app


def _name() -> str:
    return "\n".join(request.args[part] for part in ("activityId", "agent", "stateId"))


class FloorServer(Server):
    """Exactly the gunicorn of `lrs serve`, around the floor."""

    def load(self) -> Flask:
        return create_app(*sys.argv[1:])


if __name__ == "__main__":
    FloorServer(Config.from_env()).run()
