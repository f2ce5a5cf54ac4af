"""What the settings say: whom to trust, and who gives timestamps."""

from pathlib import Path

from gateway.settings import Settings
from gateway.signing.development import DevelopmentAuthority
from gateway.signing.errors import KeyUnusable, TimestampUnavailable, TrustUnusable
from gateway.signing.keys import load_pkcs12
from gateway.signing.roots import Trust
from gateway.signing.sealing import Seal
from gateway.signing.sources import HttpTimestamps, Timestamps


def trust(settings: Settings) -> Trust:
    """Whom this gateway trusts: the configured roots, or else, on a development gateway only, its own authority.

    Reads the files anew, so that a revocation counts at once. With neither it trusts nobody.

    Raises:
        TrustUnusable: a file cannot be read.
    """
    if settings.trust_roots is not None and settings.timestamp_roots is not None:
        return Trust.parse(
            _read(settings.trust_roots, "GATEWAY_TRUST_ROOTS"),
            _read(settings.timestamp_roots, "GATEWAY_TIMESTAMP_ROOTS"),
            [] if settings.revocation_lists is None else _lists(settings.revocation_lists),
            revocation_required=settings.revocation_lists is not None,
        )
    return DevelopmentAuthority(settings.state).trust() if settings.development else Trust()


def revocation_lists(settings: Settings) -> dict[str, bytes]:
    """The revocation lists that count now, by name.

    Raises:
        TrustUnusable: one cannot be read.
    """
    if settings.revocation_lists is not None:
        folder = settings.revocation_lists.expanduser()
        return {path.name: path.read_bytes() for path in sorted(folder.glob("*.crl"))}
    if settings.trust_roots is None and settings.development:
        return DevelopmentAuthority(settings.state).revocation_lists()
    return {}


def timestamps(settings: Settings, url: str | None = None) -> Timestamps:
    """Who gives timestamps: the address given or configured, or else, on a development gateway, its own authority.

    Raises:
        TimestampUnavailable: there is none.
    """
    if address := url or settings.timestamp_url:
        return HttpTimestamps(address)
    if settings.development:
        return DevelopmentAuthority(settings.state).timestamps()
    raise TimestampUnavailable(
        "there is no timestamp authority; name one with --timestamp-url or GATEWAY_TIMESTAMP_URL"
    )


def seal(settings: Settings) -> Seal:
    """What this gateway signs receipts with: the configured key, or else, on a development gateway, one of its own.

    Raises:
        SigningError: there is none, or it cannot be used.
    """
    if settings.seal_key is not None:
        given = settings.seal_passphrase
        passphrase = None if given is None else given.get_secret_value().encode()
        data = _read(settings.seal_key, "GATEWAY_SEAL_KEY")
        return Seal(load_pkcs12(data, passphrase), timestamps(settings))
    if settings.development:
        return Seal(DevelopmentAuthority(settings.state).seal(), timestamps(settings))
    raise KeyUnusable("this gateway has no key for receipts; name one with GATEWAY_SEAL_KEY")


def _lists(folder: Path) -> list[bytes]:
    if not folder.expanduser().is_dir():
        raise TrustUnusable(f"GATEWAY_REVOCATION_LISTS: {folder} is not a folder")
    return [_read(path, "GATEWAY_REVOCATION_LISTS") for path in sorted(folder.expanduser().glob("*.crl"))]


def _read(path: Path, option: str) -> bytes:
    try:
        return path.expanduser().read_bytes()
    except OSError as problem:
        raise TrustUnusable(f"{option}: {path} cannot be read: {problem.strerror}") from None
