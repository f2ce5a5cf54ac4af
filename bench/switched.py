"""This gateway, with its access tests in the statements or (BENCH_ENFORCE=off) without: what does enforcement cost?

Every test passes through `Guard.apply` on its way into a statement, so taking that away takes all of them away.
"""

import os

from starlette.types import ASGIApp

from gateway.app.worker import gateway_app
from gateway.plan.guard import Guard, Site


def _nothing(self: Guard, site: Site, test: str) -> str:
    del self, site, test
    return "true"


def create_app() -> ASGIApp:
    """The application, for uvicorn."""
    if os.environ["BENCH_ENFORCE"] == "off":
        Guard.apply = _nothing  # type: ignore[method-assign]  # the point of it
    return gateway_app()
