"""The one class that holds every option, with its default, its unit and what it does."""

import ipaddress
import os
import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from limits.storage import storage_from_string
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from gateway.settings.issuers import IssuerSettings, check_address, check_signed_address, distinct, read_issuers

PREFIX: Final = "GATEWAY_"
OCSP_OF_CERTIFICATE: Final = "certificate"
"""Stands for the responder that a certificate names itself."""
_PROJECT: Final = Path(__file__).resolve().parents[2]


class Switch(StrEnum):
    """Auto decides from the other options."""

    ON = "on"
    OFF = "off"
    AUTO = "auto"


class LogFormat(StrEnum):
    """How a log line is written."""

    JSON = "json"
    TEXT = "text"


class LogLevel(StrEnum):
    """The least important line that is still written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def is_loopback(host: str) -> bool:
    """True when only this machine can reach a server that listens on `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _list(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _storage(value: SecretStr) -> SecretStr:
    try:
        storage_from_string(value.get_secret_value())
    except Exception as problem:  # noqa: BLE001 - each has errors of its own, whose words may hold its password
        raise ValueError(
            "must be a storage that the `limits` package can open here: memory://, or another whose client is "
            f"installed beside the gateway ({type(problem).__name__})"
        ) from None
    return value


def _memory(value: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]*[kmg]", value):
        raise ValueError("must be a whole number followed by k, m or g, like 512m")
    return value


def _bolt(value: str) -> str:
    if not re.fullmatch(r"(neo4j|bolt)(\+s|\+ssc)?://[^/@\s]+", value):
        raise ValueError("must look like neo4j://host:7687 or bolt+s://host:7687, without user or password")
    return value


def _origin(value: str) -> str:
    if not value or "+" in value or any(c.isspace() or not c.isprintable() for c in value):
        raise ValueError("must be printable, without spaces and plus signs, like data.example.org/log")
    return value


def _address(value: str) -> str:
    check_address(value)
    if urlsplit(value).path or "?" in value or "#" in value:
        raise ValueError("must be without a path, like https://data.example.org")
    return value


def _responder(value: str) -> str:
    if value == OCSP_OF_CERTIFICATE:
        return value
    try:
        return check_signed_address(value)
    except ValueError as problem:
        raise ValueError(f"must be {OCSP_OF_CERTIFICATE!r}, or {str(problem).removeprefix('must be ')}") from None


def _origins(value: tuple[str, ...]) -> tuple[str, ...]:
    for one in value:
        if one != "*" and not re.fullmatch(r"https?://[^/@\s*]+", one):
            raise ValueError("must be origins as browsers send them, like https://app.example.org:8443, or *")
    return value


def _option(default: Any, description: str, *, unit: str = "", shown: str = "", **limits: Any) -> Any:
    """A field of `Settings`. `unit`, and `shown` for a default whose value alone says too little, go into the table."""
    extra: Any = {"unit": unit, "shown": shown}
    if callable(default):
        return Field(default_factory=default, description=description, json_schema_extra=extra, **limits)
    return Field(default, description=description, json_schema_extra=extra, **limits)


def _unless_production(value: Any, otherwise: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda data: otherwise if data.get("production") else value


def _cache_home() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "public-data-gateway"


class Settings(BaseSettings):
    """Every option. Each is the environment variable `GATEWAY_` and its name in capitals. Read with `load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", validate_default=True, env_ignore_empty=True
    )

    # Where it runs
    host: str = _option("127.0.0.1", "The address to listen on", min_length=1)
    port: int = _option(8000, "The port to listen on; 0 takes a free one", ge=0, le=65535)
    workers: int = _option(1, "Serving processes", unit="processes", ge=1, le=64)
    allowed_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_list)] = _option(
        (),
        "Names that a request's Host header may carry, comma-separated, like `data.example.org` or `*.example.org`;"
        " `*` for any. Needed when the address is not loopback",
        shown="loopback names",
    )
    url: Annotated[str, AfterValidator(_address)] | None = _option(
        None,
        "The address by which clients reach the gateway, without a path: the issuer of its tokens, and their audience"
        " with `/data` behind it",
        shown="http:// with host and port; not on loopback https:// with the first of GATEWAY_ALLOWED_HOSTS",
    )
    socket_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_list), AfterValidator(_origins)] = _option(
        (),
        "Origins of web pages that may open a WebSocket here for subscriptions, comma-separated, like"
        " `https://app.example.org`; `*` for any. Pages of the gateway's own address always may",
        shown="none",
    )
    production: bool = _option(
        False,
        "Production mode: introspection, suggestions, the IDE and the development issuer are off unless switched on",
    )
    state: Path = _option(
        lambda: Path(".gateway"), "Where the embedded database, the log and keys are kept", shown=".gateway/"
    )
    cache: Path = _option(
        _cache_home, "Where downloads of the embedded database are kept", shown="~/.cache/public-data-gateway"
    )

    # The graph
    neo4j_uri: Annotated[str, AfterValidator(_bolt)] | None = _option(
        None, "A Neo4j server to use; without it an embedded one is started", shown="embedded server"
    )
    neo4j_user: str = _option("neo4j", "User at that server", min_length=1)
    neo4j_password: SecretStr | None = _option(None, "Password at that server", shown="none")
    neo4j_database: str = _option("neo4j", "Database at that server", min_length=1)
    neo4j_heap: Annotated[str, AfterValidator(_memory)] = _option("512m", "Heap of the embedded server", unit="k, m, g")
    neo4j_pagecache: Annotated[str, AfterValidator(_memory)] = _option(
        "128m", "Page cache of the embedded server", unit="k, m, g"
    )
    neo4j_pool_size: int = _option(50, "Connections to Neo4j per process", unit="connections", ge=1, le=10_000)

    # Who is asking
    issuers: Annotated[
        tuple[IssuerSettings, ...], NoDecode, BeforeValidator(read_issuers), AfterValidator(distinct)
    ] = _option(
        (),
        "Issuers whose tokens are believed: a JSON list, or a file holding one, of objects with `iss`, `jwks_url` or"
        " `jwks_file`, and optionally `audience`, `algorithms` (ES256, RS256, EdDSA) and `types` (at+jwt, JWT)",
        shown="none",
    )
    audience: str = _option("urn:gateway:api", "The `aud` claim that a token must carry", min_length=1)
    development_issuer: Switch = _option(
        Switch.AUTO,
        "Tokens for the demonstration city's people (`gateway token`): on, off or auto. Only on loopback, with the"
        " embedded database, without other issuers; `auto` is on exactly then, outside production mode",
    )
    appointment_cache: float = _option(
        5.0, "How long a person's appointments are believed; one that ends takes effect within it", unit="seconds",
        ge=0, le=300,
    )  # fmt: skip
    clock_skew: float = _option(30.0, "Tolerated difference to an issuer's clock", unit="seconds", ge=0, le=300)

    # Who signs documents
    trust_roots: Path | None = _option(
        None,
        "A PEM file with the roots of the authorities whose officers' certificates count. Without it, the development"
        " authority's, where the development issuer is on",
        shown="none",
    )
    timestamp_roots: Path | None = _option(
        None, "A PEM file with the roots of the authorities whose timestamps count; goes with GATEWAY_TRUST_ROOTS",
        shown="none",
    )  # fmt: skip
    revocation_lists: Path | None = _option(
        None,
        "A folder of revocation lists (`*.crl`, DER or PEM), kept current by the operator. With it, an officer's"
        " certificate counts only when a list speaks about the time of signing",
        shown="none",
    )
    ocsp: Annotated[str, AfterValidator(_responder)] | None = _option(
        None,
        "Who is asked (OCSP) whether an officer's certificate is revoked when a signature of theirs is filed: the"
        " address of a responder, or `certificate` for the one that each certificate names. Without an answer, or a"
        " list that speaks about the time of signing, nothing is filed",
        shown="none",
    )
    timestamp_url: Annotated[str, AfterValidator(check_address)] | None = _option(
        None, "The timestamp authority that `gateway sign` asks (RFC 3161): https, or http on loopback", shown="none"
    )

    seal_key: Path | None = _option(
        None,
        "The gateway's own key and certificate (PKCS#12), with which it signs the receipts of who has no certificate."
        " The certificate leads to GATEWAY_TRUST_ROOTS",
        shown="none",
    )
    seal_passphrase: SecretStr | None = _option(None, "The passphrase of GATEWAY_SEAL_KEY", shown="none")

    # Where agencies are told of their cases
    webhook_roots: Path | None = _option(
        None,
        "A PEM file with the roots of authorities whose certificates of webhooks' receivers count, besides the public"
        " authorities'",
        shown="none",
    )
    webhook_loopback: bool = _option(
        False,
        "Let webhooks lead to this machine, for development. Only on loopback, with the embedded database, outside"
        " production mode",
    )

    # What is written
    log_format: LogFormat = _option(LogFormat.JSON, "How log lines are written: json or text")
    log_level: LogLevel = _option(LogLevel.INFO, "The least important line written: debug, info, warning, error")

    # The log that nobody can rewrite
    log_origin: Annotated[str, AfterValidator(_origin)] = _option(
        "localhost/log",
        "The log's name in its checkpoints and its key, by custom the address of `/log` without the scheme, like"
        " `data.example.org/log`. A log keeps its name for good",
    )

    # What clients are offered
    introspection: bool = _option(
        _unless_production(True, False), "Answer introspection queries", shown="true; false in production mode"
    )
    suggestions: bool = _option(
        _unless_production(True, False), "\"Did you mean …\" in error messages", shown="true; false in production mode"
    )  # fmt: skip
    ide: bool = _option(
        _unless_production(True, False), "A GraphQL IDE at /graphql", shown="true; false in production mode"
    )
    federation_sdl: bool = _option(
        True, "Answer the federation query `_service { sdl }`; needs introspection to be on too"
    )
    policy_dir: Path = _option(
        lambda: _PROJECT / "policies", "Where model.conf and policy.csv are", shown="policies/ of the project"
    )

    # Deadlines
    rules: Path = _option(
        lambda: _PROJECT / "policies" / "rules.yaml",
        "The rule sets: how many working days each duty has, since when, by which text",
        shown="policies/rules.yaml of the project",
    )
    calendar: Path | None = _option(
        None,
        "A file with the working days of years that the State Council's calendar of this release does not have yet",
        shown="none",
    )

    # Rows
    deliveries: Path | None = _option(
        None,
        "The folder in which agencies' deliveries lie. Delivered files are read below it and nowhere else",
        shown="deliveries/ of GATEWAY_STATE",
    )
    delivery_memory: Annotated[str, AfterValidator(_memory)] = _option(
        "512m", "Memory for reading rows, per serving process; what does not fit is sorted on disk", unit="k, m, g"
    )
    delivery_threads: int = _option(
        2, "Processors that reading rows may take, per serving process", unit="processors", ge=1, le=256
    )
    delivery_streams: int = _option(
        32,
        "Streams of rows from files at once, per serving process, and half as many from PostgreSQL; others wait",
        unit="streams", ge=2, le=1_000,
    )  # fmt: skip
    delivery_stall: float = _option(
        60.0, "How long a client may take for a piece of a stream before it is broken off", unit="seconds", gt=0,
        le=3600,
    )  # fmt: skip

    demo_rows: int = _option(
        1_000_000,
        "Rows at most in a file that the demonstration city's agencies deliver when it is loaded; with 0 they deliver"
        " nothing",
        unit="rows", ge=0, le=10**6,
    )  # fmt: skip
    connections: Path | None = _option(
        None,
        "A JSON file with how agencies' own databases are reached: for each name that sources have for one an address,"
        " postgresql://user:password@host/database. The user may only read",
        shown="none",
    )
    grant_requests_per_day: int = _option(
        10_000, "How often data may be fetched under one grant in a day", unit="requests a day", ge=1, le=2**31 - 1
    )
    grant_rows_per_day: int = _option(
        100_000_000, "How many rows may be fetched under one grant in a day", unit="rows a day", ge=1, le=2**31 - 1
    )
    public_fetches_per_minute: int = _option(
        60, "How often open data may be fetched without a token from one address", unit="requests a minute", ge=1,
        le=10**6,
    )  # fmt: skip

    # Limits
    max_body_bytes: int = _option(
        1_000_000, "Largest request body, and largest message over a WebSocket", unit="bytes", ge=1_000, le=100_000_000
    )
    max_lineage_bytes: int = _option(
        16_000_000, "Largest request with events of lineage", unit="bytes", ge=1_000, le=64_000_000
    )
    max_response_bytes: int = _option(16_000_000, "Largest response", unit="bytes", ge=10_000, le=1_000_000_000)
    max_tokens: int = _option(5_000, "Tokens in a document", unit="tokens", ge=50, le=1_000_000)
    max_depth: int = _option(15, "Nesting of selections", unit="levels", ge=1, le=200)
    max_aliases: int = _option(100, "Aliases in an operation, fragments spread out", unit="aliases", ge=0, le=10_000)
    max_root_fields: int = _option(20, "Root fields of an operation", unit="fields", ge=1, le=1_000)
    max_directives: int = _option(50, "Directives in a document", unit="directives", ge=0, le=10_000)
    max_nodes: int = _option(
        50_000, "Nodes that an operation could return, from its page sizes", unit="nodes", ge=1, le=10_000_000
    )
    max_page_size: int = _option(100, "Largest `first` or `last`", unit="nodes", ge=1, le=10_000)
    lineage_nodes: int = _option(
        20_000, "Nodes that one walk along lineage may find, on all its pages", unit="nodes", ge=1, le=1_000_000
    )
    lineage_seconds: float = _option(
        8.0, "How long a walk may take before a shallower one is answered instead", unit="seconds", gt=0, le=600
    )
    max_sockets: int = _option(1_000, "Open WebSockets per process", unit="sockets", ge=1, le=100_000)
    max_subscriptions: int = _option(20, "Subscriptions over one WebSocket", unit="subscriptions", ge=1, le=10_000)
    query_timeout: float = _option(
        30.0, "How long one operation may take; enforced in Neo4j too", unit="seconds", gt=0, le=3600
    )
    new_shapes_per_minute: int = _option(
        120, "Query shapes not seen before, per caller", unit="shapes a minute", ge=1, le=1_000_000
    )
    rate_limit_storage: Annotated[SecretStr, AfterValidator(_storage)] = _option(
        SecretStr("memory://"), "Where rates are counted, as the `limits` package names it; processes can share one "
        "whose client is installed beside the gateway",
        shown="memory://",
    )  # fmt: skip

    @model_validator(mode="after")
    def _fit_together(self) -> "Settings":
        if self.neo4j_uri is None and self.neo4j_password is not None:
            raise ValueError("GATEWAY_NEO4J_PASSWORD is set without GATEWAY_NEO4J_URI; set both or neither")
        if self.neo4j_uri is not None and self.neo4j_password is None:
            raise ValueError("GATEWAY_NEO4J_URI is set without GATEWAY_NEO4J_PASSWORD; set both or neither")
        if not is_loopback(self.host) and not self.allowed_hosts:
            raise ValueError(
                f"GATEWAY_HOST {self.host!r} is not loopback: set GATEWAY_ALLOWED_HOSTS to the names that clients use"
            )
        if (self.trust_roots is None) != (self.timestamp_roots is None):
            raise ValueError("GATEWAY_TRUST_ROOTS and GATEWAY_TIMESTAMP_ROOTS need each other; set both or neither")
        if self.revocation_lists is not None and self.trust_roots is None:
            raise ValueError("GATEWAY_REVOCATION_LISTS is set without GATEWAY_TRUST_ROOTS; set both or neither")
        if self.ocsp is not None and self.trust_roots is None:
            raise ValueError("GATEWAY_OCSP is set without GATEWAY_TRUST_ROOTS; set both or neither")
        if self.development_issuer is Switch.ON and (obstacles := self._obstacles()):
            raise ValueError(f"GATEWAY_DEVELOPMENT_ISSUER cannot be on together with {', '.join(obstacles)}")
        if self.webhook_loopback and (obstacles := self._obstacles() + ["GATEWAY_PRODUCTION"] * self.production):
            raise ValueError(f"GATEWAY_WEBHOOK_LOOPBACK cannot be on together with {', '.join(obstacles)}")
        return self

    def _obstacles(self) -> list[str]:
        """Options that exclude what is for development: the issuer's key lies beside the code that trusts it."""
        return [
            name
            for name, excludes in (
                ("GATEWAY_ISSUERS", bool(self.issuers)),
                (f"GATEWAY_HOST={self.host} (not loopback)", not is_loopback(self.host)),
                ("GATEWAY_NEO4J_URI", self.neo4j_uri is not None),
            )
            if excludes
        ]

    @property
    def origin(self) -> str:
        """The address at which it listens, without a path."""
        host = f"[{self.host}]" if ":" in self.host.strip("[]") and "[" not in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def address(self) -> str:
        """The address by which clients reach it, without a path."""
        if self.url is not None:
            return self.url
        named = not is_loopback(self.host) and "*" not in self.allowed_hosts[0]
        return f"https://{self.allowed_hosts[0]}" if named else self.origin

    @property
    def deliveries_folder(self) -> Path:
        """The folder in which agencies' deliveries lie."""
        return self.state / "deliveries" if self.deliveries is None else self.deliveries

    @property
    def development(self) -> bool:
        """Whether the development issuer is believed."""
        if self.development_issuer is Switch.AUTO:
            return not self._obstacles() and not self.production
        return self.development_issuer is Switch.ON
