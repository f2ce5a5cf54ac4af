"""The room of sources: where the rows of each dataset are, and whether they are as the catalogue says (R12).

It connects datasets to what their agencies deliver and compares both. Who may have the rows, it does not know.
"""

from gateway.sources.comparison import Comparison, Difference, Expected, compare, read_differences
from gateway.sources.places import Sources
from gateway.sources.registry import Connected, Registry, connected
from gateway.sources.stated import Delivered, Stated, Table
from gateway.sources.telling import told_sources
from gateway.sources.trying import Trying

__all__ = [
    "Comparison",
    "Connected",
    "Delivered",
    "Difference",
    "Expected",
    "Registry",
    "Sources",
    "Stated",
    "Table",
    "Trying",
    "compare",
    "connected",
    "read_differences",
    "told_sources",
]
