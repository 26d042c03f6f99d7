"""GET /api/docs: the description of the own API as a page for people.

Made here from the document that programs read, so that it needs no script and nothing from another host.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup, escape

from lrs.resources.encodings import vary
from lrs.resources.pages import Pages

Described = Mapping[str, Any]

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_NOTED: Final = ("format", "pattern", "minimum", "maximum", "minLength", "maxLength", "maxItems", "default")
_code = re.compile("`([^`]+)`")

_WORDS: Final = {
    "en": {
        "title": "the API beside xAPI",
        "programs": "The same for programs:",
        "letting_in": "How to be let in",
        "open": "Open to all.",
        "parameters": "Parameters",
        "body": "Body",
        "answers": "Answers",
        "schemas": "Schemas",
        "members": "Members",
        "name": "Name",
        "type": "Type",
        "meaning": "Meaning",
        "required": "required",
        "array": "array of",
        "one_of": "one of",
    },
    "vi": {
        "title": "API ngoài xAPI",
        "programs": "Cùng nội dung, dành cho chương trình:",
        "letting_in": "Cách xác thực",
        "open": "Không cần xác thực.",
        "parameters": "Tham số",
        "body": "Nội dung gửi lên",
        "answers": "Trả lời",
        "schemas": "Kiểu dữ liệu",
        "members": "Thành phần",
        "name": "Tên",
        "type": "Kiểu",
        "meaning": "Ý nghĩa",
        "required": "bắt buộc",
        "array": "mảng của",
        "one_of": "một trong",
    },
}


def docs(describe: Callable[[], Described]) -> Blueprint:
    """Return the page; ``describe`` gives the OpenAPI document, which does not change while this process runs."""
    blueprint = Blueprint("docs", __name__, url_prefix="/api", template_folder="../templates")
    blueprint.add_app_template_filter(_prose, "prose")
    pages = Pages()

    @cache
    def page(language: str) -> str:
        return render_template("docs.html", **_shown(describe(), language), style=pages.style)

    @blueprint.get("/docs")
    def show() -> Response:
        response = pages.answer(page(request.accept_languages.best_match(_WORDS, "en")))
        vary(response, "Accept-Language")
        return response

    return blueprint


def _prose(text: str | None) -> Markup:
    """Return a text with what stands between backticks as code."""
    return Markup(_code.sub(r"<code>\1</code>", str(escape(text or ""))))  # noqa: S704 - escaped before


def _shown(described: Described, language: str) -> dict[str, Any]:
    """Return what the template shows."""
    words = _WORDS[language]
    components = described["components"]
    operations = list(_operations(described, words))
    return {
        "language": language,
        "words": words,
        "info": described["info"],
        "schemes": components["securitySchemes"],
        "tags": [
            tag | {"operations": [each for each in operations if tag["name"] in each["tags"]]}
            for tag in described["tags"]
        ],
        "schemas": [
            {"name": name, "members": list(_members(schema, words))} for name, schema in components["schemas"].items()
        ],
    }


def _operations(described: Described, words: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    known = described["components"].get("responses", {})
    for path, item in described["paths"].items():
        for method in (each for each in _METHODS if each in item):
            operation = item[method]
            parameters = [*item.get("parameters", ()), *operation.get("parameters", ())]
            yield {
                "anchor": re.sub(r"\W+", "-", f"{method}{path}").strip("-"),
                "method": method.upper(),
                "path": path,
                "tags": operation["tags"],
                "summary": operation["summary"].removesuffix("."),
                "description": operation.get("description"),
                "open": operation.get("security") == [],
                "parameters": [_parameter(each, words) for each in parameters],
                "bodies": _contents(operation.get("requestBody", {}), words),
                "answers": [
                    {
                        "status": status,
                        "description": answer.get("description"),
                        "contents": _contents(answer, words),
                    }
                    for status, found in sorted(operation["responses"].items())
                    for answer in [known[_name(found)] if "$ref" in found else found]
                ],
            }


def _parameter(parameter: Described, words: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": parameter["name"],
        "place": parameter["in"],
        "required": parameter.get("required"),
        "shape": _shape(parameter["schema"], words),
        "description": parameter.get("description") or parameter["schema"].get("description"),
    }


def _contents(holder: Described, words: Mapping[str, str]) -> list[dict[str, Any]]:
    contents = holder.get("content", {})
    return [{"type": kind, "shape": _shape(each.get("schema", {}), words)} for kind, each in contents.items()]


def _members(schema: Described, words: Mapping[str, str], above: str = "") -> Iterator[dict[str, Any]]:
    """Yield the members of an object, those of objects described within it by their way to it."""
    for name, inner in schema.get("properties", {}).items():
        yield {
            "name": above + name,
            "required": name in schema.get("required", ()),
            "shape": _shape(inner, words),
            "description": inner.get("description"),
        }
        yield from _members(inner, words, f"{above}{name}.")


def _shape(schema: Described, words: Mapping[str, str]) -> dict[str, Any]:
    """Return of what type a value is, and what else is said of it."""
    notes = [f"{name}: {schema[name]}" for name in _NOTED if name in schema]
    if "$ref" in schema:
        return {"link": _name(schema), "notes": notes}
    for several in ("anyOf", "oneOf", "allOf"):
        if linked := [_name(each) for each in schema.get(several, ()) if "$ref" in each]:
            return {"link": linked[0], "notes": notes}
    items = schema.get("items")
    if items is not None:
        inner = _shape(items, words)
        notes += inner["notes"]
        if "link" in inner:
            return {"link": inner["link"], "notes": [f"{words['array']} {inner['link']}", *notes]}
        return {"type": f"{words['array']} {inner['type']}", "notes": notes}
    if "enum" in schema:
        listed = ", ".join("null" if each is None else str(each) for each in schema["enum"])
        notes.append(f"{words['one_of']}: {listed}")
    kinds = schema.get("type", "")
    return {"type": kinds if isinstance(kinds, str) else " | ".join(kinds), "notes": notes}


def _name(reference: Described) -> str:
    return str(reference["$ref"]).rpartition("/")[2]
