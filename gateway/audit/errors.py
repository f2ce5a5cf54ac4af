"""What can go wrong with the log, in the words of whoever has to act."""

from typing import Any


class LogError(Exception):
    """Base of every error of this room."""


class LogUnavailable(LogError):
    """The log cannot be written now. Nothing was recorded; what needs a record has to wait."""


class LogInUse(LogError):
    """Another process writes the log of this state directory."""


class LogDamaged(LogError):
    """The log's own files do not fit together. `index` is the first entry concerned, where one can be named."""

    def __init__(self, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


class LogPending(LogError):
    """A change was made, and its event waits for the log.

    `result` is what the change gave; a retry with the same idempotency key waits for the event.
    """

    def __init__(self, result: Any) -> None:
        super().__init__("the change was made; its record is not in the log yet")
        self.result = result


class KeyReused(LogError):
    """An idempotency key came again with another input."""
