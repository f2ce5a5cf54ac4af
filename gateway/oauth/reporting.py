"""Tokens with which an agency's programs report lineage: for their agency, for fifteen minutes, each one in the log."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from gateway.audit.event import About, Cause
from gateway.audit.kinds import ReportingTokenIssued
from gateway.audit.recorder import Recorder
from gateway.graph.times import instant
from gateway.oauth.clients import Client
from gateway.oauth.issuing import Holder
from gateway.oauth.keys import TokenKeys
from gateway.policy.store import PolicyStore
from gateway.verify.token import LIFETIME, TYPE

SCOPE: Final = "lineage:write"


@dataclass(frozen=True, slots=True)
class Reporting:
    """Gives out these tokens."""

    recorder: Recorder
    policy: PolicyStore
    keys: TokenKeys
    issuer: str
    audience: str
    clock: Callable[[], float] = time.time

    async def issue(self, client: Client, request: str, bound: str | None) -> tuple[str, int]:
        """A token, which is in the log before it is given out, and the seconds for which it counts.

        Args:
            client: the program.
            request: the id of the request.
            bound: the thumbprint of the key whose proof came with the request.

        Raises:
            LogUnavailable: the log cannot be written, so no token is given out.
        """
        self.recorder.check()
        now, identifier = int(self.clock()), secrets.token_urlsafe(16)
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": client.agency,
            "client_id": client.id,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": identifier,
            "scope": SCOPE,
            **({} if bound is None else {"cnf": {"jkt": bound}}),
        }
        token = self.keys.sign(TYPE, claims)
        event = ReportingTokenIssued(
            cause=Cause(Holder.of_client(client).actor, self.policy.current.digest, request),
            about=About((client.agency,), client.jurisdictions),
            token=identifier,
            client=client.id,
            until=instant(datetime.fromtimestamp(now + LIFETIME, UTC)),
            bound=bound,
        )
        await self.recorder.record(event)
        return token, LIFETIME
