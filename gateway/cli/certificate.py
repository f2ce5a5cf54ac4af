"""`gateway certificate`: whose certificates count, and keys for the demonstration city's people."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli._console import fail, notes
from gateway.cli._desk import Desk, at_desk
from gateway.graph.appointments import find_person
from gateway.identity.development import ISSUER
from gateway.settings import Settings, load_settings
from gateway.sharing.certificates import Registry
from gateway.signing import DevelopmentAuthority

app = typer.Typer(help="Certificates: whose they are.", no_args_is_help=True, rich_markup_mode=None)


def register(parent: typer.Typer) -> None:
    """Put this group of commands under `gateway certificate`."""
    parent.add_typer(app, name="certificate")


@app.command("issue")
def issue(
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="For whom, like officer@CODE.")],
    out: Annotated[Path, typer.Option(help="Where the key goes: a PKCS#12 file that is not there yet.")],
    days: Annotated[int, typer.Option(help="How long it is valid.", min=1, max=3650)] = 365,
) -> None:
    """Make a key for somebody of the demonstration city, and register its certificate. Not in production."""
    settings = load_settings()
    if not settings.development:
        fail("this gateway has no authority of its own: get certificates from yours, and register them.")
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as problem:
        fail(f"{out} cannot be written: {problem.strerror}.")
    try:
        p12, fingerprint = issued_key(settings, name, days)
    except BaseException:
        out.unlink()
        raise
    with os.fdopen(descriptor, "wb") as file:
        file.write(p12)
    typer.echo(fingerprint)
    notes.print(f"{out} has the key, without a passphrase. Sign with: gateway sign FILE --key {out}", markup=False)


def issued_key(settings: Settings, name: str, days: int) -> tuple[bytes, str]:
    """A new key (PKCS#12) of somebody of the demonstration city, and the fingerprint that is registered with it."""
    start = datetime.now(UTC) - timedelta(minutes=1)
    issued = DevelopmentAuthority(settings.state).issue(name, not_before=start, not_after=start + timedelta(days=days))

    async def work(desk: Desk) -> Mapping[str, Any]:
        person = await find_person(desk.graph, ISSUER, name)
        if person is None:
            fail(f"nobody is known as {name!r}. See the names with: gateway token --list")
        return await Registry(desk.ledger).register(desk.cause, person.id, issued.certificate, desk.key)

    return issued.p12, at_desk(settings, work)["fingerprint"]


@app.command("register")
def register_one(
    file: Annotated[Path, typer.Argument(help="The certificate (DER).")],
    person: Annotated[str, typer.Option(help="Whose it is: the person's id, pe_…")],
) -> None:
    """Register somebody's certificate: what is signed with its key counts as theirs."""

    async def work(desk: Desk) -> Mapping[str, Any]:
        return await Registry(desk.ledger).register(desk.cause, person, file.read_bytes(), desk.key)

    try:
        typer.echo(at_desk(load_settings(), work)["fingerprint"])
    except (OSError, ValueError) as problem:
        fail(f"{file} cannot be read as a certificate: {problem}.")


@app.command("revoke")
def revoke(fingerprint: Annotated[str, typer.Argument(help="SHA-256 of the certificate, in hexadecimal.")]) -> None:
    """Revoke a certificate from now on. What was signed before stays signed."""

    async def work(desk: Desk) -> Mapping[str, Any]:
        return await Registry(desk.ledger).revoke(desk.cause, fingerprint, datetime.now(UTC), desk.key)

    typer.echo(at_desk(load_settings(), work)["fingerprint"])
