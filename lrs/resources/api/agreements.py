"""/api/agreements: what organisations let each other have."""

from collections.abc import Callable
from dataclasses import fields as dataclass_fields
from typing import Any, Final

from flask import Response, render_template, request

from lrs.resources.api.agreement_pages import told
from lrs.resources.api.agreement_words import LANGUAGES
from lrs.resources.api.interface import Section, View
from lrs.resources.api.versions import seen, tag
from lrs.resources.encodings import vary
from lrs.resources.guards import principal
from lrs.resources.pages import Pages
from lrs.services.agreeing import AgreementService
from lrs.services.agreements import Agreement, Agreements, Failure
from schemas.api.agreements import (
    AgreementChangeSchema,
    AgreementPageQuerySchema,
    AgreementSchema,
    AgreementsQuerySchema,
    AgreementsSchema,
    NewAgreementSchema,
)

_PAGE: Final = {"text/html": {"schema": {"type": "string"}}}

Answer = tuple[Agreement, int, dict[str, str]]


def agreements(known: Agreements, service: AgreementService) -> Section:
    """Return the views."""
    section = Section("agreements", "What organisations let each other have; to agree needs the scope `share`")
    _reading(section, known)
    _agreeing(section, service)
    _acting(section, service)
    return section


def _gives_a_page(section: Section) -> Callable[[View], View]:
    """Describe that a view answers with a page; stands below its declaration."""

    def declare(function: View) -> View:
        page = {"description": "A page to read and print.", "content": _PAGE}
        described: View = section.blueprint.doc(responses={200: page})(function)
        return described

    return declare


def _reading(section: Section, known: Agreements) -> None:
    @section.view("/agreements", "GET", query=AgreementsQuerySchema, gives=AgreementsSchema)
    def page(query: dict[str, Any]) -> dict[str, Any]:
        """List the agreements of the own organisation

        Those by which it gives and those by which it takes, in the order of their ids. Needs `share` or `records/read`.
        """  # noqa: D400 - the first line is the operation's summary
        # One more than asked for says whether there is a next page.
        found = known.page(principal(), after=query["after"], most=query["limit"] + 1)
        shown = found[: query["limit"]]
        return {"agreements": shown, "more": shown[-1].id if len(found) > len(shown) else None}

    @section.view("/agreements/<agreement>", "GET", gives=AgreementSchema)
    def get(agreement: str) -> tuple[Agreement | dict[str, Any], int, dict[str, str]]:
        """Show an agreement

        One that the own organisation is no side of is not found. `failure` is there while its records do not come.
        """  # noqa: D400 - as above
        held = known.get(principal(), agreement)
        failure = known.failure(held)
        return (held if failure is None else _with(held, failure)), 200, tag(held.version)

    pages = Pages()

    @section.view("/agreements/<agreement>/statement", "GET", query=AgreementPageQuerySchema)
    @_gives_a_page(section)
    def statement(query: dict[str, Any], agreement: str) -> Response:
        """Read an agreement in words

        A page in Vietnamese or English, for the file: who, to whom, what for, on which basis, what travels field by
        field, for how long, how it ends and who is responsible.
        """  # noqa: D400 - as above
        held = known.get(principal(), agreement)
        language = query.get("language") or request.accept_languages.best_match(LANGUAGES, "vi")
        shown = told(known, held, "en" if language == "en" else "vi")
        response = pages.answer(render_template("agreement.html", **shown, style=pages.style))
        response.headers["Cache-Control"] = "private, no-cache"
        vary(response, "Accept-Language, Authorization, Cookie")
        return response


def _agreeing(section: Section, service: AgreementService) -> None:
    @section.view("/agreements", "POST", takes=NewAgreementSchema, gives=AgreementSchema, status=201)
    def propose(body: dict[str, Any]) -> Answer:
        """Propose an agreement

        By one of its sides; nothing is given before the other one has accepted. With a `partner` outside of this
        server, the giver accepts by itself, which says that the document was signed. Level `figures` covers reports;
        deeper ones records, too. What is not said is as in the answer.
        """  # noqa: D400 - the first line is the operation's summary
        made = service.propose(principal(), body)
        return made, 201, tag(made.version)

    @section.view(
        "/agreements/<agreement>", "PATCH", takes=AgreementChangeSchema, gives=AgreementSchema, refusals=[409, 412]
    )
    def change(body: dict[str, Any], agreement: str) -> Answer:
        """Name other terms

        While it is proposed, by either side: then the other one is to accept. With the ETag of what was read in
        `If-Match`.
        """  # noqa: D400 - as above
        return _tagged(service.change(principal(), agreement, seen(), body))

    @section.view("/agreements/<agreement>/accept", "POST", gives=AgreementSchema, refusals=[409, 412])
    def accept(agreement: str) -> Answer:
        """Accept an agreement

        By the side that did not name the terms, with the ETag of what was read in `If-Match`.
        """  # noqa: D400 - as above
        return _tagged(service.accept(principal(), agreement, seen()))


def _acting(section: Section, service: AgreementService) -> None:
    @section.view("/agreements/<agreement>/suspend", "POST", gives=AgreementSchema, refusals=[409])
    def suspend(agreement: str) -> Answer:
        """Suspend an agreement

        By either side, at once: nothing is given until whoever has suspended it resumes.
        """  # noqa: D400 - the first line is the operation's summary
        return _tagged(service.suspend(principal(), agreement))

    @section.view("/agreements/<agreement>/resume", "POST", gives=AgreementSchema, refusals=[409])
    def resume(agreement: str) -> Answer:
        """Resume an agreement

        What the own side has suspended.
        """  # noqa: D400 - as above
        return _tagged(service.resume(principal(), agreement))

    @section.view("/agreements/<agreement>/end", "POST", gives=AgreementSchema)
    def end(agreement: str) -> Answer:
        """End an agreement

        By either side, at once and for good; a proposal is withdrawn or refused by it.
        """  # noqa: D400 - as above
        return _tagged(service.end(principal(), agreement))

    @section.view("/agreements/<agreement>/rotate", "POST", gives=AgreementSchema, refusals=[409])
    def rotate(agreement: str) -> Answer:
        """Make new pseudonyms

        By the giver: all records go out again under new pseudonyms, their ids staying the same.
        """  # noqa: D400 - as above
        return _tagged(service.rotate(principal(), agreement))


def _with(held: Agreement, failure: Failure) -> dict[str, Any]:
    return {each.name: getattr(held, each.name) for each in dataclass_fields(held)} | {"failure": failure}


def _tagged(found: Agreement) -> Answer:
    return found, 200, tag(found.version)
