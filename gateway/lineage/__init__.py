"""The room of lineage: what was made from what, who says so, and since when (R10, R13, R17.2, R20)."""

from gateway.lineage.impact import MOST_AFFECTED, Affected, DatasetUse, Impact, Impacts
from gateway.lineage.paths import Paths, simple_paths
from gateway.lineage.walking import DEEPEST, USUAL_DEPTH, Edge, Node, Walk, Walker, WalkPlace, Wanted
from gateway.lineage.words import LineageDirection, LineageLevel, Truncation

__all__ = [
    "DEEPEST",
    "MOST_AFFECTED",
    "USUAL_DEPTH",
    "Affected",
    "DatasetUse",
    "Edge",
    "Impact",
    "Impacts",
    "LineageDirection",
    "LineageLevel",
    "Node",
    "Paths",
    "Truncation",
    "Walk",
    "WalkPlace",
    "Walker",
    "Wanted",
    "simple_paths",
]
