"""Who is asking, over real HTTP: the public, people of two issuers, and everybody who is refused with 401."""

import json
import re
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.identity.development import development_token
from gateway.settings import IssuerSettings, Settings
from tests.app.serving import Endpoint, ScriptedGraph, gateway, serving
from tests.identity.test_keys import Address
from tests.identity.tokens import ES256, ISSUER, RS256, STRANGER, claims, hmac_with_public_key, jwks, unsigned

OTHER = "https://other.example.org"
OFFICER = {
    "id": "ap_1",
    "role": "OFFICER",
    "agency": "ag_1",
    "kind": "ADMINISTRATIVE",
    "jurisdictions": [],
    "home": ["ju_1"],
}
PEOPLE: dict[tuple[str, str], Any] = {
    (ISSUER, "wang"): {"id": "pe_wang", "name": "王", "appointments": [OFFICER]},
    (OTHER, "wang"): {"id": "pe_other", "name": "汪", "appointments": []},
}


@pytest.fixture
def real(settings: Settings, tmp_path: Path) -> Settings:
    """Two issuers with their keys in files."""
    for name, signer in (("ours", ES256), ("other", RS256)):
        (tmp_path / f"{name}.json").write_text(json.dumps(jwks(signer)))
    return Settings(
        state=settings.state,
        issuers=(
            IssuerSettings(iss=ISSUER, jwks_file=tmp_path / "ours.json"),
            IssuerSettings(iss=OTHER, jwks_file=tmp_path / "other.json"),
        ),
    )


async def ask(settings: Settings, token: str, graph: ScriptedGraph | None = None) -> httpx.Response:
    async with gateway(settings, graph or ScriptedGraph(PEOPLE)) as client:
        return await client.get("/graphql", headers={"Authorization": f"Bearer {token}"})


def challenged(answer: httpx.Response) -> str:
    """Checks that it is a 401 as RFC 6750 wants it; gives the description."""
    assert answer.status_code == 401
    found = re.fullmatch(
        r'Bearer realm="[\w-]+", error="invalid_token", error_description="([^"\\]+)"',
        answer.headers["www-authenticate"],
    )
    assert found is not None
    assert answer.json() == {"errors": [{"message": found[1], "extensions": {"code": "UNAUTHENTICATED"}}]}
    return found[1]


async def test_no_token_is_the_public_and_not_an_error(real: Settings) -> None:
    async with gateway(real) as client:
        answer = await client.get("/graphql")
    assert (answer.status_code, answer.text) == (200, "public PUBLIC 0")


async def test_each_issuers_people_are_their_own(real: Settings) -> None:
    assert (await ask(real, ES256.token())).text == "pe_wang OFFICER 0"
    assert (await ask(real, RS256.token(claims(iss=OTHER)))).text == "pe_other PUBLIC 0"


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(unsigned(), id="alg none"),
        pytest.param(hmac_with_public_key(RS256, RS256.key.as_pem(private=False)), id="HS256"),  # type: ignore[union-attr]
        pytest.param(ES256.token(claims(aud="urn:else")), id="wrong aud"),
        pytest.param(ES256.token(claims(exp=time.time() - 3600)), id="expired"),
        pytest.param(ES256.token(claims(nbf=time.time() + 3600)), id="not yet"),
        pytest.param(ES256.token(typ="id+jwt"), id="wrong typ"),
        pytest.param(ES256.token(kid="unheard-of"), id="unknown kid"),
        pytest.param(STRANGER.token(jku="http://127.0.0.1:1/jwks.json"), id="jku elsewhere"),
        pytest.param(ES256.token()[:-6] + "AAAAAA", id="tampered"),
        pytest.param(ES256.token(claims(iss=OTHER)), id="another issuer's name"),
        pytest.param(ES256.token(claims(iss="https://third.example")), id="unknown issuer"),
        pytest.param(ES256.token(claims(sub="nobody")), id="unknown person"),
        pytest.param(ES256.token(claims(appointment="ap_9")), id="not held appointment"),
    ],
)
async def test_a_bad_token_is_401_with_a_challenge(real: Settings, token: str) -> None:
    graph = ScriptedGraph(PEOPLE)
    assert challenged(await ask(real, token, graph))


async def test_other_schemes_and_two_headers_are_401_too(real: Settings) -> None:
    async with gateway(real, ScriptedGraph(PEOPLE)) as client:
        for header in ("Basic d2FuZzpwdw==", "Bearer", "d2FuZzpwdw=="):
            answer = await client.get("/graphql", headers={"Authorization": header})
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == 'Bearer realm="public-data-gateway"'
            assert "Bearer, a space, a token" in answer.json()["errors"][0]["message"]
        good = ("Authorization", f"Bearer {ES256.token()}")
        assert "more than one" in challenged(await client.get("/graphql", headers=[good, good]))


async def test_the_development_issuer_counts_for_nothing_beside_a_real_one(real: Settings) -> None:
    assert "issuer" in challenged(await ask(real, development_token(real.state, real.audience, "wang", lifetime=60)))


async def test_probes_need_no_token_and_a_bad_one_does_them_no_harm(real: Settings) -> None:
    async with gateway(real) as client:
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await client.get(path, headers={"Authorization": "Bearer bad"})).status_code == 200


async def test_keys_behind_an_address_are_fetched_and_their_absence_is_503(settings: Settings) -> None:
    address, endpoint = Address(jwks(ES256)), Endpoint()
    address.status = 500
    async with serving(address) as issuer:
        fetched = Settings(
            state=settings.state,
            issuers=(IssuerSettings(iss=ISSUER, jwks_url=f"{issuer.base_url}/jwks.json"),),
        )
        async with gateway(fetched, ScriptedGraph(PEOPLE), endpoint) as client:
            header = {"Authorization": f"Bearer {ES256.token()}"}
            away = await client.get("/graphql", headers=header)
            assert away.status_code == 503
            assert int(away.headers["retry-after"]) > 0
        address.status = 200
        async with gateway(fetched, ScriptedGraph(PEOPLE), endpoint) as client:
            for _ in range(5):
                assert (await client.get("/graphql", headers=header)).text == "pe_wang OFFICER 0"
    assert address.asked == ["/jwks.json"] * 2
