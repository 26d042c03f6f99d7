import pytest

from lrs.store.documents import Document
from lrs.store.shelves import document_id, shelf
from schemas.xapi.conditions import UNCONDITIONAL, entity_tag
from schemas.xapi.resource_queries import DocumentQuery

ORG = b"lachong1"
COURSE = "https://hoc.example.vn/courses/an-toan-so"
LAN = "mailto:lan@hoc.example.vn"
REGISTRATION = "6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d11"


def state(name=None, **changes):
    return DocumentQuery(**({"kind": "state", "activity": COURSE, "agent": LAN, "name": name} | changes))


def document(body):
    return Document(body, "text/plain", entity_tag(body), 1)


def stages(plan):
    yield plan["stage"]
    for below in [plan[key] for key in ("inputStage",) if key in plan] + plan.get("inputStages", []):
        yield from stages(below)


@pytest.mark.parametrize("registration", [None, REGISTRATION])
@pytest.mark.parametrize("since", [None, 5])
def test_a_shelf_is_one_range_of_the_index(store, registration, since):
    where = shelf(ORG, state(registration=registration, since=since))
    explained = store.database["documents"].find(where).explain()["queryPlanner"]["winningPlan"]
    assert set(stages(explained)) <= {"FETCH", "IXSCAN", "CLUSTERED_IXSCAN"}


def test_a_row_says_by_itself_what_it_is(store):
    store.documents.put(ORG, state("a", registration=REGISTRATION), document(b"1"), UNCONDITIONAL)
    [row] = store.database["documents"].find()
    assert row == {
        "_id": document_id(ORG, state("a", registration=REGISTRATION)),
        "org": ORG,
        "kind": "state",
        "activity": COURSE,
        "agent": LAN,
        "registration": REGISTRATION,
        "name": "a",
        "body": b"1",
        "type": "text/plain",
        "etag": entity_tag(b"1"),
        "modified": 1,
    }


def test_documents_of_one_learner_are_found_by_an_index(store):
    explained = store.database["documents"].find({"org": ORG, "agent": LAN}).explain()["queryPlanner"]["winningPlan"]
    assert set(stages(explained)) == {"FETCH", "IXSCAN"}


def test_ids_differ_wherever_anything_differs():
    queries = [
        state("a"),
        state("b"),
        state("a", registration=REGISTRATION),
        state("a", registration="00000000-0000-0000-0000-000000000000"),
        state("a", agent=LAN + "x"),
        state("a", activity=COURSE + "x"),
        DocumentQuery(kind="activity profile", activity=COURSE, name="a"),
        DocumentQuery(kind="agent profile", agent=LAN, name="a"),
        DocumentQuery(kind="agent profile", agent=COURSE, name="a"),
    ]
    ids = {document_id(org, query) for query in queries for org in (ORG, b"partner1")}
    assert len(ids) == 2 * len(queries)
    assert {len(each) for each in ids} == {57}


def test_a_change_that_loses_the_race_is_made_again(store):
    seen = []

    def make(held):
        seen.append(held.body if held else None)
        if len(seen) < 3:
            store.documents.put(ORG, state("a"), document(b"%d" % len(seen)), UNCONDITIONAL)
        return document(b"mine after " + (held.body if held else b""))

    assert store.documents.change(ORG, state("a"), make).body == b"mine after 2"
    assert seen == [None, b"1", b"2"]
    assert store.documents.get(ORG, state("a")).body == b"mine after 2"
