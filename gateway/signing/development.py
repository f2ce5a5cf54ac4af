"""The demonstration city's authority: a root for officers, one for timestamps, and their keys, in the state directory.

Settings let a gateway trust it on loopback with the embedded database only: whoever reads the state directory can sign
as anybody. It is made on first use, from random keys.
"""

import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from gateway.signing.authority import Authority, LocalTimestamps
from gateway.signing.certificates import der, read_certificates, read_list
from gateway.signing.errors import TrustUnusable
from gateway.signing.keys import KeySigner, key_signer, load_pkcs12
from gateway.signing.roots import Trust

FOLDER: Final = "authority"
ROOT: Final = "root"
TIMESTAMP_ROOT: Final = "timestamp-root"
TIMESTAMPS: Final = "timestamps"
REVOKED: Final = "root.crl"
SEAL: Final = "seal.p12"
_BEFORE: Final = timedelta(days=3650)
"""The demonstration city has a past: its roots were there before the gateway was."""
_AFTER: Final = timedelta(days=7300)


@dataclass(frozen=True, slots=True)
class Issued:
    """An officer's key and certificate."""

    p12: bytes
    """PKCS#12 with both and the chain: what the officer gets. Secret."""
    certificate: bytes
    """The certificate (DER): what everybody else gets."""


class DevelopmentAuthority:
    """The authority of one state directory. Makes it when there is none."""

    def __init__(self, state: Path) -> None:
        self._folder = state / FOLDER
        if not self._folder.exists():
            _make(self._folder)

    @property
    def root_file(self) -> Path:
        """The officers' root (PEM), for `openssl -CAfile`."""
        return self._folder / f"{ROOT}.pem"

    @property
    def timestamp_root_file(self) -> Path:
        """The timestamps' root (PEM), for `openssl -CAfile`."""
        return self._folder / f"{TIMESTAMP_ROOT}.pem"

    def issue(
        self,
        name: str,
        *,
        passphrase: bytes | None = None,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
    ) -> Issued:
        """A new key with its certificate, by default for a year from now; the file is encrypted with the passphrase."""
        authority = self._authority(ROOT)
        start = not_before or datetime.now(UTC) - timedelta(minutes=1)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = authority.issue_officer(name, key.public_key(), start, not_after or start + timedelta(days=365))
        encryption: KeySerializationEncryption = NoEncryption()
        if passphrase is not None:
            encryption = BestAvailableEncryption(passphrase)
        p12 = pkcs12.serialize_key_and_certificates(
            name.encode(), key, certificate, [authority.certificate], encryption
        )
        return Issued(p12, der(certificate))

    def seal(self) -> KeySigner:
        """The gateway's own key, with which it signs receipts. Made when it is first needed."""
        path = self._folder / SEAL
        with _locked(self._folder):
            if not path.exists():
                start = datetime.now(UTC) - _BEFORE
                _put(path, self.issue("Demonstration City Gateway", not_before=start, not_after=start + _AFTER).p12)
        return load_pkcs12(path.read_bytes(), None)

    def revoke(self, certificate: bytes, at: datetime | None = None) -> None:
        """Revoke a certificate (DER) from an instant on, by default now. The list is issued anew.

        Raises:
            ValueError: it is not of this authority.
        """
        found = x509.load_der_x509_certificate(certificate)
        authority = self._authority(ROOT)
        if found.issuer != authority.certificate.subject:
            raise ValueError("the certificate is not of this authority")
        with _locked(self._folder):
            old = read_list((self._folder / REVOKED).read_bytes(), REVOKED)
            revoked = {entry.serial_number: entry.revocation_date_utc for entry in old}
            revoked[found.serial_number] = at or datetime.now(UTC)
            number = old.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number + 1
            _put(self._folder / REVOKED, authority.list_revoked(revoked, number).public_bytes(Encoding.DER))

    def timestamps(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> LocalTimestamps:
        """The timestamp authority, by this clock."""
        stamping = self._authority(TIMESTAMPS)
        return LocalTimestamps(key_signer(stamping.key, stamping.certificate), clock)

    def revocation_lists(self) -> dict[str, bytes]:
        """Its revocation list, by its name."""
        return {REVOKED: (self._folder / REVOKED).read_bytes()}

    def trust(self) -> Trust:
        """What trusts this authority. It always has a revocation list, so one is required."""
        return Trust.parse(
            self.root_file.read_bytes(),
            self.timestamp_root_file.read_bytes(),
            [(self._folder / REVOKED).read_bytes()],
            revocation_required=True,
        )

    def _authority(self, name: str) -> Authority:
        path = self._folder / f"{name}.pem"
        (certificate,) = read_certificates(path.read_bytes(), str(path))
        key = load_pem_private_key(_key_file(self._folder, name).read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise TrustUnusable(f"{path} and the key beside it do not belong together; remove {self._folder}")
        return Authority(certificate, key)


def _make(folder: Path) -> None:
    """Make everything aside and move it into place, so that the folder is there whole or not at all."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    draft.mkdir(mode=0o700)
    now = datetime.now(UTC)
    start, end = now - _BEFORE, now + _AFTER
    try:
        root = Authority.make("Demonstration City Officers", start, end)
        timestamp_root = Authority.make("Demonstration City Time", start, end)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = timestamp_root.issue_timestamps("Demonstration City Timestamps", key.public_key(), start, end)
        for name, made in (
            (ROOT, root),
            (TIMESTAMP_ROOT, timestamp_root),
            (TIMESTAMPS, Authority(certificate, key)),
        ):
            _put(draft / f"{name}.pem", made.certificate.public_bytes(Encoding.PEM))
            private = made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            _put(_key_file(draft, name), private)
        _put(draft / REVOKED, root.list_revoked({}, 1).public_bytes(Encoding.DER))
        draft.rename(folder)
    except BaseException as problem:
        shutil.rmtree(draft)
        # Another process was first; its authority is the one that counts.
        if not (isinstance(problem, OSError) and (folder / REVOKED).exists()):
            raise


def _key_file(folder: Path, name: str) -> Path:
    return folder / f"{name}.key"


def _put(path: Path, data: bytes) -> None:
    """Put a file in its place for its owner alone, whole or not at all."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Alone with the list: of two who revoke at once, the second reads what the first has written."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
