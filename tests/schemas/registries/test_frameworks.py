import pytest

from schemas.faults import Refused
from schemas.registries.frameworks import Crosswalk, Framework, Frameworks, Level, Skill


def framework(code, version="1", *, levels="12", skills=("a", "b")):
    return Framework(
        code,
        version,
        {"vi": code},
        levels=tuple(Level(level, {"vi": level}) for level in levels),
        skills=tuple(Skill(skill, {"vi": skill}) for skill in skills),
    )


def crosswalk(start, end, match="approximate"):
    """Lead from a skill of X to one of Y; level after a slash."""
    (code, _, level), (to_code, _, to_level) = start.partition("/"), end.partition("/")
    return Crosswalk("X", "1", "Y", "1", match, code, level, to_code, to_level)


def test_skills_and_levels_are_found_by_their_codes():
    frameworks = Frameworks([framework("X"), framework("X", "2", skills=("c",)), framework("Y")])
    assert frameworks.skill("X", "2", "c").code == "c"
    assert frameworks.skill("X", "1", "c") is None
    assert frameworks.level("Y", "1", "2").code == "2"
    assert frameworks.level("Y", "1", "3") is None


def test_the_only_version_needs_no_name():
    frameworks = Frameworks([framework("X"), framework("X", "2"), framework("Y")])
    assert frameworks.skill("Y", None, "a").code == "a"
    assert frameworks.find("X") is None
    assert frameworks.find("Z") is None


def test_what_comes_near_is_found_with_how_near():
    frameworks = Frameworks(
        [framework("X"), framework("Y")],
        [crosswalk("a", "a", "exact"), crosswalk("b/1", "b/1"), crosswalk("b/1", "b/2")],
    )
    assert [each.match for each in frameworks.crosswalk("X", "1", "a")] == ["exact"]
    assert [each.to_level for each in frameworks.crosswalk("X", "1", "b", "1", to="Y")] == ["1", "2"]
    assert frameworks.crosswalk("X", "1", "b") == []
    assert frameworks.crosswalk("X", "1", "a", to="X") == []


@pytest.mark.parametrize(
    ("crosswalks", "path", "rule"),
    [
        ([crosswalk("a", "a", "exact"), crosswalk("a", "b")], "crosswalks[0].match", "exact"),
        ([crosswalk("a", "a", "exact"), crosswalk("b", "a")], "crosswalks[0].match", "exact"),
        ([crosswalk("z", "a")], "crosswalks[0]", "unknown"),
        ([crosswalk("a", "a/9")], "crosswalks[0]", "unknown"),
        ([crosswalk("", "a")], "crosswalks[0]", "unknown"),
    ],
)
def test_crosswalks_that_cannot_hold_are_refused(crosswalks, path, rule):
    with pytest.raises(Refused) as refused:
        Frameworks([framework("X"), framework("Y")], crosswalks)
    assert (refused.value.faults[0].path, refused.value.faults[0].rule) == (path, rule)


@pytest.mark.parametrize(
    ("rows", "path", "rule"),
    [
        ([framework("X"), framework("X")], "frameworks[0]", "unique"),
        ([framework("X", levels="11")], "frameworks[0].levels[1].code", "unique"),
        ([framework("X", skills=("a", "a"))], "frameworks[0].skills[1].code", "unique"),
        ([Framework("X", "1", {}, skills=(Skill("a", {}, "b"),))], "frameworks[0].skills[0].within", "unknown"),
    ],
)
def test_rows_that_contradict_each_other_are_refused(rows, path, rule):
    with pytest.raises(Refused) as refused:
        Frameworks(rows)
    assert (refused.value.faults[0].path, refused.value.faults[0].rule) == (path, rule)
