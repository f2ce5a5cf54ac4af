"""The log's signing keys, in the state directory for its owner alone: the one that counts, and those it replaces."""

from collections.abc import Sequence
from pathlib import Path

from gateway.audit.durable import put
from gateway.audit.errors import LogDamaged
from gateway.audit.tlog import BadFormat, Signer


def load_signers(path: Path, origin: str) -> tuple[Signer, ...]:
    """The keys in a file, the youngest first; one is made now when there is no file.

    Raises:
        LogDamaged: the file holds no key, or one of a log of another name.
    """
    if not path.exists():
        write_signers(path, [Signer.generate(origin)])
    signers = read_signers(path)
    if wrong := [signer.name for signer in signers if signer.name != origin]:
        raise LogDamaged(
            f"the log in {path.parent} is named {wrong[0]!r}, GATEWAY_LOG_ORIGIN is {origin!r}. A log keeps its "
            "name: set the option back, or give this gateway a state directory of its own with GATEWAY_STATE."
        )
    return signers


def read_signers(path: Path) -> tuple[Signer, ...]:
    """The keys in a file, the youngest first.

    Raises:
        LogDamaged: the file holds none, or something else too.
        OSError: it cannot be read.
    """
    try:
        signers = tuple(Signer.parse(line) for line in path.read_text("utf-8").splitlines())
    except (BadFormat, UnicodeDecodeError) as problem:
        raise LogDamaged(f"{path} holds no signing key of a log ({problem}); put the right one back") from None
    if not signers:
        raise LogDamaged(f"{path} is empty; put the log's signing key back")
    return signers


def write_signers(path: Path, signers: Sequence[Signer]) -> None:
    """Keep these keys, durably; whoever reads finds the old ones or the new ones."""
    put(path, "".join(f"{signer.skey}\n" for signer in signers).encode(), mode=0o600, durable=True)
