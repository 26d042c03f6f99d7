"""Skills: at which levels people passed, by framework, and what comes near in others."""

from typing import Any, Final

from lrs.services.reports.axes import nested
from lrs.services.reports.cube import Cube, Row
from lrs.services.reports.tables import Question, Table, Word, lay, lines_of, told
from lrs.services.reports.tasks import among_trained, of_all_training, within
from lrs.services.reports.view import View
from schemas.registries.frameworks import Frameworks
from schemas.registries.labels import label_of

_BETWEEN: Final = "\x1f"
"""Stands between the parts of a skill's name in one value."""


def skills(view: View, question: Question) -> Table:
    """Return who passed, or was assessed at all; a skill is named by framework, version and code."""
    laid = lay(view, question, _words(view.registries.frameworks), within("skill"))
    laid.dims.update({"framework", "version", "code", "level", "passed"})
    if not view.exact:
        laid = laid.with_axis(among_trained("skill"))
    if question.measure == "passed":
        laid = laid.with_axis(nested("passed", [_passed], ["passed"], listed=False, chosen="passed"))
    rows = (_named(row) for row in of_all_training(view, "skill", laid))
    cube = Cube(laid.axes, rows, view.k)
    lines = [
        values | told(line) | _crosswalks(view.registries.frameworks, line.values)
        for line, values in lines_of(cube, laid.axes, question.by)
    ]
    return Table("skills", view, question, lines, told(cube.total()))


def _passed(row: Row) -> bool:
    return bool(row.dims.get("passed"))


def _named(row: Row) -> Row:
    """Return a row with its framework, skill and level as one word each; levels mean something in a framework only."""
    dims = row.dims
    if "framework" not in dims:
        return row
    framework = f"{dims['framework']}{_BETWEEN}{dims.get('version', '')}"
    level, code = dims.get("level", ""), dims.get("code", "")
    named = {"in": framework, "skill": f"{framework}{_BETWEEN}{code}", "level": f"{framework}{_BETWEEN}{level}"}
    return row._replace(dims={**dims, **named})


def _words(frameworks: Frameworks) -> dict[str, Word]:
    def framework(value: str) -> dict[str, Any]:
        code, version = value.split(_BETWEEN)
        found = frameworks.find(code, version or None)
        return {
            "code": code,
            "version": version,
            "label": label_of(found) if found else None,
            "registered": bool(found),
        }

    def skill(value: str) -> dict[str, Any]:
        framework_, version, code = value.split(_BETWEEN)
        found = frameworks.skill(framework_, version or None, code)
        return {"code": code, "label": label_of(found) if found else None, "registered": found is not None}

    def level(value: str) -> dict[str, Any]:
        framework_, version, code = value.split(_BETWEEN)
        found = frameworks.level(framework_, version or None, code)
        return {"code": code, "label": label_of(found) if found else None, "registered": found is not None}

    def means(text: str) -> str:
        found = frameworks.find(text) if _BETWEEN not in text else None
        return f"{found.code}{_BETWEEN}{found.version}" if found else text

    def known(told_by: Any) -> Any:
        return lambda value: _BETWEEN in value and told_by(value)["registered"]

    return {
        "framework": Word("in", show=framework, is_known=known(framework), means=means),
        "skill": Word("skill", show=skill, is_known=known(skill)),
        "level": Word("level", show=level, is_known=known(level)),
    }


def _crosswalks(frameworks: Frameworks, values: dict[str, str]) -> dict[str, Any]:
    """Return what comes near the skill, the level, or the skill at the level of a line."""
    named = values.get("skill") or values.get("level")
    if named is None:
        return {}
    framework, version, last = named.split(_BETWEEN)
    level = values["level"].rpartition(_BETWEEN)[2] if "level" in values else ""
    code = last if "skill" in values else ""
    near = frameworks.crosswalk(framework, version, code, level)
    if not near and code and level:
        near = frameworks.crosswalk(framework, version, code) + frameworks.crosswalk(framework, version, "", level)
    return {
        "crosswalks": [
            {
                "framework": each.to_framework,
                "version": each.to_version,
                "code": each.to_code or None,
                "level": each.to_level or None,
                "match": each.match,
            }
            for each in near
        ]
    }
