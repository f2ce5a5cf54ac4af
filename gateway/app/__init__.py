"""The web application: routes, middleware, lifespan. It assembles the rooms; it decides nothing."""

from gateway.app.assembly import GraphQLFactory, create_app
from gateway.app.logs import configure_logging

__all__ = ["GraphQLFactory", "configure_logging", "create_app"]
