"""Relay's Node: everything with a global id."""

import strawberry

from gateway.schema.declare import column


@strawberry.interface(description="An object with a global id (Relay).")
class Node:
    """Relay's Node."""

    id: strawberry.ID = column("id", "Global id, opaque and stable.")
