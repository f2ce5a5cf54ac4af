"""The issuers that the settings name, ready to verify with."""

from gateway.identity.development import ISSUER, development_issuer
from gateway.identity.keys import FetchedKeys, FixedKeys, KeySource
from gateway.identity.token import Issuer
from gateway.settings import IssuerSettings, Settings


def configured_issuers(settings: Settings) -> dict[str, Issuer]:
    """Every issuer that is believed, by its `iss`.

    Raises:
        ValueError: a JWKS file is of no use, or a real issuer takes the development issuer's name.
    """
    issuers = {entry.iss: _issuer(entry, settings.audience) for entry in settings.issuers}
    if ISSUER in issuers:
        raise ValueError(f"GATEWAY_ISSUERS cannot name {ISSUER!r}: that is the development issuer")
    if settings.development:
        issuers[ISSUER] = development_issuer(settings.state, settings.audience)
    return issuers


def _issuer(entry: IssuerSettings, audience: str) -> Issuer:
    keys: KeySource = FixedKeys.from_file(entry.jwks_file) if entry.jwks_file else FetchedKeys(str(entry.jwks_url))
    return Issuer(entry.iss, entry.audience or audience, entry.algorithms, entry.types, keys)
