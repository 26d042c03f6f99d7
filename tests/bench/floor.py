"""What a server of this kind cannot be faster than: bare Flask views under the same gunicorn settings.

`POST /statements` parses the JSON and inserts one document with the fields that the store's indexes need.
The index entries are drawn from those of real statements, so that MongoDB has the same work and Flask none.
"""

import json
import sys
import time
from random import Random
from uuid import UUID

from bson import Binary
from flask import Flask, request
from pymongo import MongoClient, WriteConcern

from lrs.config import Config
from lrs.serving import Server

SAMPLE = 5000


def create_app(uri: str, database: str, collection: str) -> Flask:
    """Return the application of one worker."""
    app = Flask("floor")
    floor = MongoClient(uri)[database].get_collection(collection, write_concern=WriteConcern("majority", j=True))
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

    @app.get("/empty")
    def empty():
        return {"statements": [], "more": ""}

    return app


class FloorServer(Server):
    """Exactly the gunicorn of `lrs serve`, around the floor."""

    def load(self) -> Flask:
        return create_app(*sys.argv[1:])


if __name__ == "__main__":
    FloorServer(Config.from_env()).run()
