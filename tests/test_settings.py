"""A wrong setting stops the start with a sentence: which variable, what it was, and what would be right."""

import json
import os
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.settings import LogFormat, Settings, SettingsRefused, is_loopback, load_settings, settings_table

ISSUERS = json.dumps([{"iss": "https://id.example.org", "jwks_url": "https://id.example.org/jwks.json"}])


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("GATEWAY_")]:
        monkeypatch.delenv(name)


def load(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(f"GATEWAY_{name}", value)
    return load_settings()


def problems(monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    with pytest.raises(SettingsRefused) as caught:
        load(monkeypatch, **variables)
    return caught.value.problems


def test_without_variables_everything_has_a_default() -> None:
    settings = load_settings()
    assert (settings.host, settings.port, settings.state) == ("127.0.0.1", 8000, Path(".gateway"))
    assert settings.development


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        setattr(load_settings(), "port", 1)  # noqa: B010  # mypy knows that it cannot be written


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("PORT", "abc", "integer"),
        ("PORT", "70000", "65535"),
        ("PORT", "-1", "0"),
        ("WORKERS", "0", "1"),
        ("PRODUCTION", "perhaps", "boolean"),
        ("NEO4J_URI", "http://db:7474", "neo4j://host:7687"),
        ("NEO4J_URI", "neo4j://user:pw@db:7687", "without user or password"),
        ("NEO4J_HEAP", "lots", "512m"),
        ("ISSUERS", "{}", "JSON"),
        ("ISSUERS", "[{]", "JSON"),
        ("ISSUERS", "[" * 100_000, "JSON"),
        ("ISSUERS", "/nowhere/issuers.json", "readable file"),
        ("ISSUERS", '[{"iss": "x"}]', "exactly one of jwks_url and jwks_file"),
        ("ISSUERS", '[{"iss": "x", "jwks_url": "http://id.example.org/jwks"}]', "https://"),
        ("ISSUERS", '[{"iss": "x", "jwks_url": "file:///etc/passwd"}]', "https://"),
        ("ISSUERS", '[{"iss": "x", "jwks_file": "k", "algorithms": ["HS256"]}]', "ES256"),
        ("ISSUERS", '[{"iss": "x", "jwks_file": "k", "algorithms": []}]', "at least 1"),
        ("ISSUERS", '[{"iss": "x", "jwks_file": "k", "algorithm": "ES256"}]', "not permitted"),
        ("ISSUERS", '[{"iss": "x", "jwks_file": "k"}, {"iss": "x", "jwks_file": "l"}]', "twice: x"),
        ("DEVELOPMENT_ISSUER", "yes", "'on', 'off' or 'auto'"),
        ("APPOINTMENT_CACHE", "86400", "300"),
        ("LOG_FORMAT", "xml", "'json' or 'text'"),
        ("QUERY_TIMEOUT", "0", "greater than 0"),
        ("MAX_DEPTH", "many", "integer"),
        ("SOCKET_ORIGINS", "app.example.org", "https://app.example.org"),
        ("SOCKET_ORIGINS", "https://app.example.org/", "https://app.example.org"),
        ("SOCKET_ORIGINS", "https://*.example.org", "https://app.example.org"),
        ("RATE_LIMIT_STORAGE", "memory", "memory://"),
        ("RATE_LIMIT_STORAGE", "redis://:secret@127.0.0.1:1", "client is installed"),
    ],
)
def test_a_wrong_value_is_named_with_what_would_be_right(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, right: str
) -> None:
    if name == "NEO4J_URI":
        monkeypatch.setenv("GATEWAY_NEO4J_PASSWORD", "x")
    (problem,) = problems(monkeypatch, **{name: value})
    assert problem.startswith(f"GATEWAY_{name}")
    assert right in problem
    assert len(problem) < 600


def test_all_mistakes_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told = problems(monkeypatch, PORT="x", WORKERS="0", PRODUCTION="perhaps", PROT="1")
    assert sorted(re.findall(r"^GATEWAY_\w+", "\n".join(told), re.MULTILINE)) == [
        "GATEWAY_PORT",
        "GATEWAY_PRODUCTION",
        "GATEWAY_PROT",
        "GATEWAY_WORKERS",
    ]


@pytest.mark.parametrize("name", ["PROT", "MAXDEPTH", "NEO4J_URL"])
def test_an_unknown_variable_is_refused_with_the_likely_one(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    likely = {"PROT": "PORT", "MAXDEPTH": "MAX_DEPTH", "NEO4J_URL": "NEO4J_URI"}[name]
    assert problems(monkeypatch, **{name: "1"}) == [f"GATEWAY_{name} is not a setting; did you mean GATEWAY_{likely}?"]


def test_secrets_are_never_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_NEO4J_PASSWORD", "hunter2")
    told = problems(monkeypatch, RATE_LIMIT_STORAGE="redis://:hunter2@cache", PORT="x", HOST="0.0.0.0")
    assert "hunter2" not in "".join(told)
    settings = load(
        monkeypatch, NEO4J_URI="neo4j://db:7687", PORT="1", ALLOWED_HOSTS="x", RATE_LIMIT_STORAGE="memory://"
    )
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings.model_dump())


def test_an_external_database_needs_its_password_and_the_other_way_round(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "GATEWAY_NEO4J_PASSWORD" in problems(monkeypatch, NEO4J_URI="neo4j://db:7687")[0]
    monkeypatch.delenv("GATEWAY_NEO4J_URI")
    assert "GATEWAY_NEO4J_URI" in problems(monkeypatch, NEO4J_PASSWORD="x")[0]


def test_off_loopback_the_hosts_have_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "GATEWAY_ALLOWED_HOSTS" in problems(monkeypatch, HOST="0.0.0.0")[0]
    assert load(monkeypatch, ALLOWED_HOSTS="data.example.org, *.gov.example").allowed_hosts == (
        "data.example.org",
        "*.gov.example",
    )


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"ISSUERS": ISSUERS}, "GATEWAY_ISSUERS"),
        ({"HOST": "0.0.0.0", "ALLOWED_HOSTS": "*"}, "GATEWAY_HOST=0.0.0.0"),
        ({"NEO4J_URI": "neo4j://db:7687", "NEO4J_PASSWORD": "x"}, "GATEWAY_NEO4J_URI"),
    ],
)
def test_the_development_issuer_excludes_what_is_real(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], named: str
) -> None:
    (problem,) = problems(monkeypatch, DEVELOPMENT_ISSUER="on", **variables)
    assert problem.startswith("GATEWAY_DEVELOPMENT_ISSUER cannot be on together with")
    assert named in problem
    monkeypatch.delenv("GATEWAY_DEVELOPMENT_ISSUER")
    assert not load_settings().development


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"HOST": "0.0.0.0", "ALLOWED_HOSTS": "*"}, "GATEWAY_HOST=0.0.0.0"),
        ({"NEO4J_URI": "neo4j://db:7687", "NEO4J_PASSWORD": "x"}, "GATEWAY_NEO4J_URI"),
        ({"PRODUCTION": "true"}, "GATEWAY_PRODUCTION"),
    ],
)
def test_webhooks_may_lead_to_this_machine_in_development_only(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], named: str
) -> None:
    assert not load_settings().webhook_loopback
    (problem,) = problems(monkeypatch, WEBHOOK_LOOPBACK="true", **variables)
    assert problem.startswith("GATEWAY_WEBHOOK_LOOPBACK cannot be on together with")
    assert named in problem
    for name in variables:
        monkeypatch.delenv(f"GATEWAY_{name}")
    assert load_settings().webhook_loopback


def test_production_switches_off_what_tells_strangers_much(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, PRODUCTION="true")
    assert not any((settings.introspection, settings.suggestions, settings.ide, settings.development))
    assert load(monkeypatch, INTROSPECTION="true").introspection


def test_the_development_issuer_can_be_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not load(monkeypatch, DEVELOPMENT_ISSUER="off").development


def test_issuers_can_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "issuers.json"
    file.write_text(ISSUERS)
    (issuer,) = load(monkeypatch, ISSUERS=str(file)).issuers
    assert issuer.iss == "https://id.example.org"


def test_an_empty_variable_is_like_none(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, PORT="", ISSUERS="", LOG_FORMAT="")
    assert (settings.port, settings.issuers, settings.log_format) == (8000, (), LogFormat.JSON)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.example", False),
        ("", False),
    ],
)
def test_loopback_is_only_this_machine(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_every_setting_is_in_the_table_with_what_it_does() -> None:
    table = settings_table()
    for name, field in Settings.model_fields.items():
        (row,) = [row for row in table.splitlines() if row.startswith(f"| `GATEWAY_{name.upper()}` |")]
        assert field.description
        assert field.description in row
    assert str(Path.home()) not in table
    assert "PydanticUndefined" not in table
