"""The gateway's own signature: of receipts, for whoever has no certificate of their own (24.2)."""

from dataclasses import dataclass

from gateway.signing.algorithms import Signer
from gateway.signing.making import sign
from gateway.signing.sources import Timestamps


@dataclass(frozen=True, slots=True)
class Seal:
    """A key with a certificate that the officers' roots lead to, and where its timestamps come from."""

    signer: Signer
    timestamps: Timestamps

    def signature(self, document: bytes) -> bytes:
        """A detached signature with a timestamp.

        Raises:
            SigningError: the timestamp authority is away, or the key is of no use.
        """
        return sign(document, self.signer, self.timestamps)
