"""What the store holds, read at majority and through GET, against what clients were told."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from pymongo import MongoClient
from pymongo.read_concern import ReadConcern

from .clients import Connections, Send, marker


def held(uri: str, database: str) -> list[dict]:
    """Every stored statement, at majority, parsed from the bytes that clients would be given."""
    with MongoClient(uri) as client:
        rows = client[database].get_collection("statements", read_concern=ReadConcern("majority"))
        return [json.loads(row["raw"]) for row in rows.find({"raw": {"$exists": True}}, {"raw": 1})]


def snapshot(uri: str, database: str) -> set[str]:
    """The ids of all statements at one instant."""
    with MongoClient(uri) as client, client.start_session(snapshot=True) as session:
        rows = client[database]["statements"].find({"raw": {"$exists": True}}, {"raw": 1}, session=session)
        return {json.loads(row["raw"])["id"] for row in rows}


def walked(connections: Connections) -> list[dict]:
    """Every statement that a client is given by GET and its `more`."""
    found, path = [], "/xapi/statements"
    while path:
        status, _headers, body = connections.ask("GET", path)
        assert status == 200, body
        page = json.loads(body)
        found += page["statements"]
        path = page.get("more")
    return found


def torn(sends: Iterable[Send], ids: set[str]) -> list[int]:
    """The numbers of the sends of which a part is there and a part is not."""
    return [send.number for send in sends if 0 < len(ids.intersection(send.ids)) < len(send.ids)]


def assert_kept(sends: Sequence[Send], statements: Sequence[dict]) -> None:
    """Nothing acknowledged is lost, nothing is there twice or changed, no batch is torn."""
    copies = Counter(statement["id"] for statement in statements)
    assert [i for i, count in copies.items() if count > 1] == []
    texts = {statement["id"]: statement["result"]["response"] for statement in statements}
    expected = {
        statement_id: marker(send.number, position) for send in sends for position, statement_id in enumerate(send.ids)
    }
    acknowledged = {i for send in sends if send.stored for i in send.ids}
    assert acknowledged - texts.keys() == set()
    assert texts.keys() - expected.keys() == set()
    assert {i for i, text in texts.items() if text != expected[i]} == set()
    assert torn(sends, set(texts)) == []
