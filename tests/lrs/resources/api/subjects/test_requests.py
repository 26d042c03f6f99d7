"""Requests of people: recorded with due days, answered in steps, audited by ids."""

import json
import time
from datetime import date, timedelta

import pytest

from lrs.services.registries import RegistryService
from schemas.registries.holidays import Holiday
from schemas.registries.registries import Rows

PATH = "/api/subjects/requests"
LAN = "account:https://hoc.example.vn lan"
USUAL = {"access": 10, "correct": 10, "restrict": 15, "unrestrict": 15, "erase": 20, "withdraw": 15, "object": 15}


@pytest.fixture
def holidays(shared_store):
    """Let these days be holidays for a while."""

    service = RegistryService(shared_store, "Asia/Ho_Chi_Minh")

    def load(*days):
        rows = Rows(holidays=tuple(Holiday(day, {"vi": "Nghỉ"}) for day in days))
        service.load(b"\0" * 8, "cli", "holidays", lambda _: rows)

    yield load
    load()


@pytest.mark.parametrize("kind", USUAL)
def test_a_request_is_due_as_the_law_has_it(office, kind):
    made = office.ask(kind, LAN, received="2026-08-06", channel="paper", note="Ghi chú")
    days = {name: date.fromisoformat(made[name]) for name in ("received", "acknowledge_by", "due")}
    assert days["acknowledge_by"] == date(2026, 8, 10)  # two working days after a Thursday
    assert days["due"] == days["received"] + timedelta(USUAL[kind])
    assert (made["state"], made["identity"], made["note"], made["learner"]) == ("received", LAN, "Ghi chú", None)
    assert office.get(f"{PATH}/{made['id']}") == made


def test_holidays_and_policies_move_what_is_due_from_then_on(office, holidays):
    holidays(date(2026, 9, 2), date(2026, 9, 3))
    deadlines = {"erase": {"days": 3, "count": "working"}}
    assert office.client.put("/api/policies", json={"deadlines": deadlines}, headers={"If-Match": '"0"'}).json
    until = office.client.get("/api/holidays").json["holidays"]
    assert [each["day"] for each in until] in ([], ["2026-09-02", "2026-09-03"])
    made = wait_for(lambda: office.ask("erase", LAN, received="2026-09-01"), lambda made: made["due"] > "2026-09-04")
    assert (made["acknowledge_by"], made["due"]) == ("2026-09-07", "2026-09-08")
    holidays()
    assert office.get(f"{PATH}/{made['id']}")["due"] == "2026-09-08"


def wait_for(ask, enough):
    """Ask again until another process would know, too: registries are looked at every two seconds."""

    until = time.monotonic() + 5
    while not enough(made := ask()):
        assert time.monotonic() < until
        time.sleep(0.2)
    return made


def test_it_goes_from_step_to_step_and_each_is_audited_without_who_it_is_about(office):
    made = office.ask("access", LAN, note="bà Lan gọi")
    assert office.do(made, "acknowledge")["state"] == "acknowledged"
    longer = office.do(made, "extend", {"reason": "third-party", "note": "đã gửi thư"})
    due = date.fromisoformat(made["due"]) + timedelta(15)
    assert (longer["due"], longer["extension"]) == (due.isoformat(), "third-party")
    done = office.do(made, "fulfil", {"note": "đã giao bản in"})
    assert (done["state"], done["answer"], done["counts"]) == ("fulfilled", "đã gửi thư\nđã giao bản in", {})
    assert all(done[name] for name in ("closed", "acknowledged", "extended"))
    steps = [each for each in office.get("/api/audit", ascending="true")["records"] if each["target"] == made["id"]]
    assert [each["action"] for each in steps] == [
        "request.recorded",
        "request.acknowledged",
        "request.extended",
        "request.fulfilled",
    ]
    text = json.dumps(steps)
    assert "lan" not in text
    assert "thư" not in text


@pytest.mark.parametrize(
    ("steps", "last", "body"),
    [
        (["acknowledge"], "acknowledge", None),
        ([("extend", {"reason": "complex"})], "extend", {"reason": "complex"}),
        ([("fulfil", {})], "acknowledge", None),
        ([("fulfil", {})], "fulfil", {}),
        ([("refuse", {"reason": "repeated"})], "extend", {"reason": "complex"}),
        ([("refuse", {"reason": "repeated"})], "fulfil", {}),
    ],
)
def test_no_step_is_taken_twice_and_none_after_the_answer(office, steps, last, body):
    made = office.ask("object", LAN)
    for step in steps:
        office.do(made, *(step if isinstance(step, tuple) else (step,)))
    office.do(made, last, body, 409)


@pytest.mark.parametrize(("days", "status"), [(10, 200), (11, 409)])
def test_what_is_late_already_cannot_be_made_to_look_as_if_it_were_not(office, days, status):
    """On the last day it may still be extended."""
    today = date.fromisoformat(office.ask("object", LAN)["received"])
    made = office.ask("access", LAN, received=(today - timedelta(days)).isoformat())
    office.do(made, "acknowledge")
    office.do(made, "extend", {"reason": "complex"}, status)
    assert office.get(f"{PATH}/{made['id']}")["overdue"] is (status == 409)


def test_a_refusal_says_why(office):
    made = office.ask("erase", LAN)
    done = office.do(made, "refuse", {"reason": "law-requires-keeping", "note": "Luật lưu trữ"})
    assert (done["state"], done["reason"], done["answer"]) == ("refused", "law-requires-keeping", "Luật lưu trữ")
    assert office.audited("request.refused")[0]["details"]["reason"] == "law-requires-keeping"


def test_lists_tell_what_is_open_and_what_is_late(office):
    late = office.ask("access", LAN, received="2026-01-05")
    told = office.ask("erase", LAN)
    done = office.ask("object", LAN, received="2026-01-05")
    office.do(done, "fulfil", {})
    unacknowledged = office.ask("withdraw", LAN, received="2026-11-01")
    office.do(told, "acknowledge")

    def ids(**query):
        return [each["id"] for each in office.get(PATH, **query)["requests"]]

    assert ids() == [each["id"] for each in (late, told, done, unacknowledged)]
    assert ids(state="acknowledged") == [told["id"]]
    assert ids(type="object") == [done["id"]]
    assert ids(overdue="true") == [late["id"], unacknowledged["id"]]
    assert ids(overdue="true", type="access") == [late["id"]]
    first = office.get(PATH, limit=3)
    assert [each["overdue"] for each in first["requests"]] == [True, False, False]
    assert [each["id"] for each in office.get(PATH, cursor=first["next"])["requests"]] == [unacknowledged["id"]]


def test_somebody_is_named_by_identity_agent_or_number(office, agent, as_text):
    office.send(office.statement("lan"))
    office.fold()
    number = office.get("/api/learners", identity=LAN)["learners"][0]["number"]
    for learner in (LAN, agent("lan"), as_text(agent("lan")), number, str(number)):
        made = office.ask("access", learner)
        assert (made["identity"], made["learner"]) == (LAN, number)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"type": "delete", "learner": LAN}, "type"),
        ({"type": "access"}, "learner"),
        ({"type": "access", "learner": "lan"}, "learner"),
        ({"type": "access", "learner": {"name": "Lan"}}, "learner"),
        ({"type": "access", "learner": {"mbox": 1.5}}, "learner"),
        ({"type": "access", "learner": {"objectType": "Group", "member": []}}, "learner"),
        ({"type": "access", "learner": 123456}, "learner"),
        ({"type": "access", "learner": 0}, "learner"),
        ({"type": "access", "learner": True}, "learner"),
        ({"type": "access", "learner": LAN, "received": "2999-01-01"}, "received"),
        ({"type": "access", "learner": LAN, "received": "hôm nay"}, "received"),
        ({"type": "access", "learner": LAN, "channel": "chim"}, "channel"),
        ({"type": "access", "learner": LAN, "note": "x" * 2001}, "note"),
    ],
)
def test_what_makes_no_sense_is_refused_by_path(office, body, path):
    answer = office.client.post(PATH, json=body)
    assert answer.status_code == 400
    assert [each["path"] for each in answer.json["errors"]] == [path]


@pytest.mark.parametrize(
    ("kind", "body", "path"),
    [
        ("erase", {"elsewhere": True}, "elsewhere"),
        ("restrict", {"elsewhere": True}, "elsewhere"),
        ("correct", {}, "void"),
        ("correct", {"void": ["8f2a9a5c-0000-4000-8000-000000000001"]}, "reason"),
        ("access", {"void": ["8f2a9a5c-0000-4000-8000-000000000001"]}, "void"),
        ("access", {"purpose": "joint-course"}, "purpose"),
        ("access", {"void": ["x"]}, "void[0]"),
        ("access", {"surprise": 1}, "*"),
    ],
)
def test_what_does_not_belong_to_a_type_is_refused(office, kind, body, path):
    made = office.ask(kind, LAN)
    answer = office.client.post(f"{PATH}/{made['id']}/fulfil", json=body)
    assert answer.status_code == 400
    assert [each["path"] for each in answer.json["errors"]] == [path]
    assert office.get(f"{PATH}/{made['id']}")["state"] == "received"


def test_of_who_asks_nothing_lies_in_the_database_that_can_be_read(office, shared_store):
    made = office.ask("access", "mailto:bi.mat@hoc.example.vn", note="bà Bí Mật")
    [row] = [row for row in shared_store.database["requests"].find() if row["_id"].hex().endswith(made["id"])]
    assert not any(word in str(row).encode() for word in (b"bi.mat", "Bí Mật".encode(), b"hoc.example.vn"))


@pytest.mark.parametrize("scopes", [("all",), ("records/read", "imports/write"), ("admin",), ("audit/read",)])
def test_others_are_told_nothing(caller, office, scopes):
    made = office.ask("access", LAN)
    other = caller(scopes=scopes)
    for method, path, body in (
        ("GET", "", None),
        ("POST", "", {"type": "access", "learner": LAN}),
        ("GET", f"/{made['id']}", None),
        ("POST", f"/{made['id']}/acknowledge", None),
        ("POST", f"/{made['id']}/extend", {"reason": "complex"}),
        ("POST", f"/{made['id']}/refuse", {"reason": "repeated"}),
        ("POST", f"/{made['id']}/fulfil", {}),
    ):
        assert other.open(f"{PATH}{path}", method=method, json=body).status_code == 403


def test_a_foreign_request_is_none(caller, office):
    made = office.ask("access", LAN)
    other = caller(scopes=("subjects",))
    assert other.get(f"{PATH}/{made['id']}").status_code == 404
    assert other.post(f"{PATH}/{made['id']}/fulfil", json={}).status_code == 404
    assert other.get(f"{PATH}/nonsense").status_code == 404
    assert other.get(PATH).json["requests"] == []
