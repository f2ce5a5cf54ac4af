"""A responder (OCSP): what `openssl ocsp` answers from an index, behind an address on this machine."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.signing.authority import Authority
from tests.signing.city import END, issue, new_key, usage
from tests.signing.openssl import run
from tests.signing.serving import authority

ANSWERING = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False)


class Index:
    """What an authority knows of its certificates, as `openssl ca` writes it down, and who answers for it."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._file = folder / "index.txt"
        self._file.touch()
        self.minutes = 10
        self.options: tuple[str, ...] = ()
        pem(folder / "ca.pem", authority.certificate)
        self.signed_by(authority.certificate, authority.key)

    def knows(self, certificate: x509.Certificate, revoked: datetime | None = None) -> None:
        """Write a certificate down, as good or as revoked since."""
        end, serial = f"{certificate.not_valid_after_utc:%y%m%d%H%M%SZ}", f"{certificate.serial_number:X}"
        serial = serial if len(serial) % 2 == 0 else f"0{serial}"
        since = "" if revoked is None else f"{revoked:%y%m%d%H%M%SZ},keyCompromise"
        kept = [line for line in self._file.read_text().splitlines() if serial not in line]
        line = f"{'V' if revoked is None else 'R'}\t{end}\t{since}\t{serial}\tunknown\t/CN={serial}"
        self._file.write_text("".join(f"{one}\n" for one in [*kept, line]))

    def signed_by(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        """Let this certificate answer."""
        pem(self._folder / "responder.pem", certificate)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self._folder / "responder.key").write_bytes(private)

    def delegate(self, authority: Authority, *extensions: tuple[x509.ExtensionType, bool]) -> None:
        """Let somebody answer whom an authority has issued a certificate for that, or with these extensions."""
        key = new_key()
        given = extensions or (ANSWERING, (usage("digital_signature"), True), END)
        self.signed_by(issue(authority, key.public_key(), *given, subject="Responder"), key)

    def answer(self, question: bytes) -> bytes:
        """What `openssl ocsp` answers."""
        asked, answered = self._folder / "question.der", self._folder / "answer.der"
        asked.write_bytes(question)
        done = run(
            "ocsp", "-index", self._file, "-CA", self._folder / "ca.pem", "-rsigner", self._folder / "responder.pem",
            "-rkey", self._folder / "responder.key", "-reqin", asked, "-respout", answered,
            *(("-nmin", str(self.minutes)) if self.minutes else ()), *self.options,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return answered.read_bytes()


def pem(path: Path, certificate: x509.Certificate) -> None:
    path.write_bytes(certificate.public_bytes(Encoding.PEM))


def responding(answer: Callable[[bytes], bytes], status: int = 200) -> AbstractContextManager[str]:
    """A responder's address, on a free port, until the block ends."""
    return authority("application/ocsp-request", "application/ocsp-response", lambda asked: (status, answer(asked)))
