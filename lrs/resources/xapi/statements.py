"""/xapi/statements: store and find statements (Communication 2.1)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from flask import Response, request
from flask.globals import request_ctx
from flask.views import MethodView

from lrs.errors import BadRequest
from lrs.resources.arguments import arguments
from lrs.resources.bodies import Bodies, require_single
from lrs.resources.guards import forgive, principal, version
from lrs.resources.replies import one_statement, statement_page
from lrs.services.limits import RateLimits
from lrs.services.statements import Answer, Batch, StatementService
from schemas.faults import Fault
from schemas.xapi.downgrade import as_older
from schemas.xapi.languages import preferred
from schemas.xapi.leniency import DOWNGRADE, Lenient
from schemas.xapi.queries import load_put_query, load_statement_query
from schemas.xapi.statements import load_statement


class Statements(MethodView):
    """Stores and finds statements. ``path`` is how the outside reaches this resource, from the root of its host."""

    init_every_request = False

    def __init__(self, service: StatementService, bodies: Bodies, limits: RateLimits, path: str) -> None:
        self._service = service
        self._bodies = bodies
        self._limits = limits
        self._path = path

    def put(self) -> Response:
        """Store one statement under the id of the request."""
        statement_id = load_put_query(arguments())
        with self._batch() as batch:
            require_single(batch, statement_id)
            self._service.store(principal(), batch, version())
        return Response(status=204)

    def post(self) -> Response:
        """Store one statement or many, all or none; answer with their ids."""
        if request.query_string:
            name = next(iter(arguments()), ("", ""))[0][:80]
            raise BadRequest("POST takes no parameters", [Fault(name, "unknown", "not a parameter of POST")])
        with self._batch() as batch:
            ids = self._service.store(principal(), batch, version())
        return Response(json.dumps(ids), content_type="application/json")

    def get(self) -> Response:
        """Return one statement, or a page of those that meet the query."""
        languages = preferred(request.headers.get("Accept-Language"))
        given = arguments()
        # Some clients send the filters again beside a link's token, which holds them all already.
        tokens = [value for name, value in given if name == "more"]
        if len(tokens) == 1:
            given = [(name, value) for name, value in given if name != "more"]
        query = load_statement_query(given, version())
        if len(tokens) == 1:
            return statement_page(_readable(self._service.follow(principal(), tokens[0], languages)), self._link)
        if query.statement_id or query.voided_statement_id:
            return one_statement(_readable(self._service.get(principal(), query, languages)))
        return statement_page(_readable(self._service.find(principal(), query, languages)), self._link)

    @contextmanager
    def _batch(self) -> Iterator[Batch]:
        """Give the statements of the request, judged as leniently as the caller was granted."""
        granted = principal().leniency
        load = Lenient(granted) if granted else load_statement
        with self._bodies.statements(request_ctx.request, version(), load) as batch:
            self._limits.statements(principal(), len(batch.statements))
            yield batch
        if isinstance(load, Lenient):
            forgive(*load.uses)

    def _link(self, token: str) -> str:
        return f"{self._path}?more={quote(token)}"


def _readable(answer: Answer) -> Answer:
    """Return the answer as the caller can read it, where that was granted."""
    if version() != "1.0.3" or DOWNGRADE not in principal().leniency:
        return answer
    older = [as_older(statement) for statement in answer.statements]
    changed = sum(new is not old for new, old in zip(older, answer.statements, strict=True))
    forgive(*[DOWNGRADE] * changed)
    return answer._replace(statements=older)
