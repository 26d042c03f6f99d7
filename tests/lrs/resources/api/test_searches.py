"""GET /api/statements/query: any of several values, results and types, counts, cursors."""

import base64
import json
import random
import uuid

import pytest

from lrs.services import searches

QUERY = "/api/statements/query"
ADL = "http://adlnet.gov/expapi/verbs"
HOME = "https://hoc.example.vn"
TYPE = "http://adlnet.gov/expapi/activities"


def person(name):
    return {"mbox": f"mailto:{name}@example.vn"}


def statement(who="an", verb="completed", activity="a", **members):
    return {
        "id": str(uuid.uuid4()),
        "actor": person(who),
        "verb": {"id": f"{ADL}/{verb}"},
        "object": {"id": f"{HOME}/{activity}"},
    } | members


@pytest.fixture
def reader(caller):
    return caller()


@pytest.fixture
def post(reader):
    def store(*statements):
        for begin in range(0, len(statements), 50):
            answer = reader.post("/xapi/statements", json=list(statements[begin : begin + 50]))
            assert answer.status_code == 200, answer.json

    return store


@pytest.fixture
def several(post):
    registration = "7311d8a3-c2ce-4f44-8ed4-d57b1e2feb89"
    test = {"id": f"{HOME}/test", "definition": {"type": f"{TYPE}/assessment"}}
    told = [
        statement("an", "completed", "a"),
        statement("binh", "attended", "b", context={"registration": registration}),
        statement("chi", "passed", object=test, result={"success": True, "score": {"scaled": 0.9}}),
        statement("dung", "failed", object=test, result={"success": False, "score": {"scaled": 0.2}}),
        statement("an", "answered", "c", result={"completion": True}, context={"instructor": person("chi")}),
    ]
    post(*told)
    return told


def actors(answer):
    assert answer.status_code == 200, answer.json
    return [each["actor"]["mbox"][7:].partition("@")[0] for each in answer.json["statements"]]


WANTED = {
    "": ["an", "dung", "chi", "binh", "an"],
    f"verb={ADL}/passed&verb={ADL}/failed": ["dung", "chi"],
    f"agent={json.dumps(person('binh'))}&agent={json.dumps(person('chi'))}": ["chi", "binh"],
    f"agent={json.dumps(person('chi'))}&related_agents=true": ["an", "chi"],
    f"activity={HOME}/a&activity={HOME}/b": ["binh", "an"],
    f"activity={HOME}/a&verb={ADL}/passed": [],
    "registration=7311D8A3-c2ce-4f44-8ed4-d57b1e2feb89": ["binh"],
    f"type={TYPE}/assessment": ["dung", "chi"],
    f"type={TYPE}/assessment&success=true": ["chi"],
    "success=false": ["dung"],
    "completion=true": ["an"],
    "score_min=0.2": ["dung", "chi"],
    "score_min=0.20000000001": ["chi"],
    "score_max=0.5": ["dung"],
    "score_min=0.95": [],
    f"agent={json.dumps(person('an'))}&verb={ADL}/completed&verb={ADL}/passed&ascending=true": ["an"],
}
"""What is asked, and whose statements are found, newest first."""


def test_of_every_filter_any_of_its_values(reader, several):
    assert {query: actors(reader.get(f"{QUERY}?{query}")) for query in WANTED} == WANTED
    assert {query: reader.get(f"{QUERY}?{query}&count=true").json["count"] for query in WANTED} == {
        query: len(found) for query, found in WANTED.items()
    }
    assert several


def test_statements_come_back_as_they_are(reader, several):
    first = several[0]["id"]
    alone = reader.get(f"/xapi/statements?statementId={first}").get_data()
    assert alone in reader.get(f"{QUERY}?verb={ADL}/completed").get_data()


def test_of_what_was_voided_only_the_voiding_is_found(reader, several, post):
    void = {"objectType": "StatementRef", "id": several[2]["id"]}
    post(statement("em", "voided", object=void))
    assert actors(reader.get(f"{QUERY}?verb={ADL}/passed")) == ["em"]
    assert actors(reader.get(f"{QUERY}?verb={ADL}/passed&success=true")) == []


@pytest.mark.parametrize("ascending", ["true", "false"])
@pytest.mark.parametrize("limit", [1, 3, 10])
def test_a_walk_meets_each_once_and_nothing_that_comes_later(reader, post, limit, ascending):
    rnd = random.Random(limit)
    told = [statement(f"p{n}", rnd.choice(["passed", "failed"]), result={"success": n % 3 == 0}) for n in range(60)]
    post(*told)
    query = f"{QUERY}?verb={ADL}/passed&verb={ADL}/failed&success=true&limit={limit}&ascending={ascending}"
    answer = reader.get(query)
    seen = actors(answer)
    while answer.json["next"]:
        post(statement("later", "passed", result={"success": True}))
        answer = reader.get(f"{query}&cursor={answer.json['next']}")
        seen += actors(answer)
    wanted = [f"p{n}" for n in range(0, 60, 3)]
    assert seen == (wanted if ascending == "true" else wanted[::-1])
    assert answer.json["complete"] is True


def test_the_walk_moves_on_where_nothing_was_found_in_time(reader, post, monkeypatch):
    monkeypatch.setattr(searches, "SECONDS", -1)
    monkeypatch.setattr(searches, "_CHUNK", 4)
    post(*(statement(f"p{n}", result={"success": n == 1}) for n in range(10)))
    answer = reader.get(f"{QUERY}?success=true")
    assert (actors(answer), answer.json["scanned"], answer.json["complete"]) == ([], 4, False)
    answer = reader.get(f"{QUERY}?success=true&cursor={answer.json['next']}")
    assert actors(answer) == []
    answer = reader.get(f"{QUERY}?success=true&cursor={answer.json['next']}")
    assert (actors(answer), answer.json["complete"]) == (["p1"], True)


def test_a_count_goes_on_where_time_was_over(reader, post, monkeypatch):
    monkeypatch.setattr(searches, "SECONDS", -1)
    monkeypatch.setattr(searches, "_CHUNK", 4)
    post(*(statement(f"p{n}", result={"success": n != 1}) for n in range(10)))
    answer = reader.get(f"{QUERY}?success=true&count=true").json
    assert (answer["count"], answer["complete"]) == (4, False)
    assert "statements" not in answer
    while answer["next"]:
        answer = reader.get(f"{QUERY}?success=true&count=true&cursor={answer['next']}").json
    assert (answer["count"], answer["complete"]) == (9, True)


def test_mine_is_all_that_a_bounded_reader_finds(shared_store, caller):
    """Both keys are of one organisation, each with an authority of its own."""
    mine, theirs = caller(scopes=("statements/write", "statements/read/mine")), caller()
    keys = [
        base64.b64decode(each.environ_base["HTTP_AUTHORIZATION"][6:]).decode().partition(":")[0]
        for each in (mine, theirs)
    ]
    org = shared_store.credentials.find(keys[0]).org
    shared_store.database["credentials"].update_one({"_id": keys[1]}, {"$set": {"org": org}})
    for who, client in (("em", mine), ("phuc", theirs)):
        assert client.post("/xapi/statements", json=statement(who)).status_code == 200
    assert actors(theirs.get(QUERY)) == ["phuc", "em"]
    assert actors(mine.get(QUERY)) == ["em"]
    assert actors(mine.get(f"{QUERY}?verb={ADL}/completed&ascending=true")) == ["em"]
    assert mine.get(f"{QUERY}?count=true").json["count"] == 1


def test_a_cursor_goes_on_with_its_own_question_and_caller_only(reader, several, caller):
    cursor = reader.get(f"{QUERY}?limit=1").json["next"]
    assert reader.get(f"{QUERY}?limit=1&success=true&cursor={cursor}").status_code == 400
    assert caller().get(f"{QUERY}?limit=1&cursor={cursor}").status_code == 400
    assert several


@pytest.mark.parametrize("scope", ["statements/write", "records/read", "reports/read", "admin"])
def test_no_other_scope_is_enough(caller, scope):
    assert caller(scopes=(scope,)).get(QUERY).status_code == 403


@pytest.mark.parametrize(
    "query",
    [
        "verb=passed",
        "verb[$ne]=x",
        'agent={"mbox":{"$ne":1}}',
        'agent={"$where":"1"}',
        "agent=an",
        'agent={"objectType":"Group","member":[]}',
        "activity=x",
        "registration=1",
        "since=yesterday",
        "success=maybe",
        "score_min=2",
        "score_min=NaN",
        "score_min=0.5&score_max=0.4",
        "limit=0",
        "cursor=x",
        "ids=1",
        "&".join(f"verb={ADL}/{n}" for n in range(51)),
    ],
)
def test_what_cannot_be_understood_is_refused(reader, query):
    answer = reader.get(f"{QUERY}?{query}")
    assert answer.status_code == 400
    assert answer.json["errors"]
