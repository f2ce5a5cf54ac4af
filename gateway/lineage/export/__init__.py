"""Lineage as others read it: PROV-O, OpenLineage, Mermaid, DOT, SVG and a tree of text, and signed exports of these.

A walk becomes a `Picture`, which holds all that may be shown of it and nothing else; every format is a pure function
of that. No format knows Cypher, the policy or who asks.
"""

from gateway.lineage.export.drawing import MOST_EDGES, MOST_NODES, Drawer
from gateway.lineage.export.forms import ALSO, FORMS, Form, Format
from gateway.lineage.export.picture import Picture
from gateway.lineage.export.tree import Part, Piece, tree

__all__ = ["ALSO", "FORMS", "MOST_EDGES", "MOST_NODES", "Drawer", "Form", "Format", "Part", "Picture", "Piece", "tree"]
