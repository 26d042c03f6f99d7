"""Two universities give figures to a province: real processes of `lrs serve` and `lrs worker`, and nothing but HTTP."""

import re
import uuid

import pytest

from schemas.training.terms import BASE

HOME = "https://lms.truong.example.vn"
SCOPES = {
    "lhu": {"all", "share", "records/read", "reports/read", "audit/read"},
    "vnuhcm": {"all", "share", "records/read", "reports/read", "audit/read"},
    "province": {"share", "reports/read", "audit/read"},
}
PURPOSE = {"code": "plan-192-figures", "vi": "Theo dõi Kế hoạch 192", "en": "To follow Plan 192"}
FIGURES = {"purpose": PURPOSE, "basis": "public-task", "level": "figures", "filter": {"programmes": ["192"]}}


class World:
    """Two universities that train people, and a province that is to have figures."""

    def __init__(self, site):
        self.site = site
        self.lhu, self.vnuhcm, self.province = (site.organisation(name, *scopes) for name, scopes in SCOPES.items())
        self.names = set()

    def train(self, school, mark, count, unit, programme="192"):
        """Let so many people attend a class, and wait until they are counted."""
        names = [f"nguoi-thu-{mark}-{number:04}" for number in range(count)]
        self.names.update(names)
        for begin in range(0, count, 50):
            school.post("/xapi/statements", [attended(each, unit, programme) for each in names[begin : begin + 50]])
        self.site.counted(school)

    def agree(self, giver):
        """Make an agreement that the giver proposes and the province accepts; return its path."""
        terms = FIGURES | {"giver": giver.id, "taker": self.province.id}
        return f"/api/agreements/{self.site.agree(giver, self.province, terms)}"


def attended(name, unit, programme):
    extensions = {
        f"{BASE}/extensions/admin-unit": {"code": unit, "asOf": "2025-08-15"},
        f"{BASE}/extensions/programme": [programme],
    }
    return {
        "id": str(uuid.uuid4()),
        "actor": {"name": f"Người Thử {name}", "account": {"homePage": HOME, "name": name}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/attended"},
        "object": {"id": f"{HOME}/lop", "definition": {"type": f"{BASE}/activity-types/community-class"}},
        "context": {"extensions": extensions},
        "timestamp": "2025-08-15T09:00:00+07:00",
    }


@pytest.fixture(scope="module")
def world(sites):
    with sites(worker=False) as site:
        loaded = site.admin("load", "dong-nai")
        assert loaded.returncode == 0, loaded.stderr
        with site.working():
            yield World(site)


def shown(found):
    return {row["unit"]["code"]: (row["shown"], row["without"]) for row in found["rows"]}


def coverage(world, **query):
    return world.province.get("/api/reports/coverage", **query)


def details(caller, action):
    return [each["details"] for each in caller.audited(action)]


def test_the_province_reads_figures_by_agreement_and_nothing_else(world):
    world.train(world.lhu, "a", 40, "26209")
    world.train(world.lhu, "b", 15, "26080", "217")
    world.train(world.vnuhcm, "c", 30, "26209")
    world.train(world.vnuhcm, "d", 4, "26080")

    found = coverage(world, by="unit", sharing="all")
    assert (found["rows"], [each["id"] for each in found["organisations"]]) == ([], ["province"])

    one, other = world.agree(world.lhu), world.agree(world.vnuhcm)
    found = coverage(world, by="unit", sharing="all")
    # Beside the four of one university, its thirty would tell of them in its total.
    assert shown(found) == {"26080": ("<10", ["vnuhcm"]), "26209": ("40", ["vnuhcm"])}
    assert (found["totals"]["shown"], found["distinct"]) == ("74", "per organisation")
    assert {each["id"]: each["agreement"] for each in found["organisations"]} == {
        "province": None,
        "lhu": one.rpartition("/")[2],
        "vnuhcm": other.rpartition("/")[2],
    }

    for path in (f"/api/shared/{one.rpartition('/')[2]}/records", "/xapi/statements", "/api/records", "/api/learners"):
        assert world.province.ask("GET", path)[0] == 403, path
    who = {"by": "province", "purpose": PURPOSE["code"]}
    assert details(world.lhu, "share.refused") == [who | {"reason": "level"}]
    assert details(world.lhu, "share.read") == [who | {"report": "coverage", "rows": 1}]

    assert world.vnuhcm.do("POST", f"{other}/suspend")["state"] == "suspended"
    for _ in range(10):  # on either process of the server
        assert shown(coverage(world, by="unit", sharing="all")) == {"26209": ("40", [])}
    assert world.lhu.do("POST", f"{one}/end")["state"] == "ended"
    for _ in range(10):
        assert coverage(world, sharing="all")["totals"]["learners"] == 0

    page = world.province.text(f"{one}/statement", language="vi")
    assert "Theo dõi Kế hoạch 192" in page
    assert "đã chấm dứt" in page
    check_that_nothing_leaked(world)


def check_that_nothing_leaked(world):
    heard = world.province.heard
    assert len(heard) > 10_000
    assert not [name for name in world.names if name in heard]
    assert not re.search(rf"Người Thử|{HOME}|@[\w-]+\.\w", heard)
    told = world.site.admin("audit", "verify")
    assert told.returncode == 0, told.stdout + told.stderr
