"""What an agency is sent: ids, a kind and a time, signed as the Standard Webhooks specification has it.

The body names the webhook that it is for, so that nobody who was told can pass it on as if another had been.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from gateway.audit.event import canonical
from gateway.graph import make_id
from gateway.notices.key import NoticeKey


@dataclass(frozen=True, slots=True)
class Notice:
    """What one webhook is told of one event."""

    webhook: str
    event: str
    kind: str
    time: str
    case: str
    log: str
    index: int
    """Where in which log the event is."""
    at: str
    """Since when it waits."""
    attempts: int
    """How often it was tried in vain."""

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """As the graph keeps it."""
        return cls(
            webhook=stored["webhook"],
            event=stored["eventId"],
            kind=stored["kind"],
            time=stored["time"],
            case=stored["caseId"],
            log=stored["log"],
            index=stored["index"],
            at=stored["at"],
            attempts=stored["attempts"],
        )

    @property
    def id(self) -> str:
        """The same at every attempt, and another for every webhook."""
        return make_id("nt_", self.event, self.webhook)

    @property
    def body(self) -> bytes:
        """What is sent."""
        data = {
            "webhook": self.webhook,
            "event": self.event,
            "case": self.case,
            "log": self.log,
            "index": str(self.index),
        }
        return canonical({"type": self.kind, "timestamp": self.time, "data": data})

    def headers(self, key: NoticeKey, now: datetime) -> dict[str, str]:
        """What goes with it at an attempt."""
        at = str(int(now.timestamp()))
        return {
            "webhook-id": self.id,
            "webhook-timestamp": at,
            "webhook-signature": key.sign(b".".join((self.id.encode(), at.encode(), self.body))),
        }
