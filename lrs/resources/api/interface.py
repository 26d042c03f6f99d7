"""How views of the own API are declared: marshmallow in and out, OpenAPI from it, our refusals, our guard.

The only module that knows flask-smorest, which carries no types.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from http import HTTPStatus
from threading import Lock
from typing import Any, Final

from flask import Flask, Response
from flask.globals import request_ctx
from flask_smorest import Api as SmorestApi  # type: ignore[import-untyped]  # it has none
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import RAISE, Schema, ValidationError, fields
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy
from werkzeug.datastructures import MultiDict

from lrs.errors import UnsupportedMediaType
from lrs.resources.api.docs import docs
from lrs.resources.arguments import arguments
from lrs.resources.bodies import whole
from lrs.resources.cookies import CSRF, Cookies
from lrs.resources.cors import share
from lrs.resources.diagnostics import watch
from lrs.resources.encodings import compress
from lrs.resources.guards import guard_api
from lrs.services.auth import Authenticator
from lrs.services.diagnostics import Diagnostics
from lrs.services.limits import RateLimits
from lrs.services.mime import essence
from schemas.api.problems import ProblemSchema, complaints
from schemas.faults import Fault, Refused
from schemas.xapi.parameters import repeated
from schemas.xapi.parsing import parse_json

View = Callable[..., Any]

_PREFIX = "/api"
_PROBLEM: Final = "application/problem+json"
MOST_JSON: Final = 1024**2
"""Bytes of a body that is not statements."""
_TOLD: Final = (
    "Everything that is done beside xAPI: sending statements row by row, keys, organisations, the people who look after"
    " them, registries, and the audit. Refusals are `application/problem+json` (RFC 9457); their `errors` name the way"
    " to each fault and a stable word for it."
)
_COMMON: Final = (400, 401, 403, 415, 429, 503)
"""What every view may answer with; 415 for an encoding that is not known here, also where no body is looked for."""
_LIMITED: Final = (429, 503)
"""What everything may answer with."""
# Python takes more for a whole number: other digits, blanks around them, "+" and "_".
_WHOLE: Final = re.compile("-?[0-9]+")
_NO_NUMBER: Final = ""


class _Parser(FlaskParser):
    """Reads parameters as the xAPI resources do, and refuses as they do."""

    DEFAULT_VALIDATION_STATUS = 400
    DEFAULT_UNKNOWN_BY_LOCATION = {"query": RAISE, "json": RAISE}  # noqa: RUF012 - webargs declares it so

    def load_querystring(self, req: Any, schema: Schema) -> Any:
        """Return the parameters; raise Refused where one is given twice that is no list, with what else is wrong."""
        del req
        args = arguments()
        given = MultiDictProxy(MultiDict(_plain(args, schema)), schema)
        if faults := _repeated(args, schema, given.multiple_keys):
            raise Refused([*faults, *complaints(schema.validate(given), "", "parameter")])
        return given

    def load_json(self, req: Any, schema: Schema) -> Any:
        """Read a JSON body as strictly as statements are read; raise UnsupportedMediaType for another type."""
        del schema
        if essence(req.content_type or "") != "application/json":
            raise UnsupportedMediaType("Send application/json")
        return parse_json(whole(req, MOST_JSON))

    def handle_error(self, error: ValidationError, *_: Any, **__: Any) -> Any:
        """Raise the parser's complaints as faults."""
        [(location, found)] = error.messages_dict.items()
        rule = "parameter" if location == "query" else "value"
        raise Refused(complaints(found, "", rule)) from error


class _Blueprint(SmorestBlueprint):  # type: ignore[misc]  # as above
    ARGUMENTS_PARSER = _Parser()

    def register_views_in_doc(self, api: "Interface", *given: Any, **named: Any) -> None:
        """Leave the description until somebody asks for it: it takes longer than all else of a start."""
        api.later(lambda: super(_Blueprint, self).register_views_in_doc(api, *given, **named))


class Section:
    """Some views of one kind: a tag in the description."""

    def __init__(self, name: str, description: str) -> None:
        self.blueprint: Any = _Blueprint(name, __name__, url_prefix=_PREFIX, description=description)
        self.open_to_all: set[str] = set()
        self.refusals: set[int] = set()

    def view(  # noqa: PLR0913 - what OpenAPI says of an operation
        self,
        rule: str,
        method: str,
        *,
        gives: type[Schema] | None = None,
        takes: type[Schema] | None = None,
        query: type[Schema] | None = None,
        body: dict[str, Any] | None = None,
        status: int = 200,
        refusals: Iterable[int] = (),
        open_to_all: bool = False,
    ) -> Callable[[View], View]:
        """Make a function the view of a path: called with the parsed query, then the parsed body, where there are any.

        It returns what is dumped as ``gives``; without that, None or a Response. ``takes`` is JSON; ``body`` is the
        OpenAPI description of one that the view reads itself. ``refusals`` are the statuses that this view answers
        with beside those of every view (``_COMMON``, 404 with an id in the path, 413 with a body). What is
        ``open_to_all`` is reached without a credential.
        """

        def declare(function: View) -> View:
            view = self.blueprint.response(status, gives)(function)
            if takes is not None:
                view = self.blueprint.arguments(takes, location="json")(view)
            if query is not None:
                view = self.blueprint.arguments(query, location="query")(view)
            known = {*_COMMON, *refusals, *([404] if "<" in rule else []), *([413] if takes or body else [])}
            told: dict[str, Any] = {"responses": {f"{each}": self._refused(each) for each in sorted(known)}}
            if open_to_all:
                self.open_to_all.add(function.__name__)
                told["security"] = []
            if body is not None:
                told["requestBody"] = body
            declared: View = self.blueprint.route(rule, methods=[method])(self.blueprint.doc(**told)(view))
            return declared

        return declare

    def _refused(self, status: int) -> dict[str, str]:
        """Return the reference to the description of a refusal, of which there is one for all views."""
        self.refusals.add(status)
        return {"$ref": f"#/components/responses/{_name(status)}"}


class Interface(SmorestApi):  # type: ignore[misc]  # as above
    """The own API of one application; ``root`` is the path that the outside reaches the application by."""

    ERROR_SCHEMA = ProblemSchema
    # Every status is named where it can happen: "default" would hide one that was forgotten.
    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(  # noqa: PLR0913, PLR0917 - what every view is guarded and watched by
        self,
        app: Flask,
        root: str,
        authenticator: Authenticator,
        cookies: Cookies,
        limits: RateLimits,
        diagnostics: Diagnostics,
    ) -> None:
        self._authenticator = authenticator
        self._limits = limits
        self._diagnostics = diagnostics
        self._cookies = cookies
        self._refusals: set[int] = set()
        self._left: list[Callable[[], None]] = []
        self._lock = Lock()
        # OpenAPI lives beside what it describes, open to all.
        app.config["OPENAPI_URL_PREFIX"] = _PREFIX
        described = {
            "title": "Sổ Học",
            "version": "1",
            "openapi_version": "3.1.0",
            "servers": [{"url": root or "/"}],
            "security": [{"basic": []}, {"bearer": []}, {"session": [], "csrf": []}],
            "info": {"description": _TOLD},
        }
        super().__init__(app, spec_kwargs=described)
        for name, scheme in _schemes(cookies).items():
            self.spec.components.security_scheme(name, scheme)
        # For the whole application: a wrong method or an unknown path belongs to no section.
        app.after_request(_finish)
        app.register_blueprint(docs(self.described))

    def later(self, work: Callable[[], None]) -> None:
        """Do something once the description is asked for."""
        self._left.append(work)

    def described(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        with self._lock:
            for work in self._left:
                work()
            self._left.clear()
            found: dict[str, Any] = self.spec.to_dict()
            return found

    def _openapi_json(self) -> Response:
        self.described()
        answer: Response = super()._openapi_json()
        return answer

    def add(self, *sections: Section) -> None:
        """Serve and describe these views, to callers with a credential."""
        for section in sections:
            guard_api(section.blueprint, self._authenticator, self._limits, self._cookies, section.open_to_all)
            watch(section.blueprint, self._diagnostics, ())
            self.register_blueprint(section.blueprint)
            for status in section.refusals - self._refusals:
                self.later(partial(self._describe_refusal, status))
            self._refusals |= section.refusals

    def _describe_refusal(self, status: int) -> None:
        self.spec.components.response(_name(status), _refusal(status))

    def describe(self, tag: Mapping[str, str], paths: Mapping[str, Mapping[str, Any]]) -> None:
        """Describe what is served elsewhere, in words of OpenAPI, with what every view may be refused with."""
        self.spec.tag(dict(tag))
        self.later(partial(self._describe, tag, paths))

    def _describe(self, tag: Mapping[str, str], paths: Mapping[str, Mapping[str, Any]]) -> None:
        common = {f"{status}": {"$ref": f"#/components/responses/{_name(status)}"} for status in _LIMITED}
        rules = {rule.rule: rule for rule in self._app.url_map.iter_rules()}
        for path, item in paths.items():
            told = {
                method: operation | {"tags": [tag["name"]], "responses": operation["responses"] | common}
                for method, operation in item.items()
            }
            self.spec.path(rule=rules[path], operations=told)

    def _register_error_handlers(self) -> None:
        """Leave errors to our own handlers."""


def _plain(args: Iterable[tuple[str, str]], schema: Schema) -> Iterator[tuple[str, str]]:
    """Yield parameters; a whole number that is not written plainly becomes what the schema refuses."""
    numbers = {field.data_key or name for name, field in schema.fields.items() if isinstance(field, fields.Integer)}
    for name, text in args:
        yield name, text if name not in numbers or _WHOLE.fullmatch(text) else _NO_NUMBER


def _repeated(args: Iterable[tuple[str, str]], schema: Schema, lists: Collection[str]) -> list[Fault]:
    """Return a fault for each known parameter that is given several times and is no list."""
    once = {field.data_key or name for name, field in schema.fields.items()}.difference(lists)
    counted = Counter(name for name, _ in args)
    return [repeated(name) for name, count in counted.items() if count > 1 and name in once]


def _name(status: int) -> str:
    return HTTPStatus(status).phrase.title().replace(" ", "")


def _refusal(status: int) -> dict[str, Any]:
    return {"description": HTTPStatus(status).phrase, "content": {_PROBLEM: {"schema": ProblemSchema}}}


def _schemes(cookies: Cookies) -> dict[str, dict[str, str]]:
    """Return the ways to be let in, as OpenAPI has them."""
    return {
        "basic": {"type": "http", "scheme": "basic", "description": "The key and secret of a credential."},
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token of `/oauth/token`, or of an identity provider that the organisation trusts.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": cookies.name,
            "description": "Of a person who signed in at `POST /api/session`.",
        },
        "csrf": {
            "type": "apiKey",
            "in": "header",
            "name": CSRF,
            "description": "With the cookie, every request but GET and HEAD needs it; `GET /api/session` tells it.",
        },
    }


def _finish(response: Response) -> Response:
    return compress(share(response)) if request_ctx.request.path.startswith(f"{_PREFIX}/") else response
