"""Checking the gateway's tokens without asking the gateway: for partners' own programs, and for its data endpoint.

Needs `cryptography` and `httpx` alone, and nothing else of this project. Offline it works for as long as it may: keys
until they are fetched anew, the status of grants for `status.BOUND` seconds.

    verifier = TokenVerifier.of("https://data.example.org", "https://data.example.org/data")
    verified = verifier.verify(token)       # or Refused, with the number of the check and a reason
"""

from gateway.verify.dpop import Proof, check_proof
from gateway.verify.errors import Reason, Refused
from gateway.verify.keys import FixedKeys, Keys, PublishedKeys, thumbprint
from gateway.verify.status import PublishedStatus, Status
from gateway.verify.token import Scoped, TokenVerifier, Verified

__all__ = [
    "FixedKeys",
    "Keys",
    "Proof",
    "PublishedKeys",
    "PublishedStatus",
    "Reason",
    "Refused",
    "Scoped",
    "Status",
    "TokenVerifier",
    "Verified",
    "check_proof",
    "thumbprint",
]
