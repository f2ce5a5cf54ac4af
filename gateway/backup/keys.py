"""Private keys in a backup: each a JWE of its own (RFC 7516), encrypted with a passphrase, never in the clear."""

from typing import Final

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from gateway.backup.errors import BackupError

SHORTEST: Final = 12
_ALGORITHM: Final = "PBES2-HS512+A256KW"
_CONTENT: Final = "A256GCM"
_ROUNDS: Final = 250_000
"""Of PBKDF2 with SHA-512: more than the 210,000 of OWASP's password storage sheet, less than what joserfc refuses."""
_REGISTRY: Final = jwe.JWERegistry(algorithms=[_ALGORITHM, _CONTENT])


def check_passphrase(passphrase: str) -> None:
    """Whether a passphrase can keep keys.

    Raises:
        BackupError: it is too short.
    """
    if len(passphrase) < SHORTEST:
        raise BackupError(f"the passphrase has {len(passphrase)} characters; take at least {SHORTEST}")


def seal(key: bytes, passphrase: str) -> str:
    """A key as a JWE in its compact form."""
    header = {"alg": _ALGORITHM, "enc": _CONTENT, "p2c": _ROUNDS}
    return jwe.encrypt_compact(header, key, OctKey.import_key(passphrase.encode()), registry=_REGISTRY)


def unseal(sealed: str, passphrase: str) -> bytes:
    """The key in a JWE.

    Raises:
        BackupError: the passphrase is another one, or the file is not what was written.
    """
    try:
        opened = jwe.decrypt_compact(sealed, OctKey.import_key(passphrase.encode()), registry=_REGISTRY)
    except (JoseError, ValueError) as problem:
        raise BackupError("the keys cannot be decrypted: another passphrase, or a damaged file") from problem
    if opened.plaintext is None:
        raise BackupError("the keys cannot be decrypted: the file is damaged")
    return opened.plaintext
