"""What Prometheus reads. Labels come from closed sets only, so that no caller can make them grow."""

import os
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import Response

ROUTES: Final = frozenset({"/", "/graphql", "/healthz", "/readyz", "/metrics", "/webhooks/key"})
_GROUPS: Final = ("/log", "/evidence", "/oauth", "/.well-known", "/data")
"""Each counts with everything below it."""
_METHODS: Final = frozenset({"GET", "POST", "HEAD", "OPTIONS"})

_requests: Final = Counter("gateway_http_requests", "Answered requests", ["method", "route", "status"])
_seconds: Final = Histogram(
    "gateway_http_request_seconds",
    "Time from a request's head to the end of its answer",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)
_callers: Final = Counter("gateway_callers", "Requests by how their caller was identified", ["outcome"])
_counters: Final[dict[tuple[str, str, int], Counter]] = {}
"""Children by their labels: looking them up in prometheus_client costs more than counting."""
_histograms: Final = {route: _seconds.labels(route) for route in (*ROUTES, *_GROUPS, "other")}

log_writable: Final = Gauge(
    "gateway_log_writable", "Whether the log can be written, so that changes are taken", multiprocess_mode="mostrecent"
)
_notices: Final = Counter("gateway_notices", "Attempts to tell a webhook of an event, by what came of it", ["outcome"])
notices_waiting: Final = Gauge(
    "gateway_notices_waiting", "Notices that no webhook has taken yet", multiprocess_mode="mostrecent"
)

sockets_open: Final = Gauge("gateway_sockets_open", "WebSockets that are open", multiprocess_mode="livesum")

streams_broken: Final = Counter("gateway_streams_broken", "Streams of rows that ended before their end")

public: Final = _callers.labels("public")
identified: Final = _callers.labels("identified")
refused: Final = _callers.labels("refused")


def observe(method: str, path: str, status: int, seconds: float) -> None:
    """Count one answered request."""
    route = path if path in ROUTES else next((one for one in _GROUPS if path.startswith(f"{one}/")), "other")
    key = (method, route, status)
    counter = _counters.get(key)
    if counter is None:
        known = method if method in _METHODS else "other"
        counter = _requests.labels(known, route, str(status))
        if known == method:
            _counters[key] = counter
    counter.inc()
    _histograms[route].observe(seconds)


def noticed(outcome: str) -> None:
    """Count one attempt to tell a webhook of an event."""
    _notices.labels(outcome).inc()


async def metrics(_request: Request) -> Response:
    """`/metrics`: this process's figures, or with several workers the sum over all of them."""
    registry: CollectorRegistry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the package has no annotation there
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
