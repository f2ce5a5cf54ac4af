"""The development issuer: its own key, readable by its owner only, and believed only where settings allow it."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from gateway.identity.development import ISSUER, KEY_FILE, development_issuer, development_token
from gateway.identity.errors import InvalidToken
from gateway.identity.issuers import configured_issuers
from gateway.identity.token import Verifier
from gateway.settings import Algorithm, IssuerSettings, Settings, Switch
from tests.identity.tokens import AUDIENCE, ES256, jwks


def verifier(state: Path) -> Verifier:
    return Verifier({ISSUER: development_issuer(state, AUDIENCE)}, skew=0)


async def test_its_tokens_are_believed_where_its_key_is(tmp_path: Path) -> None:
    token = development_token(tmp_path, AUDIENCE, "officer@QY-WATER", lifetime=60, appointment="ap_1")
    proof = await verifier(tmp_path).verify(token)
    assert (proof.iss, proof.sub, proof.appointment) == (ISSUER, "officer@QY-WATER", "ap_1")


async def test_another_state_directorys_tokens_are_not(tmp_path: Path) -> None:
    token = development_token(tmp_path / "a", AUDIENCE, "center", lifetime=60)
    with pytest.raises(InvalidToken, match="key"):
        await verifier(tmp_path / "b").verify(token)


async def test_a_token_ends(tmp_path: Path) -> None:
    with pytest.raises(InvalidToken, match="expired"):
        await verifier(tmp_path).verify(development_token(tmp_path, AUDIENCE, "center", lifetime=0))


def test_only_the_owner_can_read_the_key(tmp_path: Path) -> None:
    development_issuer(tmp_path / "state", AUDIENCE)
    assert stat.S_IMODE((tmp_path / "state" / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "state").iterdir()] == [KEY_FILE]


async def test_who_is_overtaken_while_making_a_key_takes_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate, others = ECKey.generate_key, []

    def overtaken(*arguments: Any, **options: Any) -> ECKey:
        monkeypatch.undo()
        others.append(development_token(tmp_path, AUDIENCE, "center", lifetime=60))
        return generate(*arguments, **options)

    monkeypatch.setattr(ECKey, "generate_key", overtaken)
    for token in (development_token(tmp_path, AUDIENCE, "center", lifetime=60), *others):
        await verifier(tmp_path).verify(token)
    assert len(others) == 1


async def test_many_first_ones_at_once_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda n: development_token(tmp_path, AUDIENCE, f"p{n}", lifetime=60), range(16)))
    for token in tokens:
        await verifier(tmp_path).verify(token)


@pytest.fixture
def real(tmp_path: Path) -> IssuerSettings:
    """A real issuer with its keys in a file."""
    (tmp_path / "jwks.json").write_text(json.dumps(jwks(ES256)))
    return IssuerSettings(iss="https://id.example.org", jwks_file=tmp_path / "jwks.json")


def test_it_stands_alone_or_not_at_all(tmp_path: Path, real: IssuerSettings) -> None:
    assert set(configured_issuers(Settings(state=tmp_path))) == {ISSUER}
    assert set(configured_issuers(Settings(state=tmp_path, issuers=(real,)))) == {real.iss}
    assert configured_issuers(Settings(state=tmp_path, development_issuer=Switch.OFF)) == {}
    assert configured_issuers(Settings(state=tmp_path, production=True)) == {}


def test_nobody_else_can_take_its_name(tmp_path: Path, real: IssuerSettings) -> None:
    taken = real.model_copy(update={"iss": ISSUER})
    with pytest.raises(ValueError, match="GATEWAY_ISSUERS"):
        configured_issuers(Settings(state=tmp_path, issuers=(taken,)))


def test_an_issuers_own_audience_and_algorithms_count(tmp_path: Path, real: IssuerSettings) -> None:
    own = real.model_copy(update={"audience": "urn:own", "algorithms": frozenset({Algorithm.ES256})})
    (issuer,) = configured_issuers(Settings(state=tmp_path, issuers=(own,))).values()
    assert (issuer.audience, issuer.algorithms) == ("urn:own", frozenset({Algorithm.ES256}))
    (issuer,) = configured_issuers(Settings(state=tmp_path, issuers=(real,))).values()
    assert issuer.audience == "urn:gateway:api"
