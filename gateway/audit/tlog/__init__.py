"""The public format of the log, after C2SP: signed notes, checkpoints, tiles, entry bundles and proofs.

Knows nothing of events, of bodies or of this gateway, so that it can be read beside the specifications it follows:
c2sp.org/signed-note, c2sp.org/tlog-checkpoint, c2sp.org/tlog-tiles, c2sp.org/tlog-proof; the tree is RFC 6962's.
"""

from gateway.audit.tlog.checkpoint import Checkpoint
from gateway.audit.tlog.errors import BadFormat, NotProven
from gateway.audit.tlog.note import Signer, Verifier
from gateway.audit.tlog.proof import Proof

__all__ = ["BadFormat", "Checkpoint", "NotProven", "Proof", "Signer", "Verifier"]
