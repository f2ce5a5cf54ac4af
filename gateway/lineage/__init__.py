"""The room of lineage: what was made from what, who says so, and since when (R10, R13, R17.2, R20).

It takes OpenLineage events and finds the entries of the catalogue that they are about. It walks along what was
recorded, for somebody: every node has an access class, and which may be seen by whom comes with the caller.
"""

from gateway.lineage.impact import MOST_AFFECTED, Affected, DatasetUse, Impact, Impacts
from gateway.lineage.listing import LineageNameState, Place, lineage_names
from gateway.lineage.mapping import Names, Stated
from gateway.lineage.matter import LineageMatter
from gateway.lineage.names import Name
from gateway.lineage.paths import Paths, simple_paths
from gateway.lineage.publishing import Publishing
from gateway.lineage.reasons import Reasons, named_way, reasons
from gateway.lineage.recording import Recording, Reporter
from gateway.lineage.stating import (
    LINEAGE,
    MOST_STATED,
    Derivations,
    Derived,
    Ended,
    MaskApproval,
    MaskWithdrawal,
    Outside,
    Transformed,
)
from gateway.lineage.tiering import Retiering, Tiers
from gateway.lineage.trail import mask_approvals, signed_documents
from gateway.lineage.violations import ViolationPlace, violations
from gateway.lineage.walking import DEEPEST, USUAL_DEPTH, Edge, Node, Walk, Walker, WalkPlace, Wanted
from gateway.lineage.words import LineageAct, LineageDirection, LineageLevel, TransformationType, Truncation

__all__ = [
    "DEEPEST",
    "LINEAGE",
    "MOST_AFFECTED",
    "MOST_STATED",
    "USUAL_DEPTH",
    "Affected",
    "DatasetUse",
    "Derivations",
    "Derived",
    "Edge",
    "Ended",
    "Impact",
    "Impacts",
    "LineageAct",
    "LineageDirection",
    "LineageLevel",
    "LineageMatter",
    "LineageNameState",
    "MaskApproval",
    "MaskWithdrawal",
    "Name",
    "Names",
    "Node",
    "Outside",
    "Paths",
    "Place",
    "Publishing",
    "Reasons",
    "Recording",
    "Reporter",
    "Retiering",
    "Stated",
    "Tiers",
    "TransformationType",
    "Transformed",
    "Truncation",
    "ViolationPlace",
    "Walk",
    "WalkPlace",
    "Walker",
    "Wanted",
    "lineage_names",
    "mask_approvals",
    "named_way",
    "reasons",
    "signed_documents",
    "simple_paths",
    "violations",
]
