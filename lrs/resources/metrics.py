"""GET /metrics: how the server is, in the text format of Prometheus.

Read at the moment of asking: processes share nothing, and any of them answers for the whole. Organisations appear by
their public ids; there is nothing in it about people.
"""

import hmac
from collections.abc import Iterable, Iterator

from flask import Blueprint, Response, g, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from lrs.errors import Unauthorized
from lrs.services.metrics import Abroad, Metrics

_MICROSECONDS = 1_000_000


def metrics(service: Metrics, token: str) -> Blueprint:
    """Return /metrics, for whoever sends the token as a bearer."""
    blueprint = Blueprint("metrics", __name__)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(service))

    @blueprint.get("/metrics")
    def read() -> Response:
        scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(sent.strip().encode(), token.encode()):
            g.challenge = 'Bearer realm="metrics"'
            raise Unauthorized
        response = Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
        response.headers["Cache-Control"] = "no-store"
        return response

    return blueprint


class _Collector(Collector):
    """Gauges that are read when they are asked for."""

    def __init__(self, service: Metrics) -> None:
        self._service = service

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Describe nothing in advance: registering must not ask the database."""
        yield from ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges; raise Unavailable."""
        read = self._service.read()
        lag = _gauge(
            "records_lag_seconds", "For how long the oldest statement waits to be in the records", "organisation"
        )
        through = _gauge(
            "records_through_timestamp_seconds", "Through when all statements are in the records", "organisation"
        )
        rebuilding = _gauge("records_rebuilding", "1 while records are made anew", "organisation")
        for organisation, reached in read.reached.items():
            lag.add_metric([organisation], reached.lag)
            through.add_metric([organisation], reached.as_of / _MICROSECONDS)
            rebuilding.add_metric([organisation], float(reached.rebuilding))
        yield from (lag, through, rebuilding)
        yield _gauge("safe_time_lag_seconds", "How far the safe time is behind the clock", value=read.safe_lag)
        yield _gauge("processes", "Server processes that keep a promise", value=read.processes)
        documents = _gauge("documents", "About how many there are of each collection", "collection")
        for collection, count in read.documents.items():
            documents.add_metric([collection], count)
        yield documents
        yield from _abroad(read.abroad)


def _abroad(found: Iterable[Abroad]) -> Iterator[GaugeMetricFamily]:
    """Yield how forwards, pulls and webhooks get on."""
    labels = "organisation", "id"
    gauges = {
        ("forward", "lag"): _gauge(
            "forward_lag_seconds", "For how long the oldest statement waits to be sent", *labels
        ),
        ("forward", "failing"): _gauge("forward_failing_seconds", "For how long nothing could be sent", *labels),
        ("forward", "dead"): _gauge("forward_dead_letters", "Statements that could not be sent", *labels),
        ("forward", "done"): _gauge("forward_sent", "Statements that have arrived", *labels),
        ("pull", "failing"): _gauge("pull_failing_seconds", "For how long nothing could be taken", *labels),
        ("pull", "dead"): _gauge("pull_dead_letters", "Statements that could not be taken", *labels),
        ("pull", "done"): _gauge("pull_taken", "Statements that were taken", *labels),
        ("webhook", "failing"): _gauge("webhook_failing_seconds", "For how long something could not be told", *labels),
        ("webhook", "waiting"): _gauge("webhook_pending", "What is to be told yet", *labels),
    }
    for each in found:
        for (kind, name), gauge in gauges.items():
            if kind == each.kind:
                gauge.add_metric([each.organisation, each.id], float(getattr(each, name)))
    yield from gauges.values()


def _gauge(name: str, told: str, *labels: str, value: float | None = None) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"sohoc_{name}", told, value=value, labels=labels or None)
