"""An independent answer to every query: ordinary resolvers and hand-written filters over plain rows in memory.

It shares nothing with `gateway.plan` and none of the schema's declarations; only the schema language text and the
policy's decisions on single rows are common ground.
"""

from tests.reference.server import Reference

__all__ = ["Reference"]
