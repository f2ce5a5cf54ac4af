"""`gateway lineage`: what something was made from and what was made from it, drawn in the terminal, or exported."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final
from urllib.parse import quote

import typer
from rich.console import Console

from gateway.cli._checking import check_export
from gateway.cli._client import Client, NoAnswer, address_of
from gateway.cli._console import fail, notes
from gateway.cli._pictures import draw
from gateway.cli._walks import NoSuchStart, start_of, walked
from gateway.graph.times import now
from gateway.identity.development import development_token
from gateway.lineage import USUAL_DEPTH, LineageDirection, LineageLevel
from gateway.lineage.export.checking import verify_lineage
from gateway.settings import Settings, load_settings
from gateway.sharing.evidence import ExportUnusable, read_export, write_export
from gateway.sharing.evidence.archive import ZIP

_LIFETIME: Final = 300.0

app = typer.Typer(help="Lineage: where data comes from.", no_args_is_help=True, rich_markup_mode=None)


def register(parent: typer.Typer) -> None:
    """Put this group of commands under `gateway lineage`."""
    parent.add_typer(app, name="lineage")


Of = Annotated[str, typer.Argument(metavar="DATASET", help="Its id or its code in the catalogue; or a field's id.")]
Direction = Annotated[LineageDirection, typer.Option(help="Which way to go.", case_sensitive=False)]
Level = Annotated[LineageLevel | None, typer.Option(help="Between datasets or fields.", case_sensitive=False)]
Depth = Annotated[int, typer.Option(help="How far, in derivations.")]
AsOf = Annotated[str | None, typer.Option(metavar="TIME", help="Along what held then, like 2026-01-31T08:00:00Z.")]
KnownAt = Annotated[str | None, typer.Option(metavar="TIME", help="As far as it was recorded then.")]
As = Annotated[str | None, typer.Option("--as", metavar="NAME", help="As somebody of the demonstration city.")]
TokenFile = Annotated[Path | None, typer.Option(help="A file with your token, instead of --as.")]
Address = Annotated[
    str | None, typer.Option(metavar="URL", help="The gateway's GraphQL address; without it the settings' own.")
]


@app.command("show")
def show(
    of: Of,
    direction: Direction = LineageDirection.UPSTREAM,
    level: Level = None,
    depth: Depth = USUAL_DEPTH,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    name: As = None,
    token_file: TokenFile = None,
    address: Address = None,
) -> None:
    """Draw what a dataset was made from, or what was made from it, as far as you may know; without a name, the public.

    What is reached by several ways is drawn once, and named by its number elsewhere.
    """
    settings = load_settings()
    token = token_of(settings, name, token_file)
    asked: dict[str, Any] = {
        "direction": direction,
        "level": level,
        "depth": depth,
        "asOf": as_of,
        "knownAt": known_at,
    }
    try:
        with Client(address or address_of(settings)) as client:
            picture = walked(client, token, of, asked, now())
    except (NoAnswer, NoSuchStart) as problem:
        fail(str(problem))
    draw(Console(highlight=False), picture)


@app.command("export")
def export(
    of: Of,
    to: Annotated[Path, typer.Option(help="A folder, or a file that ends in .zip, that is not there yet.")],
    direction: Direction = LineageDirection.UPSTREAM,
    level: Level = None,
    depth: Depth = USUAL_DEPTH,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    name: As = None,
    token_file: TokenFile = None,
    address: Address = None,
) -> None:
    """Have lineage signed by the gateway, in every format, with its proof in the log, in a folder or a zip file."""
    if to.exists():
        fail(f"{to} is there already. Name a new folder or file.")
    settings = load_settings()
    token = token_of(settings, name, token_file)
    asked = {"direction": direction, "level": level, "depth": depth, "asOf": as_of, "knownAt": known_at}
    try:
        with Client(address or address_of(settings)) as client:
            data = client.fetch(token, f"/lineage/{quote(start_of(client, token, of), safe='')}/export", asked)
        with TemporaryDirectory() as folder:
            fetched = Path(folder) / f"fetched{ZIP}"
            fetched.write_bytes(data)
            files = read_export(fetched)
        write_export(files, to, zipped=to.suffix == ZIP)
    except (NoAnswer, NoSuchStart) as problem:
        fail(str(problem))
    except ExportUnusable as problem:
        fail(f"what was sent is no export: {problem}.")
    except OSError as problem:
        fail(f"{to} cannot be written: {problem.strerror}.")
    notes.print(f"{len(files)} files written to {to}; README.md says how to check.", markup=False)


@app.command("verify")
def verify(
    export: Annotated[Path, typer.Argument(help="What 'gateway lineage export' wrote: a folder or a zip file.")],
    roots: Annotated[Path, typer.Option(help="The roots of signatures (PEM), which you have from elsewhere.")],
    timestamp_roots: Annotated[Path, typer.Option(help="The timestamps' roots (PEM), which you have from elsewhere.")],
    key: Annotated[str, typer.Option(help="The log's verifier key, which you have from elsewhere.")],
    lists: Annotated[Path | None, typer.Option(help="A folder with revocation lists (*.crl) that count.")] = None,
) -> None:
    """Check exported lineage, trusting nothing but these. Exits with 1 when something does not hold."""
    check_export(verify_lineage, export, key, roots, timestamp_roots, lists=lists)


def token_of(settings: Settings, name: str | None, file: Path | None) -> str | None:
    """The token that a command was given; None for the public."""
    if name is not None and file is not None:
        fail("say who you are once: --as NAME, or --token-file FILE.")
    if file is not None:
        try:
            return file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as problem:
            fail(f"{file} cannot be read: {problem}.")
    if name is None:
        return None
    if not settings.development:
        fail("the development issuer is off here; give your own token with --token-file FILE.")
    return development_token(settings.state, settings.audience, name, lifetime=_LIFETIME)
