"""M20, M21, M25a, M25b, M25c and the matching of M26: what was learned, for which programme, from whom and on what.

On a running server with a worker; every test has an organisation of its own.
"""

import json
import unicodedata

import pytest

EXPERTS = "https://vnuhcm.example.vn"
ODD = "https://nen-tang-la.example.vn/"
VNEID = "https://vneid.gov.vn/"


def people(count, mark="p"):
    return [f"{mark}-{number}" for number in range(count)]


def test_m20_levels_are_told_by_commune_with_what_comes_near_in_other_frameworks(school, site, said):
    loaded = site.own.get("/api/frameworks")
    assert len(loaded["frameworks"]) >= 3
    assert site.own.do("PUT", "/api/frameworks", loaded)["changed"] is False
    circular = next(each for each in loaded["frameworks"] if each["code"] == "02/2025/TT-BGDĐT")
    code = circular["skills"][-1]["code"]

    def passed(who, level, unit="26209", skill=code):
        told = {"framework": circular["code"], "version": circular["version"], "code": skill, "level": level}
        return said(who, "skill", "passed", on=f"kn-{skill}-{level}", unit=unit, skill=told)

    unknown = passed("c", 1, skill="KHONG-CO")
    known = [passed(who, 1) for who in people(30, "a")] + [passed(who, 3, "26080") for who in people(20, "b")]
    school.post(*known, unknown)
    found = school.report("skills", framework=circular["code"], by="unit,skill,level")
    assert [
        (row["unit"]["code"], row["skill"]["code"], row["skill"]["registered"], row["level"]["code"], row["learners"])
        for row in found["rows"]
    ] == [("26080", code, True, "3", 20), ("26209", code, True, "1", 30), ("26209", "KHONG-CO", False, "1", 1)]
    near = {"framework": "DigComp", "version": "3.0", "code": None, "match": "approximate"}
    levels = school.report("skills", by="framework,level")["rows"]
    assert [row["crosswalks"] for row in levels] == [[near | {"level": "1"}], [near | {"level": "2"}]]
    flags = {each["name"]: each["examples"] for each in school.own.get("/api/reviews")["flags"]}
    assert flags["unknown-skill"] == [unknown["id"]]
    assert "KHONG-CO" not in str(school.shown("skills", by="skill"))


def test_m21_one_training_serves_several_programmes_once(school, said, by):
    school.post(*[said(who, programme=["192", "57-NQ/TW"]) for who in people(10)])
    for ask in (school.report, school.shown):
        found = ask("coverage", by="programme")
        assert by(found, "programme") == {"192/KH-UBND:2025": 10, "57-NQ/TW": 10}
        assert found["totals"]["learners"] == 10


def test_m25a_hours_of_experts_are_told_by_name_to_the_own_and_without_to_the_province(school, said, by):
    names = ("Jane Example", "Jean Exemple")
    taught = [(0, 2), (0, 3), (0, 3), (1, 2), (1, 2), (1, 2)]
    told = []
    for number, (expert, hours) in enumerate(taught):
        who = {"name": names[expert], "account": {"homePage": EXPERTS, "name": f"chuyen-gia-{expert}"}}
        more = {"result": {"duration": f"PT{hours}H"}, "context": {"instructor": who}}
        told += [said(each, on=f"buoi-{number}", **more) for each in people(5)]
    school.post(*told)
    assert by(school.report("experts", by="expert"), "expert", figure="hours") == {
        f"account:{EXPERTS} chuyen-gia-0": 8.0,
        f"account:{EXPERTS} chuyen-gia-1": 6.0,
    }
    shown = school.shown("experts")
    assert (shown["totals"]["sessions"], shown["totals"]["hours"]) == (6, 14.0)
    assert not [trace for trace in (*names, "chuyen-gia", EXPERTS) if trace in str(shown)]
    assert school.province.ask("GET", "/api/reports/experts?by=expert").status == 400


def test_m25b_support_to_officials_is_told_apart_from_support_to_citizens(school, said, by):
    def helped(who, group):
        return said(who, "support-session", on=f"ho-tro-{who}-{group}", target_group=[group])

    told = [helped(who, "official") for who in people(15, "o")] + [helped(who, "citizen") for who in people(24, "c")]
    school.post(*told, helped("o-0", "citizen"))
    found = school.report("coverage", kind="support", by="unit,group")
    # One person is both, in both lines and once in the total.
    assert by(found, "unit", "group") == {("26209", "official"): 15, ("26209", "citizen"): 25}
    assert by(found, "unit", "group", figure="statements") == {("26209", "official"): 15, ("26209", "citizen"): 25}
    assert (found["totals"]["learners"], found["totals"]["statements"]) == (39, 40)


@pytest.fixture
def renamed(site):
    """Rename a platform in the registry; its label is another for as long as the test."""
    before = site.own.get("/api/platforms")

    def rename(iri, label):
        after = [
            each | ({"labels": each["labels"] | {"vi": label}} if each["iri"] == iri else {})
            for each in before["platforms"]
        ]
        assert site.own.do("PUT", "/api/platforms", {"platforms": after})["changed"]

    yield rename
    site.own.do("PUT", "/api/platforms", before)


def test_m25c_platforms_have_the_labels_of_the_registry_and_others_are_unregistered(school, site, said, renamed):
    registered = {each["iri"]: each["labels"] for each in site.own.get("/api/platforms")["platforms"]}
    assert len(registered) == 4
    assert all(labels.keys() >= {"vi", "en"} for labels in registered.values())
    where = [*registered, ODD]
    told = [
        said(who, "digital-platform-task", "completed", on=where[place % 5]) for place, who in enumerate(people(30))
    ]
    school.post(*told)

    def labels():
        found = school.report("tasks", by="platform")
        assert found["totals"]["learners"] == 30
        return {row["platform"]["iri"]: row["platform"]["label"] for row in found["rows"]}

    before = {iri: names["vi"] for iri, names in registered.items()} | {ODD: "unregistered"}
    assert labels() == before
    path = f"/xapi/statements?statementId={told[0]['id']}"
    statement = school.own.text(path)
    renamed(VNEID, "Tên mới")
    # Every process of the server learns of it by itself.
    site.until(lambda: all(labels() == before | {VNEID: "Tên mới"} for _ in range(5)))
    assert school.own.text(path) == statement
    assert ODD not in str(school.shown("tasks", by="platform"))


def test_m26_the_same_people_of_three_files_are_proposed_and_not_joined(school, said):
    """As UTF-8, as a Mac writes them with the tone in the other place, and as they stood in TCVN3, in capitals."""
    names = ["Nguyễn Thử Hòa", "Lê Thử Đạt", "Trần Thử Yến"]
    other_tone = [unicodedata.normalize("NFD", name.replace("Hòa", "Hoà")) for name in names]
    files = {"one": names, "two": other_tone, "three": [name.upper() for name in names]}
    told = [
        said({"account": {"homePage": f"https://{file}.vn", "name": str(place)}, "name": name})
        for file, of in files.items()
        for place, name in enumerate(of)
    ]
    far = said({"account": {"homePage": "https://far.vn", "name": "0"}, "name": names[0]}, unit="26080")
    school.post(*told, far)
    found = school.own.get("/api/learners/matches")
    proposed = {
        (each["unit"], tuple(sorted(who for learner in each["learners"] for who in learner["identities"])))
        for each in found["proposals"]
    }
    assert proposed == {
        ("26209", tuple(sorted(f"account:https://{file}.vn {place}" for file in files))) for place in range(3)
    }
    assert "Thử" not in json.dumps(found, ensure_ascii=False)
    assert len(school.own.get("/api/learners")["learners"]) == 10
