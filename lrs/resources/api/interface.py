"""How views of the own API are declared: marshmallow in and out, OpenAPI from it, our refusals, our guard.

The only module that knows flask-smorest, which carries no types.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request
from flask_smorest import Api as SmorestApi  # type: ignore[import-untyped]  # it has none
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy
from werkzeug.datastructures import MultiDict

from lrs.resources.arguments import arguments
from lrs.resources.cors import share
from lrs.resources.diagnostics import watch
from lrs.resources.encodings import compress
from lrs.resources.guards import guard_api
from lrs.services.auth import Authenticator
from lrs.services.diagnostics import Diagnostics
from schemas.api.problems import ProblemSchema
from schemas.faults import Fault, Refused

View = Callable[..., Any]

_PREFIX = "/api"


class _Parser(FlaskParser):
    """Reads parameters as the xAPI resources do, and refuses as they do."""

    DEFAULT_VALIDATION_STATUS = 400
    DEFAULT_UNKNOWN_BY_LOCATION = {"query": RAISE}  # noqa: RUF012 - webargs declares it so

    def load_querystring(self, req: Any, schema: Schema) -> Any:
        del req
        return MultiDictProxy(MultiDict(arguments()), schema)

    def handle_error(self, error: ValidationError, *_: Any, **__: Any) -> Any:
        """Raise the parser's complaints as faults."""
        found: Any = error.messages_dict.get("query", {})
        raise Refused(Fault(str(name)[:80], "parameter", " ".join(told)) for name, told in found.items()) from error


class _Blueprint(SmorestBlueprint):  # type: ignore[misc]  # as above
    ARGUMENTS_PARSER = _Parser()


class Section:
    """Some views of one kind: a tag in the description."""

    def __init__(self, name: str, description: str) -> None:
        self.blueprint: Any = _Blueprint(name, __name__, url_prefix=_PREFIX, description=description)

    def view(
        self,
        rule: str,
        method: str,
        *,
        gives: type[Schema],
        query: type[Schema] | None = None,
        body: dict[str, Any] | None = None,
    ) -> Callable[[View], View]:
        """Make a function the view of a path: called with the parsed query if there is one, it returns what is dumped.

        ``body`` is the OpenAPI description of the request's body, which the view reads itself.
        """

        def declare(function: View) -> View:
            view = self.blueprint.response(200, gives)(function)
            if query is not None:
                view = self.blueprint.arguments(query, location="query")(view)
            if body is not None:
                view = self.blueprint.doc(requestBody=body)(view)
            declared: View = self.blueprint.route(rule, methods=[method])(view)
            return declared

        return declare


class Interface(SmorestApi):  # type: ignore[misc]  # as above
    """The own API of one application; ``root`` is the path that the outside reaches the application by."""

    ERROR_SCHEMA = ProblemSchema

    def __init__(self, app: Flask, root: str, authenticator: Authenticator, diagnostics: Diagnostics) -> None:
        self._authenticator = authenticator
        self._diagnostics = diagnostics
        # OpenAPI lives beside what it describes, open to all.
        app.config["OPENAPI_URL_PREFIX"] = _PREFIX
        described = {
            "title": "Sổ Học",
            "version": "1",
            "openapi_version": "3.1.0",
            "servers": [{"url": root or "/"}],
            "security": [{"basic": []}],
        }
        super().__init__(app, spec_kwargs=described)
        self.spec.components.security_scheme("basic", {"type": "http", "scheme": "basic"})
        # For the whole application: a wrong method or an unknown path belongs to no section.
        app.after_request(_finish)

    def add(self, *sections: Section) -> None:
        """Serve and describe these views, to callers with a credential."""
        for section in sections:
            guard_api(section.blueprint, self._authenticator)
            watch(section.blueprint, self._diagnostics, ())
            self.register_blueprint(section.blueprint)

    def _register_error_handlers(self) -> None:
        """Leave errors to our own handlers."""


def _finish(response: Response) -> Response:
    return compress(share(response)) if request.path.startswith(f"{_PREFIX}/") else response
