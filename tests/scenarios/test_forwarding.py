"""M12 and what may go wrong on the way: two servers and a worker, real processes, and the receiving one is killed.

``FORWARDED=100000 pytest --timeout 0 tests/scenarios/test_forwarding.py -rP`` is the long run, and tells how
long it took.
"""

import json
import os
import re
import time
import uuid
from random import Random

import pytest

MANY = int(os.environ.get("FORWARDED", "2000"))
KILLS = 3
VERB = "http://adlnet.gov/expapi/verbs/"


def stored(site):
    """Return all statements, by id; a walk through all pages finds each once."""
    found, path = {}, "/xapi/statements?limit=500&ascending=true"
    while path:
        page = site.own.get(path)
        for each in page["statements"]:
            assert each["id"] not in found
            found[each["id"]] = each
        path = page["more"]
    return found


@pytest.fixture
def served(sites, tmp_path_factory):
    """Run the server of one organisation, on a database of its own; the worker runs when the test says so."""
    settings = {"LRS_PROCESSES": "1", "LRS_LOG_LEVEL": "info", "LRS_PARTNER_HOSTS": "127.0.0.1"}
    return lambda: sites(worker=False, logs=tmp_path_factory.mktemp("logs"), **settings)


@pytest.fixture
def vnuhcm(served):
    with served() as site:
        yield site


@pytest.fixture
def lhu(served):
    with served() as site:
        yield site


def statement(number, verb="completed", at="2026-08-15T03:00:00Z"):
    return {
        "id": str(uuid.UUID(int=Random(number).getrandbits(128), version=4)),
        "actor": {"account": {"homePage": "https://sso.vnuhcm.example.vn", "name": f"hv-{number % 997:04}"}},
        "verb": {"id": VERB + verb},
        "object": {
            "id": f"https://vnuhcm.example.vn/khoa-hoc/{number % 37}",
            "definition": {"type": "http://adlnet.gov/expapi/activities/course"},
        },
        "timestamp": at,
    }


@pytest.fixture
def agreed(vnuhcm, lhu):
    """Agree on the joint course of 2026 with names, and let it be forwarded."""
    return forwarded(vnuhcm, lhu, level="named")


def forwarded(vnuhcm, lhu, **terms):
    """Agree, and let it be forwarded; return the paths of the agreement and the forward."""
    usual = {
        "giver": "first",
        "partner": {"name": "Trường Đại học Lạc Hồng", "document": "12/TT-2026"},
        "purpose": {"code": "joint-course", "vi": "Lớp học chung", "en": "Joint course"},
        "basis": "contract",
        "statements": True,
        "filter": {"verbs": ["completed", "passed"], "from": "2026-01-01", "to": "2026-12-31"},
        "starts": "2020-01-01",
    }
    agreement = vnuhcm.agree(vnuhcm.own, vnuhcm.own, usual | terms)
    relay = lhu.own.do("POST", "/api/credentials", {"scopes": ["statements/write"], "relay": True})
    wanted = {
        "agreement": agreement,
        "url": f"http://127.0.0.1:{lhu.port}/xapi",
        "key": relay["key"],
        "secret": relay["secret"],
    }
    made = vnuhcm.own.do("POST", "/api/forwards", wanted)["id"]
    return f"/api/agreements/{agreement}", f"/api/forwards/{made}"


def caught_up(site, forward, sent):
    found = site.own.get(forward)
    return found["lag"] == 0 and found["sent"] == sent


def test_m12_records_travel_between_institutions_by_agreement(vnuhcm, lhu, agreed):
    agreement, forward = agreed
    sent = [statement(number, "passed" if number % 3 else "completed") for number in range(50)]
    outside = [statement(100 + number, "experienced") for number in range(5)]
    outside += [statement(200 + number, at="2025-12-31T16:59:59Z") for number in range(5)]
    vnuhcm.own.do("POST", "/xapi/statements", outside[:5] + sent + outside[5:])
    with vnuhcm.working():
        vnuhcm.until(lambda: caught_up(vnuhcm, forward, 50), 30)
    there, here = stored(lhu), stored(vnuhcm)
    assert there.keys() == {each["id"] for each in sent}
    for name, each in there.items():
        assert each | {"stored": here[name]["stored"]} == here[name]
        assert each["authority"] == here[name]["authority"]

    with vnuhcm.working():
        time.sleep(2)
        assert vnuhcm.own.get(forward)["sent"] == 50
        assert stored(lhu) == there
        vnuhcm.own.do("POST", f"{agreement}/end")
        vnuhcm.own.do("POST", "/xapi/statements", [statement(300)])
        vnuhcm.until(lambda: vnuhcm.own.get(forward)["state"] == "stopped", 20)
    assert stored(lhu) == there
    assert vnuhcm.own.ask("POST", f"{forward}/resume")[0] == 403
    audit = vnuhcm.own.get("/api/audit?limit=100")["records"]
    told = [each for each in audit if each["action"] in {"forward.sent", "forward.stopped"}]
    assert [(each["action"], each["details"]["agreement"]) for each in told[::-1]] in (
        [("forward.sent", agreement[-16:]), ("forward.stopped", agreement[-16:])],
        [("forward.stopped", agreement[-16:]), ("forward.sent", agreement[-16:])],
    )
    assert {"purpose": "joint-course", "statements": 50}.items() <= next(
        each["details"].items() for each in told if each["action"] == "forward.sent"
    )


def test_exactly_those_of_the_agreement_arrive_once_though_the_receiver_is_killed_and_a_re_run_sends_none(
    vnuhcm, lhu, agreed
):
    _, forward = agreed
    pick, wanted = Random(12), set()
    for begin in range(0, MANY + MANY // 5, 500):
        batch = []
        for number in range(begin, min(begin + 500, MANY + MANY // 5)):
            covered = number % 6 != 5
            batch.append(statement(number, "completed" if covered else "experienced"))
            wanted |= {batch[-1]["id"]} if covered else set()
        vnuhcm.own.do("POST", "/xapi/statements", batch)
    begun, down = time.monotonic(), 0.0
    with vnuhcm.working():
        for kill in range(1, KILLS + 1):
            share = len(wanted) * kill // (KILLS + 2)
            vnuhcm.until(lambda share=share: vnuhcm.own.get(forward)["sent"] >= share, 600)
            lhu.kill("serve")
            killed = time.monotonic()
            time.sleep(pick.uniform(0, 1))
            lhu.start("serve")
            down += time.monotonic() - killed
        vnuhcm.until(lambda: caught_up(vnuhcm, forward, len(wanted)), 900)
        seconds = time.monotonic() - begun
    rate = len(wanted) / seconds
    print(f"{len(wanted)} of {MANY + MANY // 5} in {seconds:.1f} s, {rate:.0f}/s, {down:.1f} s of it down")  # noqa: T201 - asked for
    there = stored(lhu)
    assert there.keys() == wanted
    assert vnuhcm.own.get(forward)["dead"] == 0
    with vnuhcm.working():
        time.sleep(3)
        assert vnuhcm.own.get(forward)["sent"] == len(wanted)
    assert stored(lhu) == there


SEEDED = re.compile("bimat|bí mật|999201000123", re.IGNORECASE)


def telling(number):
    """Return statements that tell of people wherever a statement can."""
    lan = {"account": {"homePage": "https://sso.bimat.example.vn", "name": f"bimat-{number}"}, "name": "Bí Mật Lan"}
    minh = {"mbox": f"mailto:bimat.minh.{number}@example.vn", "name": "Bí Mật Minh"}
    one = statement(1000 + number, "passed") | {
        "actor": lan,
        "result": {"response": "Tôi là Bí Mật Lan", "extensions": {"https://bimat.example.vn/so": "999201000123"}},
        "context": {
            "registration": str(uuid.uuid4()),
            "instructor": minh,
            "team": {"objectType": "Group", "mbox": "mailto:to.bimat@example.vn", "name": "Tổ Bí Mật"},
            "platform": "Máy của Bí Mật Lan",
            "statement": {"objectType": "StatementRef", "id": str(uuid.uuid4())},
            "contextActivities": {"other": [{"id": "https://vnuhcm.example.vn/cua/bimat-lan"}]},
            "extensions": {"https://example.vn/ghi-chu": "của Bí Mật Lan"},
        },
    }
    one["verb"] = one["verb"] | {"display": {"vi": "Bí Mật Lan đã đạt"}}
    one["object"] = one["object"] | {"definition": one["object"]["definition"] | {"name": {"vi": "Lớp của Bí Mật Lan"}}}
    group = {"objectType": "Group", "name": "Nhóm Bí Mật", "member": [lan, minh]}
    # An id that tells who it is about travels under a key.
    own = {"id": f"https://vnuhcm.example.vn/luan-van/bimat-{number}", "definition": one["object"]["definition"]}
    return [one, statement(2000 + number) | {"actor": group}, statement(3000 + number) | {"actor": lan, "object": own}]


def test_under_pseudonyms_nothing_in_the_database_of_the_recipient_tells_of_anybody(vnuhcm, lhu):
    _, forward = forwarded(vnuhcm, lhu, level="pseudonymous")
    sent = [each for number in range(10) for each in telling(number)]
    vnuhcm.own.do("POST", "/xapi/statements", sent)
    assert SEEDED.search(dump(vnuhcm))
    with vnuhcm.working(), lhu.working():
        vnuhcm.until(lambda: caught_up(vnuhcm, forward, len(sent)), 30)
        lhu.counted()
    arrived = stored(lhu)
    assert len(arrived) == len(sent)
    assert not arrived.keys() & {each["id"] for each in sent}
    # The same person is one there, and of the two ten have come.
    assert len({json.dumps(each["actor"]) for each in arrived.values() if "account" in each["actor"]}) == 10
    for place in (dump(lhu), lhu.logs(), vnuhcm.logs(), json.dumps(arrived, ensure_ascii=False)):
        assert SEEDED.findall(place) == []


def dump(site):
    """Return all that a site has in its database, as text."""
    return b"".join(site.dump().values()).decode(errors="replace")
