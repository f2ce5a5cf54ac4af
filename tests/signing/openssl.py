"""Verification by somebody who knows nothing of us: the openssl command."""

import subprocess
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.signing import read_signature


def run(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *arguments], capture_output=True, check=False)


def accepts_signature(folder: Path, document: bytes, signature: bytes, root: x509.Certificate, at: datetime) -> bool:
    """What `openssl cms -verify -cades` says."""
    (folder / "document").write_bytes(document)
    (folder / "document.p7s").write_bytes(signature)
    (folder / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    done = run(
        "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", folder / "document.p7s",
        "-content", folder / "document", "-CAfile", folder / "root.pem", "-purpose", "any",
        "-attime", str(int(at.timestamp())), "-out", folder / "out",
    )  # fmt: skip
    if done.returncode == 0:
        assert b"CAdES Verification successful" in done.stderr
        assert (folder / "out").read_bytes() == document
    return done.returncode == 0


def accepts_timestamp(folder: Path, signature: bytes, root: x509.Certificate, at: datetime) -> bool:
    """What `openssl ts -verify` says about the timestamp within a signature."""
    parts = read_signature(signature)
    (folder / "token.der").write_bytes(parts.token)
    (folder / "value").write_bytes(parts.value)
    (folder / "time-root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    done = run(
        "ts", "-verify", "-token_in", "-in", folder / "token.der", "-data", folder / "value",
        "-CAfile", folder / "time-root.pem", "-attime", str(int(at.timestamp())),
    )  # fmt: skip
    return done.returncode == 0
