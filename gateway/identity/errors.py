"""Why a caller could not be identified."""


class InvalidToken(Exception):
    """The credentials are refused: 401. `description` says why in plain ASCII, and nothing that a forger could use.

    `presented` is False when there was no bearer token at all; the challenge then names no error (RFC 6750, 3.1).
    """

    def __init__(self, description: str, *, presented: bool = True) -> None:
        self.description = description
        self.presented = presented
        super().__init__(description)


class KeysUnavailable(Exception):
    """An issuer's keys cannot be had at the moment, so nobody can say whether the token is good: 503."""
