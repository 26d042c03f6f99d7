"""What requests leave behind for the diagnostics of their sender."""

from collections.abc import Collection
from http import HTTPStatus

from flask import Blueprint, Response, request
from flask.globals import app_ctx

from lrs.services.diagnostics import Diagnostics
from lrs.services.principals import Principal
from schemas.faults import Fault

_WRITING = frozenset({"POST", "PUT"})


def watch(blueprint: Blueprint, diagnostics: Diagnostics, endpoints: Collection[str]) -> None:
    """Count why writing requests to these endpoints were refused, and every use of a relaxation."""

    @blueprint.after_request
    def count(response: Response) -> Response:
        kept = app_ctx.g
        caller: Principal | None = kept.get("principal")
        if caller is None:
            return response
        if names := kept.get("forgiven"):
            diagnostics.used(caller, names)
        refused = HTTPStatus.BAD_REQUEST <= response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
        if refused and request.method in _WRITING and request.endpoint in endpoints:
            diagnostics.refused(caller, response.status_code, kept.get("faults") or [_unexplained(response)])
        return response


def _unexplained(response: Response) -> Fault:
    """Return a reason for a refusal that is explained by its status alone."""
    rule = HTTPStatus(response.status_code).phrase.lower().replace(" ", "-")
    return Fault("", rule, "")
