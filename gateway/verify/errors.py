"""Why a token is refused."""

from enum import StrEnum


class Reason(StrEnum):
    """Stable codes of refusals, in the order of the checks that give them."""

    MALFORMED = "MALFORMED"
    WRONG_TYPE = "WRONG_TYPE"
    CRITICAL_EXTENSION = "CRITICAL_EXTENSION"
    WRONG_ALGORITHM = "WRONG_ALGORITHM"
    UNKNOWN_KEY = "UNKNOWN_KEY"
    KEYS_UNAVAILABLE = "KEYS_UNAVAILABLE"
    BAD_SIGNATURE = "BAD_SIGNATURE"
    WRONG_ISSUER = "WRONG_ISSUER"
    WRONG_AUDIENCE = "WRONG_AUDIENCE"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    LIVES_TOO_LONG = "LIVES_TOO_LONG"
    NO_GRANT = "NO_GRANT"
    PROOF_MISSING = "PROOF_MISSING"
    BAD_PROOF = "BAD_PROOF"
    PROOF_REPLAYED = "PROOF_REPLAYED"
    STATUS_UNAVAILABLE = "STATUS_UNAVAILABLE"
    STATUS_STALE = "STATUS_STALE"
    SUSPENDED = "SUSPENDED"
    REVOKED = "REVOKED"


class Refused(Exception):
    """A token that is no good. `step` is the number of the check, as `TokenVerifier.verify` numbers them."""

    def __init__(self, step: int, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.step = step
        self.reason = reason
