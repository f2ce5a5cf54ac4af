"""What a caller may know of a world, as a world of its own: worked out per object, never from a statement."""

from copy import deepcopy
from typing import Final

from gateway.classes import ClassKey
from gateway.identity import Subject
from gateway.policy.table import AccessTable
from gateway.vocabulary import Action, Relation
from tests.support.world import Row, World

DATASET_VALUES: Final = frozenset(
    {
        "description",
        "keywords",
        "formats",
        "accrualPeriodicity",
        "shareMode",
        "shareConditions",
        "openMode",
        "openConditions",
        "usagePolicy",
        "dutyBasis",
        "attributes",
        "landingPage",
        "license",
        "rights",
        "accessLevel",
        "importRule",
        "missingElements",
        "modified",
        "issued",
        "refreshedAt",
        "staleAt",
        "version",
        "noRedistribution",
        "inheritedNoRedistribution",
    }
)
"""Properties of a Dataset that need INSPECT (design section 2: all that follows `legalBasis`)."""

FIELD_VALUES: Final = frozenset({"dataType", "description", "unit", "format", "masks"})
"""Properties of a Field that need INSPECT."""

DECLASSIFIED: Final = {
    "accessClass": "R16, R22: the tier of an entry that may be discovered is part of what may be known of it",
    "effectiveTier": "R17.2: how strict a field is by what it was made from is part of what may be known of it",
    "noRedistribution": "R17.2: whether it holds data that may go to nobody else is said to whoever may inspect it",
    "access": "R16.2c: whether more may be seen of it, and why not, is said of every entry that may be discovered",
}
"""What is told although it is derived from more than the caller may see. Nothing else is."""


def relations(dataset: Row, subject: Subject) -> frozenset[Relation]:
    found = {Relation.ANYONE}
    if subject.agency is not None and dataset["agency"] == subject.agency:
        found.add(Relation.OWNER)
    if dataset["jurisdiction"] in subject.jurisdictions:
        found.add(Relation.JURISDICTION)
    return frozenset(found)


def reduced(world: World, subject: Subject, table: AccessTable) -> World:
    """The world with what the caller cannot discover removed, and what it cannot inspect set to null."""

    def may(action: Action, row: Row, dataset: Row) -> bool:
        return table.decide(ClassKey(row["accessClass"]), relations(dataset, subject), action).allowed

    out = deepcopy(world)
    out.datasets = [d for d in out.datasets if may(Action.DISCOVER, d, d)]
    known = {d["id"]: d for d in out.datasets}
    open_ = {i for i, d in known.items() if may(Action.INSPECT, d, d)}
    for dataset in out.datasets:
        if dataset["id"] not in open_:
            for name in DATASET_VALUES & set(dataset):
                del dataset[name]
    out.fields = [f for f in out.fields if f["_dataset"] in open_ and may(Action.DISCOVER, f, known[f["_dataset"]])]
    for row in out.fields:
        if not may(Action.INSPECT, row, known[row["_dataset"]]):
            for name in FIELD_VALUES & set(row):
                del row[name]
    out.versions = [v for v in out.versions if v["_dataset"] in open_]
    out.distributions = [v for v in out.distributions if v["_dataset"] in open_]
    kept = {*known, *(f["id"] for f in out.fields)}
    out.derivations = [e for e in out.derivations if e.source in kept and e.target in kept]
    out.grants = [g for g in out.grants if g["_dataset"] in known]
    return out
