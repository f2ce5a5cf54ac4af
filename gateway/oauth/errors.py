"""What the token endpoints refuse, in OAuth's own words."""

from enum import StrEnum


class OAuthError(StrEnum):
    """The codes of RFC 6749 (section 5.2), RFC 8693, RFC 9396 (section 5), RFC 9449 (section 5)."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    INVALID_SCOPE = "invalid_scope"
    INVALID_TARGET = "invalid_target"
    INVALID_DETAILS = "invalid_authorization_details"
    INVALID_PROOF = "invalid_dpop_proof"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"


class OAuthProblem(Exception):
    """A request that is refused. `reason` is a stable code of our own where OAuth's says too little."""

    def __init__(self, error: OAuthError, description: str, reason: str = "") -> None:
        super().__init__(description)
        self.error = error
        self.reason = reason
