"""/xapi/statements: store and find statements (Communication 2.1)."""

import json
from urllib.parse import quote

from flask import Response, request
from flask.views import MethodView
from werkzeug.datastructures import MultiDict

from lrs.errors import BadRequest
from lrs.resources.bodies import Bodies, require_single
from lrs.resources.guards import principal, version
from lrs.resources.replies import one_statement, statement_page
from lrs.services.statements import StatementService
from schemas.faults import Fault
from schemas.xapi.languages import preferred
from schemas.xapi.queries import load_put_query, load_statement_query


class Statements(MethodView):
    """Stores and finds statements. ``path`` is how the outside reaches this resource, from the root of its host."""

    init_every_request = False

    def __init__(self, service: StatementService, bodies: Bodies, path: str) -> None:
        self._service = service
        self._bodies = bodies
        self._path = path

    def put(self) -> Response:
        """Store one statement under the id of the request."""
        statement_id = load_put_query(_arguments())
        with self._bodies.statements(request, version()) as batch:
            require_single(batch, statement_id)
            self._service.store(principal(), batch, version())
        return Response(status=204)

    def post(self) -> Response:
        """Store one statement or many, all or none; answer with their ids."""
        if request.query_string:
            name = next(iter(request.args), "")[:80]
            raise BadRequest("POST takes no parameters", [Fault(name, "unknown", "not a parameter of POST")])
        with self._bodies.statements(request, version()) as batch:
            ids = self._service.store(principal(), batch, version())
        return Response(json.dumps(ids), content_type="application/json")

    def get(self) -> Response:
        """Return one statement, or a page of those that meet the query."""
        languages = preferred(request.headers.get("Accept-Language"))
        arguments = _arguments()
        # Some clients send the filters again beside a link's token, which holds them all already.
        tokens = [value for name, value in arguments if name == "more"]
        if len(tokens) == 1:
            arguments = [argument for argument in arguments if argument[0] != "more"]
        query = load_statement_query(arguments, version())
        if len(tokens) == 1:
            return statement_page(self._service.follow(principal(), tokens[0], languages), self._link)
        if query.statement_id or query.voided_statement_id:
            return one_statement(self._service.get(principal(), query, languages))
        return statement_page(self._service.find(principal(), query, languages), self._link)

    def _link(self, token: str) -> str:
        return f"{self._path}?more={quote(token)}"


def _arguments() -> list[tuple[str, str]]:
    found: MultiDict[str, str] = request.args
    return list(found.items(multi=True))
