"""The room of notices: agencies are told at their own addresses that something happened in their cases.

Ids only: what happened is read here, by who may. It knows webhooks, notices and how these go out; it knows nothing of
what the events mean.
"""

from gateway.notices.courier import Courier, receivers_trust
from gateway.notices.deliverer import Notices, Outcome, waiting_notices
from gateway.notices.key import KEY_FILE, NoticeKey
from gateway.notices.webhooks import Webhooks, known_webhooks

__all__ = [
    "KEY_FILE",
    "Courier",
    "NoticeKey",
    "Notices",
    "Outcome",
    "Webhooks",
    "known_webhooks",
    "receivers_trust",
    "waiting_notices",
]
