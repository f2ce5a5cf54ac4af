"""The room of Neo4j: the driver, the embedded server, migrations, ids.

Other rooms hand it statements and get values back; it knows nothing of access, of GraphQL
or of what the statements mean.
"""

from gateway.graph.driver import Graph, open_graph
from gateway.graph.embedded import EmbeddedNeo4j, stop_detached
from gateway.graph.errors import GraphError, GraphTimeout, GraphUnavailable
from gateway.graph.ids import make_id, random_id
from gateway.graph.migrations import migrate
from gateway.graph.options import Address, GraphSettings
from gateway.graph.use import running_graph

__all__ = [
    "Address",
    "EmbeddedNeo4j",
    "Graph",
    "GraphError",
    "GraphSettings",
    "GraphTimeout",
    "GraphUnavailable",
    "make_id",
    "migrate",
    "open_graph",
    "random_id",
    "running_graph",
    "stop_detached",
]
