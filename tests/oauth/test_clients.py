"""Programs: how they are registered, how they prove who they are, and the keys that their tokens are signed with."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from gateway.audit.ledger import Denied
from gateway.identity import Subject
from gateway.oauth import TokenKeys, known_clients
from gateway.oauth.clients import Client, holders_of
from gateway.oauth.keys import FOLDER, KeyUnusable
from gateway.oauth.once import use_once
from gateway.vocabulary import Role
from tests.oauth.partners import ISSUER, Partners
from tests.verify.making import Key


async def registered(partners: Partners, jwks: Any, name: str = "前置机", by: Subject | None = None) -> str:
    """What becomes of a registration: the client's id, or the code of the refusal."""
    text = jwks if isinstance(jwks, str) else json.dumps(jwks)
    agency = "power" if by is None else by.agency
    try:
        made = await partners.clients.register(
            partners.city.cause(by or Subject()), agency, name, text, partners.city.key(), by=by
        )
    except Denied as denied:
        return denied.code
    return str(made["client"])


def public(key: Any, **more: str) -> dict[str, Any]:
    return {**key.as_dict(private=False), **more}


EC, ED, RSA = ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519"), RSAKey.generate_key(2048)


@pytest.mark.parametrize("key", [EC, ED, RSA], ids=["ES256", "EdDSA", "RS256"])
async def test_a_program_is_registered_with_public_keys(partners: Partners, key: Any) -> None:
    client = await registered(partners, {"keys": [public(key)]})
    assert client.startswith("sy_")
    (event,) = partners.city.events("client.registered")
    assert event["data"] == {"client": client, "name": "前置机", "keys": [key.thumbprint()]}
    (known,) = await known_clients(partners.city.graph, "power")
    assert (known.id, known.agency, known.keys, known.until) == (client, "power", (key.thumbprint(),), None)


@pytest.mark.parametrize(
    "jwks",
    [
        "x",
        "[]",
        "{}",
        '{"keys": []}',
        '{"keys": [1]}',
        {"keys": [EC.as_dict(private=True)]},
        {"keys": [OctKey.generate_key(256).as_dict()]},
        {"keys": [public(ECKey.generate_key("P-384"))]},
        {"keys": [{**public(RSA), "n": public(RSA)["n"][:170]}]},
        {"keys": [public(EC), public(ED)]},
        {"keys": [public(EC, kid="a"), public(ED, kid="a")]},
        {"keys": [public(EC, use="enc")]},
        {"keys": [public(EC, kid=str(n)) for n in range(11)]},
        {"keys": [public(EC, more="x" * 20_000)]},
    ],
)
async def test_keys_that_are_no_good_are_refused(partners: Partners, jwks: Any) -> None:
    assert await registered(partners, jwks) == "BAD_KEYS"
    assert await known_clients(partners.city.graph) == []


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\nb", "a\x1b[2J"])
async def test_names_can_be_read(partners: Partners, name: str) -> None:
    assert await registered(partners, {"keys": [public(EC)]}, name) == "BAD_NAME"


async def test_who_may_bind_an_agency_registers_its_programs(partners: Partners) -> None:
    city, good = partners.city, {"keys": [public(EC)]}
    found = {who: await registered(partners, good, by=city.officers[who].subject) for who in city.officers}
    assert {who for who, made in found.items() if made.startswith("sy_")} == {"provider", "provider2", "consumer"}
    assert {made for made in found.values() if not made.startswith("sy_")} == {"NOT_ALLOWED"}
    assert await registered(partners, good, by=city.citizens["citizen"]) == "NOT_ALLOWED"
    assert {one["data"]["code"] for one in city.events("change.refused")} == {"NOT_ALLOWED"}
    own = [one for one in await known_clients(city.graph) if one.agency == "power"]
    with pytest.raises(Denied, match="of this agency"):
        await partners.clients.remove(
            city.cause(city.officers["provider"].subject), city.officers["provider"].subject.agency, own[0].id,
            city.key(), by=city.officers["provider"].subject,
        )  # fmt: skip
    assert Role.OFFICER in city.officers["consumer"].subject.profile.roles


async def test_a_program_proves_itself_by_its_key(partners: Partners) -> None:  # RFC 7523
    client = await partners.program()
    found = await partners.recognised(partners.assertion(client.id))
    assert isinstance(found, Client)
    assert found.id == client.id
    assert isinstance(await partners.recognised(partners.assertion(client.id, {"kid": None})), Client)
    assert isinstance(await partners.recognised(partners.assertion(client.id, aud=[ISSUER, "x"])), Client)
    assert isinstance(await partners.recognised(partners.assertion(client.id, aud=f"{ISSUER}/oauth/token")), Client)


@pytest.mark.parametrize(
    ("claims", "wanted"),
    [
        ({"sub": "sy_other"}, "iss and sub"),
        ({"iss": "sy_other"}, "iss and sub"),
        ({"aud": "https://other.example.org"}, "aud of the"),
        ({"aud": None}, "aud of the"),
        ({"jti": None}, "needs an id"),
        ({"jti": "x" * 201}, "needs an id"),
        ({"exp": None}, "must expire"),
        ({"exp": "soon"}, "must expire"),
        ({"exp": 1}, "must expire"),
        ({"exp": 2**40}, "must expire"),
        ({"nbf": 2**40}, "not valid yet"),
    ],
)
async def test_an_assertion_that_is_no_good_is_refused(partners: Partners, claims: dict[str, Any], wanted: str) -> None:
    client = await partners.program()
    assert wanted in str(await partners.recognised(partners.assertion(client.id, **claims)))


async def test_an_assertion_of_another_key_or_program_is_refused(partners: Partners) -> None:
    one, other = await partners.program(), await partners.program()
    partners.programs[one.id], partners.programs[other.id] = partners.programs[other.id], partners.programs[one.id]
    assert "not signed by a key" in str(await partners.recognised(partners.assertion(one.id)))
    partners.programs["sy_nobody"] = Key()
    assert "not signed by a key" in str(await partners.recognised(partners.assertion("sy_nobody")))


@pytest.mark.parametrize(
    "header", [{"alg": "none"}, {"alg": "HS256"}, {"crit": ["a"], "a": 1}, {"b64": False}, {"kid": 1}]
)
async def test_an_assertions_header_is_not_believed(partners: Partners, header: dict[str, Any]) -> None:
    client = await partners.program()
    assert "not signed by a key" in str(await partners.recognised(partners.assertion(client.id, header)))


async def test_an_assertion_counts_once(partners: Partners) -> None:
    client = await partners.program()
    assertion = partners.assertion(client.id)
    found = await asyncio.gather(*(partners.recognised(assertion) for _ in range(4)))
    assert sum(isinstance(one, Client) for one in found) == 1
    assert "used before" in next(one for one in found if isinstance(one, str))


async def test_what_can_count_no_more_is_forgotten(partners: Partners) -> None:
    graph = partners.city.graph
    for number in range(30):
        assert await use_once(graph, "proof", "key", f"{number}", now=number, until=number + 5)
    assert await graph.read("MATCH (o:Once) RETURN count(o)") == 6


async def test_other_words_for_an_assertion_are_refused(partners: Partners) -> None:
    client = await partners.program()
    assert "client_assertion_type" in str(await partners.recognised(partners.assertion(client.id), "saml"))
    assert "client_id is another" in str(await partners.recognised(partners.assertion(client.id), named="sy_other"))
    assert "not a signed JWT" in str(await partners.recognised("x"))


async def test_a_removed_program_is_not_recognised(partners: Partners) -> None:
    client, city = await partners.program(), partners.city
    await partners.clients.remove(city.cause(Subject()), "power", client.id, city.key())
    assert "not signed by a key" in str(await partners.recognised(partners.assertion(client.id)))
    (known,) = await known_clients(city.graph)
    assert known.until is not None
    assert [one["data"]["client"] for one in city.events("client.removed")] == [client.id]


async def test_both_sides_see_who_holds_a_grant(partners: Partners) -> None:
    client, grant = await partners.program(), await partners.declared()
    assert await holders_of(partners.city.graph, grant) == []
    await partners.issue(client, grant)
    (held,) = await holders_of(partners.city.graph, grant)
    assert (held["id"], held["name"], held["agency"], held["until"]) == (client.id, "前置机", client.agency, None)


def test_a_new_key_signs_and_the_old_one_stays_until_its_last_token_has_ended(tmp_path: Path) -> None:
    now = 1_790_000_000.0
    keys = TokenKeys(tmp_path, clock=lambda: now).load()
    other = TokenKeys(tmp_path, clock=lambda: now).load()
    old = keys.kid
    assert other.kid == old
    kid, before = keys.rotate()
    assert (keys.kid, before) == (kid, old)
    assert kid != old

    def published(one: TokenKeys) -> list[str]:
        return [entry["kid"] for entry in one.jwks["keys"]]

    assert published(keys) == [old, kid]
    now += 3
    assert published(other) == [old, kid]  # a running gateway finds it
    assert other.kid == kid
    now += 900 + 60 - 4
    assert published(keys) == [old, kid]
    assert keys.find(old) is not None
    now += 2
    assert published(keys) == [kid]
    assert keys.find(old) is None
    assert all("d" not in entry for entry in keys.jwks["keys"])


def test_keys_are_for_their_owner_alone_and_damaged_ones_are_named(tmp_path: Path) -> None:
    keys = TokenKeys(tmp_path).load()
    (path,) = (tmp_path / FOLDER).iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / FOLDER).stat().st_mode & 0o777 == 0o700
    assert keys.kid in path.name
    path.write_text("x")
    with pytest.raises(KeyUnusable, match=path.name):
        TokenKeys(tmp_path).load()
