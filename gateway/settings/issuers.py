"""Issuers whose tokens are believed, as `GATEWAY_ISSUERS` describes them."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


class Algorithm(StrEnum):
    """Signature algorithms that an issuer may use. Symmetric ones and `none` do not exist here."""

    ES256 = "ES256"
    RS256 = "RS256"
    EDDSA = "EdDSA"


class TokenType(StrEnum):
    """Values of a token's `typ` header that an issuer may use (RFC 9068 wants `at+jwt`)."""

    AT_JWT = "at+jwt"
    JWT = "JWT"


def check_address(url: str) -> str:
    """What is believed comes over https; plain http only from this machine, for tests and side-cars.

    Raises:
        ValueError: it is another address.
    """
    parts = urlsplit(url)
    local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
        raise ValueError("must be an https:// address (http:// only on loopback)")
    return url


def check_signed_address(url: str) -> str:
    """Where answers come from that carry a signature of their own: plain http will do.

    Raises:
        ValueError: it is another address.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError("must be an http:// or https:// address, without user and password")
    return url


class IssuerSettings(BaseModel):
    """One issuer: who it is, where its public keys are, and what its tokens must look like."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    iss: Annotated[str, Field(min_length=1, description="The exact `iss` claim")]
    jwks_url: Annotated[str, AfterValidator(check_address)] | None = Field(
        None, description="Where its JWKS is fetched"
    )
    jwks_file: Path | None = Field(None, description="A JWKS file, instead of an address")
    audience: str | None = Field(None, description="The `aud` its tokens carry, when not GATEWAY_AUDIENCE")
    algorithms: frozenset[Algorithm] = Field(frozenset(Algorithm), min_length=1)
    types: frozenset[TokenType] = Field(frozenset(TokenType), min_length=1)

    @model_validator(mode="after")
    def _one_source(self) -> "IssuerSettings":
        if (self.jwks_url is None) == (self.jwks_file is None):
            raise ValueError("needs exactly one of jwks_url and jwks_file")
        return self


def read_issuers(value: Any) -> Any:
    """Turns the variable's text into a list: JSON as it stands, or the name of a file that holds it.

    Raises:
        ValueError: neither JSON nor a readable file.
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text and not text.startswith("["):
        try:
            text = Path(text).expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"is neither a JSON list nor a readable file ({type(error).__name__})") from error
    try:
        return json.loads(text or "[]")
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"is not valid JSON: {error}") from error


def distinct(issuers: tuple[IssuerSettings, ...]) -> tuple[IssuerSettings, ...]:
    """Refuses two entries for one issuer: which keys count would depend on their order."""
    names = [issuer.iss for issuer in issuers]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"names an issuer twice: {', '.join(twice)}")
    return issuers
