"""Figures for machines: the province can pull figures and cannot pull people; the same figures are the same bytes."""

import pytest

KPI = "/api/exports/kpi?period=2025-08"


@pytest.fixture
def full(school, said, people):
    def trained(count, unit, group, programme="192/KH-UBND:2025"):
        return [
            said(who=n, unit=unit, programme=[programme], target_group=[group]) for n in people(count, unit + group)
        ]

    school.post(*trained(60, "26209", "elderly"), *trained(30, "26209", "official"), *trained(20, "26080", "elderly"))
    return school


def test_m14_one_line_for_each_unit_programme_and_group(full):
    answer = full.reader.get(f"{KPI}&format=json")
    assert answer.json["rows"][0] == {
        "indicator": "coverage.trained",
        "period": "2025-08",
        "unit": "26080",
        "unitAsOf": "2026-04-30",
        "unitName": "Phường Long Khánh",
        "programme": "192/KH-UBND:2025",
        "group": "elderly",
        "value": 20,
        "denominator": 100,
        "percent": 20.0,
        "suppressed": False,
        "reason": None,
    }
    assert [(row["unit"], row["programme"], row["group"], row["value"]) for row in answer.json["rows"]] == [
        ("26080", "192/KH-UBND:2025", "elderly", 20),
        ("26080", "57-NQ/TW", "elderly", 20),
        ("26209", "192/KH-UBND:2025", "elderly", 60),
        ("26209", "192/KH-UBND:2025", "official", 30),
        ("26209", "57-NQ/TW", "elderly", 60),
        ("26209", "57-NQ/TW", "official", 30),
    ]


@pytest.mark.parametrize("form", ["json", "csv"])
def test_m14_the_same_figures_are_the_same_bytes_and_need_not_be_sent_again(full, said, form):
    first, again = (full.reader.get(f"{KPI}&format={form}") for _ in range(2))
    assert first.data == again.data
    tag = first.headers["ETag"]
    assert tag.startswith('"')
    same = full.reader.get(f"{KPI}&format={form}", headers={"If-None-Match": tag})
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", tag)
    # Figures of a month are what they were, whatever is stored of another.
    more = {"at": "2024-03-10", "programme": ["192/KH-UBND:2025"], "target_group": ["elderly"]}
    full.post(*[said(who=f"truoc-{number}", **more) for number in range(30)])
    other = full.reader.get(f"{KPI}&format={form}", headers={"If-None-Match": tag})
    assert (other.status_code, other.headers["ETag"]) == (304, tag)
    assert other.headers["Sohoc-Through"] > first.headers["Sohoc-Through"]
    full.post(
        *[said(who=f"moi-{number}", programme=["192/KH-UBND:2025"], target_group=["elderly"]) for number in range(12)]
    )
    fresh = full.reader.get(f"{KPI}&format={form}", headers={"If-None-Match": tag})
    assert (fresh.status_code, fresh.headers["ETag"] != tag) == (200, True)


def test_m14_the_file_opens_in_spreadsheets_with_its_diacritics(full, lines):
    rows = lines(full.reader.get(f"{KPI}&format=csv"))
    assert [(row["unitName"], row["value"], row["suppressed"]) for row in rows][:3] == [
        ("Phường Long Khánh", "20", "0"),
        ("Phường Long Khánh", "20", "0"),
        ("Xã Thanh Sơn", "60", "0"),
    ]


def test_m14_the_province_cannot_pull_people(full):
    for path in ("/xapi/statements", "/api/records", "/api/learners"):
        assert full.reader.get(path).status_code == 403
    assert full.reader.get(KPI).status_code == 200
    assert full.analyst.get(KPI).headers["Cache-Control"] == "private, no-cache"


def test_what_is_hidden_is_hidden_here_too(full, said, people):
    full.post(*[said(who=n, unit="26089", target_group=["citizen"], programme=["192"]) for n in people(4, "it")])
    rows = full.reader.get(KPI).json["rows"]
    few = next(row for row in rows if row["unit"] == "26089")
    assert (few["value"], few["percent"], few["suppressed"], few["reason"]) == (None, None, True, "small")
    assert {row["value"] for row in full.analyst.get(KPI).json["rows"] if row["unit"] == "26089"} == {4}


@pytest.mark.parametrize("query", ["", "period=2025-13", "period=2025-08-01", "period=2025-Q5", "period=2025&x=1"])
def test_other_periods_are_refused(full, query):
    assert full.reader.get(f"/api/exports/kpi?{query}").status_code == 400
