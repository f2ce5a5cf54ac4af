"""What can go wrong between the gateway and its graph, in the words of whoever has to act."""


class GraphError(Exception):
    """Base of every error of this room; its text says what was wrong and what to do next."""


class GraphUnavailable(GraphError):
    """Neo4j cannot be reached or is going down. Nothing is known about a change that was under way."""


class GraphPaused(GraphUnavailable):
    """Changes wait for a backup, longer than this one could. Nothing was changed."""


class PauseLost(GraphError):
    """A pause ended before whoever needed it was done."""


class GraphTimeout(GraphError):
    """Neo4j ended a statement because it ran longer than its time limit."""


class StateInUse(GraphError):
    """Another process holds the state directory."""


class FetchFailed(GraphError):
    """An artefact of the embedded Neo4j could not be fetched."""


class ChecksumMismatch(FetchFailed):
    """A fetched artefact is not the one that the lock names."""


class ServerFailed(GraphError):
    """The embedded Neo4j did not start or did not stop."""


class MigrationFailed(GraphError):
    """The graph was changed by a newer or a different gateway than this one."""
