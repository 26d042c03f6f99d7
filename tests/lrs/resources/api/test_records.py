"""GET /api/records over HTTP: filters, orders, cursors, files; and how far the records have come."""

import csv
import io
import json
import random
import time
import uuid
from collections import Counter
from datetime import date

import msgspec
import pytest

from lrs.followers.records import records_follower
from lrs.services.registries import RegistryService
from schemas.registries.registries import Rows
from schemas.registries.unit_rows import Link, Unit
from schemas.training.terms import BASE

RECORDS = "/api/records"
ADL = "http://adlnet.gov/expapi/verbs"
HOME = "https://hoc.example.vn"


def person(name):
    return {"account": {"homePage": HOME, "name": name}}


WANTED = {
    "": ["a", "b", "c", "e", "thi"],
    f"learner={json.dumps(person('binh'))}": ["thi"],
    f"learner=account:{HOME}%20chi": ["c"],
    "learner=999": [],
    f"learner={json.dumps(person('nobody'))}": [],
    f"activity={HOME}/b": ["b"],
    "type=assessment": ["thi"],
    "state=attended": ["b", "c", "e"],
    "state=completed": ["a"],
    "kind=support": [],
    "group=rural": ["c"],
    "programme=192": ["b"],
    "unit=26158": ["a"],
    "unit=26143&at=2025-06-30": ["a"],
    "unit=unknown": ["c"],
    "unit=75": ["a", "b", "c", "e", "thi"],
    "unit=75&at=2025-06-30&state=completed": ["a"],
    "from=2025-09-15": ["a"],
    "to=2025-08-15": ["b", "c", "e"],
    "from=2025-08-20&to=2025-08-20": ["thi"],
    "dated=ended&to=2025-08-31": ["thi"],
    "dated=ended&from=2025-09-01": ["a"],
    "whose=groups": ["d"],
    "whose=nobody": ["e"],
    "whose=all&state=attended": ["b", "c", "d", "e", "e"],
    "unit=26209&state=passed&type=assessment": ["thi"],
}
"""What is asked, and the activities of what is found, sorted."""


def statement(verb="attended", who="an", activity="lop-1", *, at="2025-08-15T03:00:00Z", unit="26209", **context):
    extensions = {f"{BASE}/extensions/{name.replace('_', '-')}": value for name, value in context.items()}
    if unit is not None:
        extensions[f"{BASE}/extensions/admin-unit"] = {"code": unit}
    return {
        "id": str(uuid.uuid4()),
        "actor": who if isinstance(who, dict) else person(who),
        "verb": {"id": f"{ADL}/{verb}"},
        "object": {"id": f"{HOME}/{activity}", "definition": {"type": f"{BASE}/activity-types/community-class"}},
        "context": {"extensions": extensions},
        "timestamp": at,
    }


@pytest.fixture(scope="module", autouse=True)
def units(shared_store):
    """Two units, of which one was joined of two on 1/7/2025."""
    day = date(2025, 7, 1)
    known = [
        Unit(code="26209", name="Xã Thanh Sơn", kind="commune"),
        Unit(code="26143", name="Xã Cũ", kind="commune", valid_to=day),
        Unit(code="26150", name="Xã Cũ Hai", kind="commune", valid_to=day),
        Unit(code="26158", name="Xã Phú Lâm", kind="commune", valid_from=day),
        Unit(code="26449", name="Xã Xuân Tâm", kind="commune", valid_to=day),
        *[Unit(code=code, name=f"Xã {code}", kind="commune", valid_from=day) for code in ("26359", "26446")],
        Unit(code="75", name="Tỉnh Đồng Nai", kind="province"),
        Unit(code="731", name="Huyện Giữa", kind="district"),
    ]
    known = [each if each.kind == "province" else msgspec.structs.replace(each, parent="75") for each in known]
    known.append(Unit(code="26080", name="Xã Trong", kind="commune", parent="731"))
    links = [Link(old_code=code, new_code="26158", extent="whole", effective=day) for code in ("26143", "26150")]
    links += [Link(old_code="26449", new_code=code, extent="part", effective=day) for code in ("26359", "26446")]
    service = RegistryService(shared_store, "Asia/Ho_Chi_Minh", fresh=0)
    service.load(b"lachong1", "test", "units", lambda _: Rows(units=tuple(known), links=tuple(links)))
    return service


@pytest.fixture
def follower(shared_store):
    return records_follower(shared_store, uuid.uuid4().hex, "Asia/Ho_Chi_Minh")


@pytest.fixture
def fold(follower):
    """Fold what was posted, as the worker does: once it is safe."""

    def run(client):
        until = time.monotonic() + 5
        while True:
            follower.follow()
            told = client.get("/api/progress").json
            if told["lag"] == 0 and _newest(client) <= told["through"]:
                return told
            assert time.monotonic() < until
            time.sleep(0.02)

    return run


def _newest(client):
    found = client.get("/xapi/statements?limit=1").json["statements"]
    return found[0]["stored"] if found else ""


@pytest.fixture
def reader(caller):
    return caller(scopes=("all", "records/read"))


@pytest.fixture
def post(reader, fold):
    """Store statements and let them become records."""

    def store(*statements):
        answer = reader.post("/xapi/statements", json=list(statements))
        assert answer.status_code == 200, answer.json
        return fold(reader)

    return store


def activities(answer):
    assert answer.status_code == 200, answer.json
    return [record["activity"].rpartition("/")[2] for record in answer.json["records"]]


def test_a_record_tells_who_what_how_and_where(reader, post):
    passed = statement("passed", target_group=["elderly"], programme=["192"], age_band="60-69")
    passed["context"]["registration"] = str(uuid.uuid4())
    passed["result"] = {"score": {"scaled": 0.9}, "duration": "PT30M", "success": True}
    post(passed)
    answer = reader.get(RECORDS).json
    assert answer["lag"] == 0
    assert answer["rebuilding"] is False
    assert answer["through"] >= passed["timestamp"]
    assert answer["next"] is None
    [record] = answer["records"]
    assert len(bytes.fromhex(record.pop("id"))) == 16
    assert record == {
        "learner": 1,
        "identities": [person("an")],
        "is_group": False,
        "activity": f"{HOME}/lop-1",
        "registration": passed["context"]["registration"],
        "type": "community-class",
        "kind": "learning",
        "state": "passed",
        "first": "2025-08-15T03:00:00.000000Z",
        "last": "2025-08-15T03:00:00.000000Z",
        "ended": "2025-08-15T03:00:00.000000Z",
        "attempts": 1,
        "score": {"best": 0.9, "latest": 0.9},
        "seconds": 1800,
        "unit": "26209@",
        "unit_as_of": {"code": "26209", "name": "Xã Thanh Sơn"},
        "programmes": ["192"],
        "groups": ["elderly"],
        "age_band": "60-69",
        "organisation": "",
        "statements": 1,
        "flags": [],
    }


@pytest.fixture
def several(post):
    """Records that differ in everything that they are asked by."""
    team = {"objectType": "Group", **person("to-5")}
    nobody = {"objectType": "Group", "member": [person("dung")]}
    exam = statement("passed", "binh", "thi", at="2025-08-20T03:00:00Z")
    exam["object"]["definition"]["type"] = "http://adlnet.gov/expapi/activities/assessment"
    post(
        statement("registered", "an", "a", at="2025-06-15T03:00:00Z", unit="26143"),
        statement("completed", "an", "a", at="2025-09-15T03:00:00Z", unit="26143"),
        statement("attended", "an", "b", programme=["192"]),
        exam,
        statement("attended", "chi", "c", unit=None, target_group=["rural"]),
        statement("attended", team, "d"),
        statement("attended", nobody, "e"),
    )


@pytest.mark.usefixtures("several")
def test_filters_say_what_is_wanted(reader):
    assert {query: sorted(activities(reader.get(f"{RECORDS}?{query}"))) for query in WANTED} == WANTED


@pytest.mark.usefixtures("several")
def test_a_learner_is_named_by_the_number_too(reader):
    [found] = reader.get(f"{RECORDS}?activity={HOME}/thi").json["records"]
    assert activities(reader.get(f"{RECORDS}?learner={found['learner']}&sort=-last")) == ["thi"]


def test_days_begin_where_people_live(reader, post):
    post(statement(at="2025-08-31T17:30:00Z"))
    assert activities(reader.get(f"{RECORDS}?to=2025-08-31")) == []
    assert activities(reader.get(f"{RECORDS}?from=2025-09-01&to=2025-09-01")) == ["lop-1"]


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize("limit", [1, 3, 10])
def test_pages_follow_each_other_in_every_order(reader, limit):
    def walked(query):
        answer = reader.get(f"{RECORDS}?{query}&limit={limit}")
        seen = activities(answer)
        while answer.json["next"]:
            answer = reader.get(f"{RECORDS}?{query}&limit={limit}&cursor={answer.json['next']}")
            assert 0 < len(answer.json["records"]) <= limit
            seen += activities(answer)
        return seen

    everything = ["a", "b", "c", "e", "thi"]
    assert sorted(walked("sort=learner")) == everything
    up, down, first = (walked(f"sort={sort}") for sort in ("last", "-last", "first"))
    assert up == down[::-1]
    assert (sorted(up[:3]), up[3:]) == (["b", "c", "e"], ["thi", "a"])
    assert (first[0], sorted(first[1:4]), first[4]) == ("a", ["b", "c", "e"], "thi")


@pytest.mark.usefixtures("several")
def test_a_cursor_goes_on_with_its_own_question_and_caller_only(reader, caller):
    cursor = reader.get(f"{RECORDS}?limit=1").json["next"]
    assert reader.get(f"{RECORDS}?limit=1&state=passed&cursor={cursor}").status_code == 400
    assert reader.get(f"{RECORDS}?limit=1&cursor={cursor[:-2]}xx").status_code == 400
    stranger = caller(scopes=("records/read",))
    assert stranger.get(f"{RECORDS}?limit=1&cursor={cursor}").status_code == 400
    assert activities(stranger.get(RECORDS)) == []


@pytest.mark.parametrize("scope", ["all", "reports/read", "admin", "audit/read"])
def test_no_other_scope_is_enough(caller, scope):
    assert caller(scopes=(scope,)).get(RECORDS).status_code == 403


@pytest.mark.parametrize(
    "query",
    [
        "learner=%7B%22$ne%22:1%7D",
        "learner[$ne]=1",
        "learner=99999999999",
        "unit=99999",
        "unit=x",
        "state=done",
        "kind=any",
        "group=all",
        "from=2025-02-30",
        "from=2025-09-02&to=2025-09-01",
        "sort=activity",
        "limit=0",
        "limit=1001",
        "cursor=",
        "cursor=x",
        "format=xml",
        "whose=me",
        "dated=first",
        "who=me",
    ],
)
def test_what_cannot_be_understood_is_refused(reader, query):
    answer = reader.get(f"{RECORDS}?{query}")
    assert answer.status_code == 400
    assert answer.json["errors"]


@pytest.mark.parametrize("query", ["from=0001-01-01&to=9999-12-31", "at=0001-01-01", "at=9999-12-31"])
def test_the_ends_of_the_calendar_are_days(reader, query):
    assert reader.get(f"{RECORDS}?{query}").status_code == 200


@pytest.mark.usefixtures("several")
def test_lines_of_json_are_what_pages_hold(reader):
    answer = reader.get(f"{RECORDS}?format=ndjson")
    assert answer.content_type == "application/x-ndjson"
    assert answer.headers["Sohoc-Through"].endswith("Z")
    assert [json.loads(line) for line in answer.text.splitlines()] == reader.get(RECORDS).json["records"]
    assert reader.get(RECORDS, headers={"Accept": "application/x-ndjson"}).text == answer.text


@pytest.mark.usefixtures("several")
def test_spreadsheets_open_the_file_with_its_diacritics(reader):
    answer = reader.get(f"{RECORDS}?format=csv&learner={json.dumps(person('an'))}&sort=last")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [row["activity"] for row in rows] == [f"{HOME}/b", f"{HOME}/a"]
    assert rows[1]["unit_name"] == "Xã Phú Lâm"
    assert rows[1]["identities"] == f"account:{HOME} an"
    assert rows[0]["programmes"] == "192"


def test_no_cell_is_a_formula(reader, post):
    post(statement(programme=["=cmd()"]))
    row = next(csv.DictReader(io.StringIO(reader.get(f"{RECORDS}?format=csv").data.decode("utf-8-sig"))))
    assert row["programmes"] == "'=cmd()"


@pytest.mark.usefixtures("several")
def test_parquet_holds_the_same(reader):
    parquet = pytest.importorskip("pyarrow.parquet")
    answer = reader.get(f"{RECORDS}?format=parquet")
    assert answer.status_code == 200
    table = parquet.read_table(io.BytesIO(answer.data))
    assert table.column("id").to_pylist() == [each["id"] for each in reader.get(RECORDS).json["records"]]
    assert str(table.schema.field("last").type) == "timestamp[us, tz=UTC]"


def test_without_pyarrow_it_is_said_what_is_missing(reader, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    answer = reader.get(f"{RECORDS}?format=parquet")
    assert answer.status_code == 400
    assert "sohoc[parquet]" in answer.json["errors"][0]["message"]


def test_files_are_whole_however_many_records_there_are(reader, post, monkeypatch):
    monkeypatch.setattr("lrs.services.records._CHUNK", 7)
    post(*(statement(who=f"p{n}", activity=f"x{n}") for n in range(40)))
    found = [json.loads(line)["activity"] for line in reader.get(f"{RECORDS}?format=ndjson").text.splitlines()]
    assert sorted(found) == sorted(f"{HOME}/x{n}" for n in range(40))
    assert len(reader.get(f"{RECORDS}?format=ndjson&limit=5").text.splitlines()) == 5
    parquet = pytest.importorskip("pyarrow.parquet")
    assert parquet.read_table(io.BytesIO(reader.get(f"{RECORDS}?format=parquet").data)).num_rows == 40


def test_progress_tells_what_is_waiting(reader, fold, caller):
    reader.post("/xapi/statements", json=statement())
    stored = _newest(reader)
    until = time.monotonic() + 5
    while (told := reader.get("/api/progress").json)["lag"] == 0:
        assert time.monotonic() < until
        time.sleep(0.02)
    assert told["through"] < stored
    assert fold(reader)["through"] >= stored
    assert caller(scopes=("all",)).get("/api/progress").status_code == 403


@pytest.mark.parametrize("seed", range(3))
def test_a_walk_meets_every_record_once_while_others_are_counted(reader, post, follower, seed):
    """As of its first page: what was a record then is met exactly once, whatever becomes of it meanwhile."""
    rnd = random.Random(seed)

    def some(count):
        return [
            statement(
                rnd.choice(["registered", "attended", "completed"]),
                f"p{rnd.randrange(30)}",
                f"lop-{rnd.randrange(4)}",
                at=f"2025-{rnd.randrange(1, 12):02}-15T03:00:00Z",
            )
            for _ in range(count)
        ]

    post(*some(150))
    there = {each["id"] for each in reader.get(f"{RECORDS}?limit=1000").json["records"]}
    answer = reader.get(f"{RECORDS}?limit=9")
    seen = [each["id"] for each in answer.json["records"]]
    while answer.json["next"]:
        reader.post("/xapi/statements", json=some(10))
        follower.follow()
        answer = reader.get(f"{RECORDS}?limit=9&cursor={answer.json['next']}")
        seen += [each["id"] for each in answer.json["records"]]
    assert len(seen) == len(set(seen))
    assert there <= set(seen)


@pytest.fixture
def divided(caller, fold):
    """Twelve records of a split unit: five of learners who were assigned to one successor, two to the other."""
    reader = caller(scopes=("all", "records/read", "imports/write"))
    told = [statement(who=f"tam-{number}", unit="26449", at="2025-05-10T03:00:00Z") for number in range(12)]
    told += [statement(who=f"dong-{number}", unit="26359") for number in range(4)]
    assert reader.post("/xapi/statements", json=told).status_code == 200
    fold(reader)
    found = reader.get(f"{RECORDS}?unit=26449&at=2025-06-30").json["records"]
    decide(reader, "26359", learners=[str(each["learner"]) for each in found[1:6]])
    decide(reader, "26446", records=[each["id"] for each in found[6:8]])
    return reader


PLACED = (("26359", "2025-08-15T03:00:00Z"), ("26449", "2025-05-10T03:00:00Z"))


def decide(reader, to, **about):
    decision = {"unit": "26449@", "to": f"{to}@2025-07-01", "reason": "Ấp"}
    assert reader.post("/api/units/assignments", json=decision | about).status_code == 201


def walked(reader, query):
    """Return the ids of all records, page by page; no page but the last has fewer than were asked for."""
    found, cursor, limit = [], "", int(query.rpartition("limit=")[2])
    while True:
        answer = reader.get(f"{RECORDS}?{query}{cursor}").json
        found += [each["id"] for each in answer["records"]]
        if answer["next"] is None:
            return found
        assert len(answer["records"]) == limit
        cursor = f"&cursor={answer['next']}"


def test_records_of_a_split_unit_are_where_they_were_assigned(divided):
    told = Counter(
        record["unit_as_of"].get("code") or record["unit_as_of"]["label"]
        for record in divided.get(f"{RECORDS}?limit=500").json["records"]
    )
    assert told == {"26359": 9, "26446": 2, "26449 → 26359/26446": 5}
    before = divided.get(f"{RECORDS}?unit=26449&at=2025-06-30").json["records"]
    assert [record["unit_as_of"]["code"] for record in before] == ["26449"] * 12
    for code, count in (("26359", 9), ("26446", 2)):
        found = divided.get(f"{RECORDS}?unit={code}").json["records"]
        assert [record["unit_as_of"]["code"] for record in found] == [code] * count


@pytest.mark.parametrize("sort", ["learner", "last", "-last", "first"])
@pytest.mark.parametrize("limit", [1, 2, 3, 9, 10])
def test_pages_of_a_successor_follow_each_other(divided, sort, limit):
    whole = [each["id"] for each in divided.get(f"{RECORDS}?unit=26359&sort={sort}").json["records"]]
    assert len(whole) == 9
    assert walked(divided, f"unit=26359&sort={sort}&limit={limit}") == whole
    lines = divided.get(f"{RECORDS}?unit=26359&sort={sort}&format=ndjson").text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == whole


def test_a_walk_goes_on_whatever_is_decided_meanwhile(caller, fold):
    reader = caller(scopes=("all", "records/read", "imports/write"))
    told = [statement(who=f"{code}-{number}", unit=code, at=at) for code, at in PLACED for number in range(3)]
    assert reader.post("/xapi/statements", json=told).status_code == 200
    fold(reader)
    first = reader.get(f"{RECORDS}?unit=26359&limit=1").json
    found = reader.get(f"{RECORDS}?unit=26449&at=2025-06-30").json["records"]
    decide(reader, "26359", learners=[str(each["learner"]) for each in found])
    rest = reader.get(f"{RECORDS}?unit=26359&limit=100&cursor={first['next']}").json
    assert (len(rest["records"]), rest["next"]) == (5, None)


def test_a_unit_between_others_is_refused(reader):
    answer = reader.get(f"{RECORDS}?unit=731")
    assert answer.status_code == 400
    assert "lie within this one" in answer.text
