"""Why a caller could not be identified."""


class InvalidToken(Exception):
    """The credentials are refused: 401. `description` says why in plain ASCII, and nothing that a forger could use."""

    def __init__(self, description: str) -> None:
        self.description = description
        super().__init__(description)


class KeysUnavailable(Exception):
    """An issuer's keys cannot be had at the moment, so nobody can say whether the token is good: 503."""
