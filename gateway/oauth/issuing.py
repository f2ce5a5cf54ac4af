"""Making tokens: for one grant, for one audience, for fifteen minutes at most, and each one in the log."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from gateway.audit.event import Actor, ActorKind, Cause, Outcome
from gateway.audit.kinds import TokenIssued, TokenRefused, TokenRevoked
from gateway.audit.recorder import Recorder
from gateway.graph import Graph
from gateway.graph.times import instant
from gateway.identity import Subject
from gateway.oauth.clients import Client
from gateway.oauth.errors import OAuthError, OAuthProblem
from gateway.oauth.keys import TokenKeys
from gateway.oauth.once import give_back
from gateway.oauth.statuses import enter
from gateway.policy.store import PolicyStore
from gateway.sharing.using import NotUsable, Use, use_of, use_of_token
from gateway.verify import Verified
from gateway.verify.token import DETAILS, LIFETIME, SKEW, TYPE

_LONGEST: Final = 100
_ERRORS: Final = {"LOG_PENDING": OAuthError.TEMPORARILY_UNAVAILABLE}


@dataclass(frozen=True, slots=True)
class Holder:
    """Who asks for a token: a program of an agency, or a person for a grant of their own."""

    id: str
    consumers: tuple[str, ...]
    """The ids under which a grant can be theirs."""
    actor: Actor

    @classmethod
    def of_client(cls, client: Client) -> "Holder":
        """A program."""
        actor = Actor(ActorKind.SYSTEM, agency=client.agency, jurisdictions=client.jurisdictions)
        return cls(client.id, (client.agency,), actor)

    @classmethod
    def of_person(cls, subject: Subject) -> "Holder":
        """A person: what their agency was granted is for its programs."""
        assert subject.id is not None
        return cls(subject.id, (subject.id,), Actor(ActorKind.PERSON, subject.id))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a token is asked for: a grant, or less of it."""

    grant: str
    fields: tuple[str, ...] | None = None
    """Names of some of its fields; None for all of them."""
    dataset: str | None = None
    """The code of the dataset and the purpose that the asker has in mind: others are refused."""
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """A token, and what its holder is told of it."""

    token: str
    lifetime: int
    """Seconds."""
    details: Mapping[str, Any]


class Issuing:
    """The tokens of a gateway. One per process."""

    def __init__(
        self,
        graph: Graph,
        recorder: Recorder,
        policy: PolicyStore,
        keys: TokenKeys,
        issuer: str,
        audience: str,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._graph = graph
        self._recorder = recorder
        self._policy = policy
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock

    async def issue(self, holder: Holder, asked: Asked, request: str, bound: str | None) -> Issued:
        """A token for a grant, which is in the log before it is given out.

        Args:
            holder: who asks.
            asked: what for.
            request: the id of the request.
            bound: the thumbprint of the key whose proof came with the request.

        Raises:
            OAuthProblem: it is refused, and the refusal is in the log.
            LogUnavailable: the log cannot be written, so no token is given out.
            GraphUnavailable: Neo4j is away.
        """
        self._recorder.check()
        cause = Cause(holder.actor, self._policy.current.digest, request)
        now = self._clock()
        try:
            use = await self._use(holder, asked.grant, now)
            fields = _fields(use, asked)
        except NotUsable as problem:
            await self._refuse(cause, holder, asked, problem)
            error = _ERRORS.get(problem.code, OAuthError.INVALID_DETAILS)
            raise OAuthProblem(error, str(problem), problem.code) from None
        entry = await enter(self._graph, use, holder.id, now)
        until = min(int(now) + LIFETIME, _seconds(use.grant["validTo"]))
        details = {
            "type": DETAILS,
            "dataset": use.identifier,
            "version": use.version,
            "fields": fields,
            "rows": list(use.rows),
            "purpose": use.grant["purpose"],
            "tier": use.tier,
            "grant": use.grant["id"],
            "log_index": use.grant["logIndex"],
        }
        identifier = secrets.token_urlsafe(16)
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": use.grant["consumer"],
            "client_id": holder.id,
            "iat": int(now),
            "exp": until,
            "jti": identifier,
            "authorization_details": [details],
            "status": {"status_list": {"idx": entry.index, "uri": f"{self._issuer}/oauth/status/{entry.name}"}},
            **({} if bound is None else {"cnf": {"jkt": bound}}),
        }
        token = self._keys.sign(TYPE, claims)
        event = TokenIssued(
            cause=cause,
            about=use.about,
            token=identifier,
            client=holder.id,
            grant=use.grant["id"],
            purpose=use.grant["purpose"],
            until=instant(datetime.fromtimestamp(until, UTC)),
            bound=bound,
        )
        await self._recorder.record(event)
        return Issued(token, until - int(now), details)

    async def counts(self, token: Verified, reader: Sequence[str]) -> bool:
        """Whether a token, which was verified, counts at this moment, as far as one of `reader` may know.

        Raises:
            GraphUnavailable: Neo4j is away.
        """
        try:
            use = await self._of(token)
        except NotUsable:
            return False
        return not {use.grant["consumer"], use.grant["provider"]}.isdisjoint(reader)

    async def give_back(self, holder: Holder, token: Verified, request: str) -> None:
        """Let a token of a holder's own count no more: at once here, elsewhere when it ends (RFC 7009).

        Raises:
            LogUnavailable: the log cannot be written, so nothing was done.
            GraphUnavailable: Neo4j is away.
        """
        self._recorder.check()
        try:
            use = await self._of(token)
        except NotUsable:
            return
        await give_back(self._graph, token.id, now=self._clock(), until=token.expires + SKEW)
        cause = Cause(holder.actor, self._policy.current.digest, request)
        event = TokenRevoked(cause=cause, about=use.about, token=token.id, client=holder.id, grant=token.grant)
        await self._recorder.record(event)

    async def _of(self, token: Verified) -> Use:
        now = datetime.fromtimestamp(self._clock(), UTC)
        return await use_of_token(self._graph, token, self._policy.table_for, now)

    async def _use(self, holder: Holder, grant: str, now: float) -> Use:
        moment = datetime.fromtimestamp(now, UTC)
        tables = self._policy.table_for
        return await use_of(self._graph, grant, tables, moment, holder=holder.id, consumers=holder.consumers)

    async def _refuse(self, cause: Cause, holder: Holder, asked: Asked, problem: NotUsable) -> None:
        await self._recorder.record(
            TokenRefused(
                cause=cause,
                about=problem.about,
                outcome=Outcome.REFUSED,
                client=holder.id,
                grant=asked.grant[:_LONGEST],
                code=problem.code,
            )
        )


def _fields(use: Use, asked: Asked) -> list[str]:
    """The names of the fields that a token is for.

    Raises:
        NotUsable: `OUTSIDE_GRANT`, `WRONG_DATASET`, `WRONG_PURPOSE`.
    """
    if asked.dataset not in (None, use.identifier):
        raise NotUsable("WRONG_DATASET", f"the grant is for {use.identifier}", use.about)
    if asked.purpose not in (None, use.grant["purpose"]):
        raise NotUsable("WRONG_PURPOSE", f"the grant is for {use.grant['purpose']} and for nothing else", use.about)
    granted = [field.name for field in use.fields]
    if asked.fields is None:
        return granted
    if outside := [name for name in asked.fields if name not in granted]:
        raise NotUsable("OUTSIDE_GRANT", f"the grant has no field {outside[0]!r:.60}", use.about)
    return [name for name in granted if name in asked.fields]


def _seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())
