"""`gateway sign`: an officer's signature over a document, made where the officer's key is."""

import hashlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli._console import fail, notes
from gateway.settings import load_settings
from gateway.signing import KeySigner, SigningError, load_pkcs12, sign, timestamps


def register(app: typer.Typer) -> None:
    """Add the command `sign`."""
    app.command("sign")(sign_file)


def sign_file(
    file: Annotated[Path, typer.Argument(help="The document, exactly as `prepare…` gave it.")],
    key: Annotated[Path, typer.Option(help="Your key and certificate: a PKCS#12 file (.p12, .pfx).")],
    passphrase_file: Annotated[
        Path | None, typer.Option(help="A file with the passphrase in its first line; without it you are asked.")
    ] = None,
    timestamp_url: Annotated[
        str | None, typer.Option(help="A timestamp authority (RFC 3161), instead of GATEWAY_TIMESTAMP_URL.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where the signature goes, instead of FILE.p7s.")] = None,
) -> None:
    """Sign a document with your own key: a detached CAdES signature with a timestamp, in FILE.p7s.

    Shows what the document says before anything is signed. The key stays in this process.
    """
    target = out or file.with_name(f"{file.name}.p7s")
    if target.exists():
        fail(f"{target} is there already. Remove it, or name another file with --out.")
    document = _read(file)
    signer = _signer(key, passphrase_file)
    typer.echo(f"SHA-256 {hashlib.sha256(document).hexdigest()}")
    if (text := readable(document)) is not None:
        typer.echo(text)
    else:
        notes.print(f"{file} is no JSON that says one thing, so it is not shown here.", markup=False)
    try:
        signature = sign(document, signer, timestamps(load_settings(), timestamp_url))
    except SigningError as problem:
        fail(f"{problem}.")
    try:
        with target.open("xb") as file_out:
            file_out.write(signature)
    except OSError as problem:
        fail(f"{target} cannot be written: {problem.strerror}.")
    notes.print(f"Signed: {target}", markup=False)


def readable(document: bytes) -> str | None:
    """What a JSON document says, as lines that a terminal shows as they are; None when it is something else.

    A document that names a member twice says two things; it is not shown as if it said one.
    """
    try:
        found = json.loads(document.decode(), object_pairs_hook=_members)
        text = json.dumps(found, ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return None
    # A right-to-left override or an escape sequence could show something else than what is signed.
    return "".join(c if c == "\n" or c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a member is named twice")
    return dict(pairs)


def _signer(key: Path, passphrase_file: Path | None) -> KeySigner:
    data = _read(key)
    given = None if passphrase_file is None else _read(passphrase_file).split(b"\n", 1)[0].rstrip(b"\r")
    try:
        if given is None and sys.stdin.isatty() and _is_locked(data):
            given = typer.prompt("Passphrase", hide_input=True, err=True).encode()
        signer = load_pkcs12(data, given)
        if not signer.is_valid(datetime.now(UTC)):
            fail(f"the certificate in {key} is not valid now; get a current one from your authority.")
    except SigningError as problem:
        fail(f"{key}: {problem}.")
    return signer


def _is_locked(data: bytes) -> bool:
    try:
        load_pkcs12(data, None)
    except SigningError:
        return True
    return False


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        fail(f"{path} cannot be read: {problem.strerror}.")
