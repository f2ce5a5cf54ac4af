"""The room of the catalogue: what an entry must state, how it is written, whether the graph still holds together."""

from gateway.catalog.batches import Report
from gateway.catalog.create import create_entries
from gateway.catalog.institutions import write_agencies, write_jurisdictions
from gateway.catalog.lineage import write_derivations
from gateway.catalog.model import (
    AgencySpec,
    Derivation,
    DistributionSpec,
    Entry,
    FieldSpec,
    JurisdictionSpec,
    LegalBasis,
)
from gateway.catalog.problems import Code, Problem, Rejected
from gateway.catalog.rows import StoredEntry, to_rows
from gateway.catalog.validate import missing_elements, validate
from gateway.catalog.write import Check, Proposed, withdraw, write_entries, write_stored

__all__ = [
    "AgencySpec",
    "Check",
    "Code",
    "Derivation",
    "DistributionSpec",
    "Entry",
    "FieldSpec",
    "JurisdictionSpec",
    "LegalBasis",
    "Problem",
    "Proposed",
    "Rejected",
    "Report",
    "StoredEntry",
    "create_entries",
    "missing_elements",
    "to_rows",
    "validate",
    "withdraw",
    "write_agencies",
    "write_derivations",
    "write_entries",
    "write_jurisdictions",
    "write_stored",
]
