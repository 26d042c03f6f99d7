"""GET /api/dossier: the facts for an impact assessment, to print or for programs."""

from collections.abc import Callable
from typing import Any, Final

from flask import Response, render_template, request

from lrs.resources.api.dossier_words import LANGUAGES, WORDS, Language
from lrs.resources.api.interface import Section, View
from lrs.resources.encodings import vary
from lrs.resources.guards import principal
from lrs.resources.pages import Pages
from lrs.services.subjects.dossier import DossierService
from schemas.api.dossier import DossierQuerySchema, DossierSchema
from schemas.xapi.timestamps import iso

_JSON: Final = "application/json"
_HTML: Final = "text/html"


def dossier(service: DossierService) -> Section:
    """Return the views."""
    section = Section("dossier", "Facts for the impact assessment")
    pages = Pages()

    @section.view("/dossier", "GET", query=DossierQuerySchema, gives=DossierSchema)
    @_gives_a_page(section)
    def show(query: dict[str, Any]) -> dict[str, Any] | Response:
        """Print the facts for an impact assessment

        For the dossier under Law 91/2025/QH15 and Decree 356/2025/NĐ-CP: purposes, categories, recipients, legal bases,
        retention, deadlines, measures, minors, flows, requests and last changes. A page in Vietnamese or English, or
        JSON. With the scope `admin` or `audit/read`.
        """  # noqa: D400 - the first line is the operation's summary
        found = service.of(principal())
        language = _language(query)
        words = WORDS[language]
        if _wants_json(query):
            return found | {"notice": words["notice"]}
        changes = [each | {"time": iso(each["time"])} for each in found["changes"]]
        shown = {"language": language, "words": words, "d": found | {"changes": changes}}
        response = pages.answer(render_template("dossier.html", **shown, style=pages.style))
        response.headers["Cache-Control"] = "private, no-cache"
        vary(response, "Accept, Accept-Language, Authorization, Cookie")
        return response

    return section


def _language(query: dict[str, Any]) -> Language:
    """Return the language that was asked for, else the first of the reader's that there is."""
    # By what stands before the hyphen: the reader who wants en-GB most of all gets English.
    wanted = [query.get("language"), *(each.partition("-")[0] for each in request.accept_languages.values())]
    return next((each for name in wanted for each in LANGUAGES if each == name), "vi")


def _wants_json(query: dict[str, Any]) -> bool:
    asked: str | None = query.get("format")
    return asked == "json" if asked else request.accept_mimetypes.best_match([_HTML, _JSON]) == _JSON


def _gives_a_page(section: Section) -> Callable[[View], View]:
    """Describe that a view may answer with a page as well; stands below its declaration."""

    def declare(function: View) -> View:
        content = {_HTML: {"schema": {"type": "string"}}}
        described: View = section.blueprint.doc(responses={200: {"content": content}})(function)
        return described

    return declare
