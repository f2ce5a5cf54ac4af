"""A case as files that a court could check: documents, signatures, timestamps, and the log's proofs of all of it.

What they are checked against, roots, timestamp roots and the log's key, is the verifier's own and never from there.
"""

from gateway.sharing.evidence.against import Against
from gateway.sharing.evidence.archive import ExportUnusable, read_export, to_zip, write_export
from gateway.sharing.evidence.checking import verify_case
from gateway.sharing.evidence.collecting import NoSuchCase, NotYetLogged, Viewer, collect_case

__all__ = [
    "Against",
    "ExportUnusable",
    "NoSuchCase",
    "NotYetLogged",
    "Viewer",
    "collect_case",
    "read_export",
    "to_zip",
    "verify_case",
    "write_export",
]
