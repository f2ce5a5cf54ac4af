"""Documents of other rooms that are signed in the same two steps: what such a room has to bring.

It stands above this one, so it is handed in where the application is put together; nothing here knows what it is about.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from neo4j import AsyncManagedTransaction

from gateway.audit.ledger import Made
from gateway.sharing.draft import Asking, Paper
from gateway.sharing.taking import Taking


@dataclass(frozen=True, slots=True)
class Foreign:
    """What somebody asks a document of another room for: its fields are JSON, or dataclasses of it."""

    matter: ClassVar[str]
    """Of which room: the word that its documents have for their procedure."""


class Matter(Protocol):
    """What another room does with its documents."""

    async def draft(self, tx: AsyncManagedTransaction, asking: Asking, request: Any) -> Paper:
        """The draft of a request.

        Raises:
            Denied: it cannot be signed as it is.
        """

    async def take(self, taking: Taking) -> Made:
        """What a signed document changes. Everything is checked again, and `taking.sign` keeps what was signed.

        Raises:
            Denied: it changes nothing.
        """
