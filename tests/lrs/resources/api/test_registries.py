"""Registries over HTTP: scenarios M3 (names of a day), M4 (decisions), M20, M25c and M27."""

import base64
import csv
import http.client
import io
import json
import secrets
import threading
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from lrs.services import data_sets
from lrs.services.registries import RegistryService
from lrs.services.setup import first_credential

PEPPER = "a pepper for tests, of 32 characters or more"
SMALL = {"units": [{"code": "01", "name": "Tỉnh Một", "kind": "province"}], "links": []}


@pytest.fixture(scope="module")
def host(shared_app, shared_store):
    """Speak as an administrator of the host; the registries are those of Dong Nai."""
    key, secret = secrets.token_hex(8), secrets.token_hex(8)
    first_credential(shared_store, PEPPER, key, secret)
    list(data_sets.load(shared_store, RegistryService(shared_store, "Asia/Ho_Chi_Minh"), "dong-nai"))
    client = shared_app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()
    return client


@pytest.fixture
def restored(host, shared_store):
    """Put everything back as it was before."""
    yield host
    list(data_sets.load(shared_store, RegistryService(shared_store, "Asia/Ho_Chi_Minh"), "dong-nai"))
    host.put("/api/targets", json={"targets": []})


@pytest.fixture
def codes(host):
    """Return the codes, or another field, of the units that a query finds."""

    def find(field="code", **query):
        answer = host.get("/api/units", query_string={"limit": 1000} | query)
        assert answer.status_code == 200, answer.text
        return [unit[field] for unit in answer.json["units"]]

    return find


def put(client, path, text):
    return client.put(path, data=text.encode(), content_type="text/csv")


def rows(answer):
    assert answer.content_type == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("loc thanh", ["25280", "25294"]),
        ("Lộc Thạnh", ["25280"]),
        ("bien hoa", ["26068"]),
        ("Biên Hòa", ["26068"]),
        ("Biên Hoà", ["26068"]),
        ("nothing here", []),
    ],
)
def test_search_finds_what_vietnamese_readers_expect(codes, asked, found):
    assert codes(q=asked) == found


def test_lists_are_in_vietnamese_order_of_bare_names(codes):
    names = codes("name", sort="name", parent="75")
    assert len(names) == 95
    bare = [name.partition(" ")[2] for name in names]
    assert bare.index("Dầu Giây") < bare.index("Đak Lua") < bare.index("Gia Kiệm")
    assert bare.index("Lộc Thành") < bare.index("Lộc Thạnh")
    assert codes(parent="75") == sorted(codes(parent="75"))


@pytest.mark.parametrize(
    ("code", "at", "name"),
    [
        ("26116", "2025-06-30", "Thị trấn Tân Phú"),
        ("26116", "2026-04-29", "Xã Tân Phú"),
        ("26116", "2026-04-30", "Phường Tân Phú"),
        ("75", "2026-04-29", "Tỉnh Đồng Nai"),
        ("75", "2026-04-30", "Thành phố Đồng Nai"),
    ],
)
def test_a_unit_has_the_name_of_the_day(host, code, at, name):
    unit = host.get(f"/api/units/{code}", query_string={"at": at}).json
    assert (unit["code"], unit["name"]) == (code, name)


def test_a_unit_tells_what_it_was_made_of_and_what_became_of_it(host):
    unit = host.get("/api/units/26116?at=2026-04-29").json
    assert [each["key"] for each in unit["before"]] == ["26116@", "26149@", "26152@", "26161@", "26164@"]
    assert unit["after"] == [
        {
            "key": "26116@2026-04-30",
            "code": "26116",
            "name": "Phường Tân Phú",
            "extent": "renamed",
            "effective": "2026-04-30",
        }
    ]


def test_without_a_day_it_is_today_in_the_time_zone_of_reports(host):
    before, answer, after = today(), host.get("/api/units?limit=1").json["at"], today()
    assert answer in {before, after}
    assert host.get("/api/units/26116").json["name"] == "Phường Tân Phú"


def today():
    return str(datetime.now(UTC).astimezone(ZoneInfo("Asia/Ho_Chi_Minh")).date())


def test_lists_of_another_day_and_of_all(codes):
    assert len(codes(at="2025-06-30")) == 270
    assert len(codes(at="2025-07-01", kind="ward")) == 23
    assert len(codes(at="2026-04-30", kind="ward")) == 33
    assert len(codes("key", at="all")) == 377
    assert codes(at="1900-01-01") == codes(at="2025-06-30")


@pytest.mark.parametrize("sort", ["code", "name"])
def test_pages_give_each_unit_once(host, codes, sort):
    found, cursor = [], ""
    while cursor is not None:
        page = host.get("/api/units", query_string={"at": "all", "sort": sort, "limit": 100, "cursor": cursor}).json
        found += [unit["key"] for unit in page["units"]]
        cursor = page["next"]
    assert found == codes("key", at="all", sort=sort)
    assert len(set(found)) == 377


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("at=2025-02-30", "at"),
        ("at=today", "at"),
        ("cursor=%C3%A9", "cursor"),
        ("cursor=_____", "cursor"),
        ("limit=0", "limit"),
        ("sort=area", "sort"),
        ("colour=1", "*"),
    ],
)
def test_queries_that_mean_nothing_are_refused(host, query, path):
    answer = host.get(f"/api/units?{query}")
    assert answer.status_code == 400
    assert answer.json["errors"][0]["path"] == path


@pytest.mark.parametrize("address", ["/api/units/99999", "/api/units/26449", "/api/units/26446?at=1900-01-01"])
def test_a_code_without_a_unit_on_that_day_is_not_found(host, address):
    assert host.get(address).status_code == (200 if "26446" in address else 404)


def test_every_credential_reads_and_only_the_host_replaces(host, caller):
    stranger = caller(scopes=("statements/write",))
    assert stranger.get("/api/units/26116").status_code == 200
    assert [stranger.get(f"/api/{name}").status_code for name in ("programmes", "unit-links")] == [200, 200]
    admin = caller(scopes=("admin", "all"))
    for path in ("units", "unit-links", "programmes", "targets", "frameworks", "platforms", "holidays"):
        assert admin.put(f"/api/{path}", json={}).status_code == 403
    assert host.get("/api/units/26116").status_code == 200


def test_a_file_opens_in_excel_and_is_taken_back_as_it_is(host):
    for path in ("units?at=all", "unit-links?", "programmes?", "targets?", "frameworks?", "platforms?", "holidays?"):
        answer = host.get(f"/api/{path}&format=csv")
        assert answer.data.startswith(b"\xef\xbb\xbf")
        assert rows(answer) or path == "targets?"
        taken = host.put(f"/api/{path.partition('?')[0]}", data=answer.data, content_type="text/csv")
        assert (taken.status_code, taken.json["changed"]) == (200, False)


def test_a_file_is_given_to_whoever_accepts_one(host):
    answer = host.get("/api/units?q=bien+hoa", headers={"Accept": "text/csv"})
    assert [row["code"] for row in rows(answer)] == ["26068"]


def test_json_is_taken_back_as_it_is_given(host):
    units = host.get("/api/units?at=all&limit=1000").json["units"]
    whole = {"units": units, "links": host.get("/api/unit-links").json["links"]}
    taken = host.put("/api/units", json=whole).json
    assert (taken["changed"], taken["rows"]) == (False, {"units": 377, "links": 282})
    for name in ("programmes", "frameworks", "platforms", "targets", "holidays"):
        assert not host.put(f"/api/{name}", json=host.get(f"/api/{name}").json).json["changed"]


def test_all_or_nothing_with_the_row_of_each_fault(host):
    text = "code;name;kind\n26116;Xã Một;commune\n\n1,2E+4;Xã Hai;commune\n26117;Xã Ba;village\n"
    answer = put(host, "/api/units", text)
    assert answer.status_code == 400
    told = {(fault["path"], fault["message"].partition(":")[0]) for fault in answer.json["errors"]}
    assert told == {("units[1].code", "row 4"), ("units[2].kind", "row 5")}
    assert host.get("/api/units/26116").json["name"] == "Phường Tân Phú"


def test_units_of_a_file_must_fit_the_links_that_there_are(host):
    answer = put(host, "/api/units", "code,name,kind\n26116,Xã Một,commune\n")
    assert answer.status_code == 400
    assert {fault["path"] for fault in answer.json["errors"]} >= {"links[0].old_code"}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"[]", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"units": []}', "application/json", 400),
        (b'{"units": [{"code": 26116, "name": "X", "kind": "commune"}], "links": []}', "application/json", 400),
        (b"\xff", "text/csv", 400),
        (b"code,name,kind\n", "text/plain", 415),
        (b" " * (16 * 1024**2 + 1), "text/csv", 413),
    ],
)
def test_bodies_that_are_no_registry_are_refused(host, body, kind, status):
    assert host.put("/api/units", data=body, content_type=kind).status_code == status


def test_a_registry_is_replaced_and_known_at_once(restored, codes, shared_store):
    before = restored.get("/api/units?at=all&limit=1").json
    assert before["next"]
    answer = restored.put("/api/units", json=SMALL)
    assert (answer.status_code, answer.json["changed"], answer.json["rows"]) == (200, True, {"units": 1})
    assert codes() == ["01"]
    assert restored.get("/api/unit-links").json == {"links": []}
    entry = shared_store.database["audit"].find_one({"action": "registry.replaced"}, sort=[("_id", -1)])
    assert (entry["target"], entry["details"]["version"]) == ("units", answer.json["version"])


def test_units_and_links_are_replaced_file_by_file(restored, codes):
    assert put(restored, "/api/unit-links", "old_code,new_code,extent,effective\n").json["changed"]
    assert put(restored, "/api/units", "code,name,kind,valid_to\n4,Xã Một,commune,1/7/2025\n").json["changed"]
    assert codes("key", at="all") == ["00004@"]
    answer = put(restored, "/api/unit-links", "old_code,new_code,extent,effective\n00004,00007,whole,2025-07-01\n")
    assert [(fault["path"], fault["message"]) for fault in answer.json["errors"]] == [
        ("links[0].new_code", "row 2: no unit with this code begins on that day")
    ]


def test_readers_see_a_registry_before_or_after_and_never_between(restored):
    large = {"units": [{"code": f"{n:05}", "name": f"Xã {n}", "kind": "commune"} for n in range(300)], "links": []}
    seen, stop = set(), threading.Event()

    def read():
        client = restored.application.test_client()
        client.environ_base.update(restored.environ_base)
        while not stop.is_set():
            page = client.get("/api/units?at=all&limit=1000").json
            seen.add((len(page["units"]), len({unit["kind"] for unit in page["units"]})))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for _ in range(4):
        assert restored.put("/api/units", json=SMALL).json["changed"]
        assert restored.put("/api/units", json=large).json["changed"]
    stop.set()
    for reader in readers:
        reader.join()
    assert seen <= {(377, 5), (1, 1), (300, 1)}
    assert {(1, 1), (300, 1)} <= seen


def test_targets_must_fit_units_and_programmes(restored):
    text = "programme;unit;group;year;denominator;percent;source\n"
    text += "192;26116;elderly;2025;900;80,5;Công văn số 1\n192;99999;;2025;1;;x\nnothing;26116;;2025;1;;x\n"
    answer = put(restored, "/api/targets", text)
    told = [(fault["path"], fault["rule"], fault["message"].partition(":")[0]) for fault in answer.json["errors"]]
    assert told == [("targets[1].unit", "unknown", "row 3"), ("targets[2].programme", "unknown", "row 4")]
    assert put(restored, "/api/targets", "".join(text.splitlines(keepends=True)[:2])).json["rows"] == {"targets": 1}
    assert restored.get("/api/targets").json["targets"] == [
        {
            "programme": "192",
            "unit": "26116",
            "group": "elderly",
            "year": 2025,
            "denominator": 900,
            "percent": 80.5,
            "source": "Công văn số 1",
        }
    ]


def test_programmes_and_frameworks_that_contradict_themselves_are_refused(host):
    circle = [
        {"code": "A", "labels": {"vi": "A"}, "within": ["B"]},
        {"code": "B", "labels": {"en": "B"}, "within": ["A"]},
    ]
    assert host.put("/api/programmes", json={"programmes": circle}).json["errors"][0]["rule"] == "circle"
    frameworks = host.get("/api/frameworks").json
    frameworks["crosswalks"][0]["match"] = "exact"
    assert host.put("/api/frameworks", json=frameworks).json["errors"][0]["path"] == "crosswalks[0].match"


def test_a_label_is_renamed_in_the_registry(restored):
    platforms = restored.get("/api/platforms").json
    assert len(platforms["platforms"]) == 4
    renamed = {"platforms": [each | {"labels": {"vi": "Tên mới"}} for each in platforms["platforms"]]}
    assert restored.put("/api/platforms", json=renamed).json["changed"]
    assert {each["labels"]["vi"] for each in restored.get("/api/platforms").json["platforms"]} == {"Tên mới"}
    assert restored.put("/api/platforms", json=platforms).json["changed"]


def decision(**changes):
    return {"unit": "26449@2025-05-31", "to": "26359@2025-07-01", "records": ["0" * 32], "reason": "Ấp 3"} | changes


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"unit": "26116@2025-05-31"}, "unit"),
        ({"unit": "26359@2025-07-01"}, "unit"),
        ({"unit": "00000@"}, "unit"),
        ({"to": "26116@2025-07-01"}, "to"),
        ({"to": "26359@2025-05-31"}, "to"),
        ({"records": []}, "records"),
        ({"records": ["Nguyễn Văn A"]}, "records[0]"),
        ({"records": ["zz"]}, "records[0]"),
        ({"records": ["0" * 31]}, "records[0]"),
        ({"records": ["A" * 32]}, "records[0]"),
        ({"records": ["0" * 32]}, "records[0]"),
        ({"records": [], "learners": ["1"]}, "learners[0]"),
        ({"records": [], "learners": ["1", "9223372036854775808"]}, "learners[1]"),
        ({"learners": ["9" * 200]}, "learners[0]"),
        ({"learners": ["l1"]}, "learners[0]"),
        ({"learners": ["01"]}, "learners[0]"),
        ({"learners": ["0"]}, "learners[0]"),
        ({"learners": [1]}, "learners[0]"),
        ({"reason": ""}, "reason"),
        ({"reason": "  "}, "reason"),
    ],
)
@pytest.mark.usefixtures("host")
def test_decisions_that_mean_nothing_are_refused(caller, changes, path):
    answer = caller(scopes=("imports/write",)).post("/api/units/assignments", json=decision(**changes))
    assert answer.status_code == 400
    assert answer.json["errors"][0]["path"] == path


@pytest.mark.usefixtures("host")
def test_decisions_belong_to_their_organisation_and_need_a_scope(caller):
    assert caller(scopes=("records/read",)).post("/api/units/assignments", json=decision()).status_code == 403
    assert caller(scopes=("imports/write",)).get("/api/units/assignments").status_code == 403
    assert caller(scopes=("records/read",)).get("/api/units/assignments").json["assignments"] == []


def test_every_process_of_a_server_knows_a_replaced_registry_within_seconds(server):
    token = base64.b64encode(f"{server.key}:{server.secret}".encode()).decode()

    def ask(method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request(method, path, body, {"Authorization": f"Basic {token}", "Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    ask("GET", "/api/units")
    assert ask("PUT", "/api/units", json.dumps(SMALL))["changed"]
    until = time.monotonic() + 10
    found = [0]
    # Ten times in a row: with two processes, both have answered.
    while set(found) != {1} and time.monotonic() < until:
        found = [len(ask("GET", "/api/units?q=t%E1%BB%89nh+mot")["units"]) for _ in range(10)]
    assert set(found) == {1}
