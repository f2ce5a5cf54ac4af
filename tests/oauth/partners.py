"""Programs of agencies with keys of their own, and short ways to what the token endpoints are made of."""

import asyncio
import json
from typing import Any, Final

from gateway.identity import Subject
from gateway.oauth import Asked, Clients, Holder, Issued, Issuing, OAuthProblem, Statuses, TokenKeys
from gateway.oauth.assertions import TYPE, Assertions
from gateway.oauth.clients import Client, find_client
from gateway.verify import PublishedStatus, TokenVerifier, Verified
from tests.sharing.city import City
from tests.verify.making import Key

ISSUER: Final = "https://data.example.org"
AUDIENCE: Final = f"{ISSUER}/data"
_BEGUN: Final = "MATCH (g:Grant {id: $grant}) RETURN g.logIndex"


class Partners:
    """The programs, and the gateway that they talk to; its clock is the city's."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.keys = TokenKeys(city.state, clock=self.clock).load()
        self.issuing = Issuing(
            city.graph, city.ledger.recorder, city.policy, self.keys, ISSUER, AUDIENCE, clock=self.clock
        )
        self.statuses = Statuses(city.graph, self.keys, ISSUER, clock=self.clock)
        self.clients = Clients(city.ledger)
        self.assertions = Assertions(city.graph, {ISSUER, f"{ISSUER}/oauth/token"}, clock=self.clock)
        self.programs: dict[str, Key] = {}

    def clock(self) -> float:
        return self.city.now.timestamp()

    async def program(self, agency: str = "power", name: str = "前置机") -> Client:
        """A program of an agency, registered by the operator."""
        key = Key()
        cause = self.city.cause(Subject())
        made = await self.clients.register(cause, agency, name, json.dumps(key.jwks), self.city.key())
        self.programs[made["client"]] = key
        found = await find_client(self.city.graph, made["client"])
        assert found is not None
        return found

    async def declared(self, *fields: str, **changes: Any) -> str:
        """A grant for fields that are shared unconditionally, which has begun in the log."""
        made = await self.city.act("consumer", self.city.scope("free", *(fields or ("a", "b")), **changes))
        return await self.begun(made["grant"])

    async def begun(self, grant: str) -> str:
        while await self.city.graph.read(_BEGUN, {"grant": grant}) is None:  # noqa: ASYNC110  # nobody announces it
            await asyncio.sleep(0.02)
        return grant

    async def issue(self, client: Client, grant: str, bound: str | None = None, **asked: Any) -> Issued:
        return await self.issuing.issue(Holder.of_client(client), Asked(grant, **asked), "request-1", bound)

    async def refused(self, client: Client, grant: str, **asked: Any) -> OAuthProblem:
        """Why no token is given out."""
        try:
            await self.issue(client, grant, **asked)
        except OAuthProblem as problem:
            return problem
        raise AssertionError("a token was given out")

    async def verified(self, token: str) -> Verified:
        """As a partner's partner checks it, who has the keys and the status list as they are published now."""
        keys = TokenKeys(self.city.state, clock=self.clock).load()
        lists = {f"{ISSUER}/oauth/status/{name}": await Statuses(
            self.city.graph, self.keys, ISSUER, clock=self.clock
        ).signed(name) for name in (f"{self.city.now:%Y-%m}",)}  # fmt: skip
        status = PublishedStatus(
            f"{ISSUER}/oauth/status/", keys, clock=self.clock, fetch=lambda url: str(lists[url]).encode()
        )
        return TokenVerifier(ISSUER, AUDIENCE, keys, status, clock=self.clock).verify(token, possession=False)

    def assertion(self, client: str, header: Any = None, **claims: Any) -> str:
        """A good assertion of a program, but for what is said here."""
        now = int(self.clock())
        given = {"iss": client, "sub": client, "aud": ISSUER, "exp": now + 60, "jti": self.city.key(), **claims}
        kept = {name: value for name, value in given.items() if value is not None}
        key = self.programs[client]
        return key.sign({"alg": "ES256", "kid": key.kid, **(header or {})}, kept)

    async def recognised(self, assertion: str, kind: str = TYPE, named: str | None = None) -> Client | str:
        """The program that an assertion is from, or why it is not taken."""
        try:
            return await self.assertions.client(kind, assertion, named)
        except OAuthProblem as problem:
            return str(problem) if problem.error == "invalid_client" else problem.error
