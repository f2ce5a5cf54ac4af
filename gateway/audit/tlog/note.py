"""Signed notes with Ed25519 keys, signature type 0x01 (c2sp.org/signed-note)."""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gateway.audit.tlog.errors import BadFormat, NotProven

ED25519: Final = 0x01
LARGEST: Final = 100_000
"""Bytes of a note that are looked at: some dozen signatures of witnesses."""
_DASH: Final = "— "
_KEY_BYTES: Final = 32


def check_name(name: str) -> str:
    """A key name, which is also a log's origin.

    Raises:
        BadFormat: it is empty, or holds a space, a plus or a control character.
    """
    if not name or "+" in name or any(c.isspace() or not c.isprintable() for c in name):
        raise BadFormat(f"{name!r} cannot name a key: expected printable characters without spaces and plus signs")
    return name


def _key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes([ED25519]) + public).digest()[:4]


def unbase64(text: str, what: str) -> bytes:
    """Standard base64 in its one canonical spelling.

    Raises:
        BadFormat: it is not that.
    """
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise BadFormat(f"{what} is not base64") from None
    if base64.b64encode(data).decode() != text:
        raise BadFormat(f"{what} is not base64 in its canonical form")
    return data


def _ed25519(encoded: str, what: str) -> bytes:
    """The 32 bytes of an encoded key, behind the byte that says what it is for."""
    key = unbase64(encoded, what)
    if len(key) != 1 + _KEY_BYTES or key[0] != ED25519:
        raise BadFormat(f"{what} is not an Ed25519 key (signature type 0x01)")
    return key[1:]


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under its name."""

    name: str
    public: bytes

    @classmethod
    def parse(cls, vkey: str) -> "Verifier":
        """Read a verifier key, `name+hash+base64`, as Go's `note.NewVerifier` takes it.

        Raises:
            BadFormat: it is not one, not of Ed25519, or its parts do not fit together.
        """
        parts = vkey.strip().split("+", 2)
        if len(parts) != 3:
            raise BadFormat("a verifier key looks like NAME+HASH+BASE64")
        name, key_id, encoded = parts
        found = cls(check_name(name), _ed25519(encoded, "the verifier key"))
        if found.key_id.hex() != key_id:
            raise BadFormat("the verifier key's hash does not belong to its name and key")
        return found

    @property
    def key_id(self) -> bytes:
        """The first four bytes of the key's hash, by which signatures name it."""
        return _key_id(self.name, self.public)

    @property
    def vkey(self) -> str:
        """The key in the form that `parse` reads."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(bytes([ED25519]) + self.public).decode()}"

    def open(self, note: bytes) -> str:
        """The text of a note that this key has signed.

        Raises:
            BadFormat: it is not a signed note.
            NotProven: it carries no signature of this key, or a wrong one.
        """
        text, signatures = _split(note)
        mine = [s for name, key_id, s in signatures if name == self.name and key_id == self.key_id]
        if not mine:
            raise NotProven(f"the note carries no signature of {self.name}+{self.key_id.hex()}")
        key = Ed25519PublicKey.from_public_bytes(self.public)
        for signature in mine:
            try:
                key.verify(signature, text.encode())
            except InvalidSignature:
                raise NotProven(f"the note's signature of {self.name}+{self.key_id.hex()} is wrong") from None
        return text


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key under its name."""

    name: str
    key: Ed25519PrivateKey

    @classmethod
    def generate(cls, name: str) -> "Signer":
        """A new key."""
        return cls(check_name(name), Ed25519PrivateKey.generate())

    @classmethod
    def parse(cls, skey: str) -> "Signer":
        """Read a signer key, `PRIVATE+KEY+name+hash+base64`, as Go's `note.NewSigner` takes it.

        Raises:
            BadFormat: it is not one. The message does not quote it.
        """
        parts = skey.strip().split("+", 4)
        if len(parts) != 5 or parts[:2] != ["PRIVATE", "KEY"]:
            raise BadFormat("a signer key looks like PRIVATE+KEY+NAME+HASH+BASE64")
        raw = _ed25519(parts[4], "the signer key")
        found = cls(check_name(parts[2]), Ed25519PrivateKey.from_private_bytes(raw))
        if found.verifier.key_id.hex() != parts[3]:
            raise BadFormat("the signer key's hash does not belong to its name and key")
        return found

    @property
    def skey(self) -> str:
        """The key in the form that `parse` reads. Secret."""
        raw = self.key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        encoded = base64.b64encode(bytes([ED25519]) + raw).decode()
        return f"PRIVATE+KEY+{self.name}+{self.verifier.key_id.hex()}+{encoded}"

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(self.name, self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign(self, text: str) -> bytes:
        """The note of `text`, which ends with a newline."""
        return sign_note(text, [self])

    def signature(self, text: str) -> str:
        """This key's line under a note."""
        signature = base64.b64encode(self.verifier.key_id + self.key.sign(text.encode())).decode()
        return f"{_DASH}{self.name} {signature}\n"


def sign_note(text: str, signers: Iterable[Signer]) -> bytes:
    """The note of `text`, which ends with a newline, with a signature of each key."""
    return f"{text}\n{''.join(signer.signature(text) for signer in signers)}".encode()


def _split(note: bytes) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Text and signatures, as (name, key id, signature)."""
    if len(note) > LARGEST:
        raise BadFormat(f"a note of {len(note)} bytes is larger than any that is read ({LARGEST})")
    try:
        whole = note.decode()
    except UnicodeDecodeError:
        raise BadFormat("the note is not UTF-8") from None
    if any(c < " " and c != "\n" for c in whole):
        raise BadFormat("the note holds a control character")
    text, blank, signed = whole.rpartition("\n\n")
    if not blank or not signed.endswith("\n"):
        raise BadFormat("the note has no signatures after an empty line")
    return f"{text}\n", [_signature(line) for line in signed[:-1].split("\n")]


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise BadFormat("a signature line of the note is not '— NAME BASE64'")
    data = unbase64(encoded, "a signature of the note")
    if len(data) < 5:
        raise BadFormat("a signature of the note is too short")
    return check_name(name), data[:4], data[4:]
