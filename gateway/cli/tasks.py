"""`gateway tasks`: what waits for somebody, what is due first, first."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from gateway.cli._client import Client, NoAnswer, address_of
from gateway.cli._console import fail, notes
from gateway.identity.development import development_token
from gateway.settings import Settings, load_settings

_QUERY: Final = """
query ($after: String) { me { name tasks(first: 50, after: $after) {
  nodes { dueAt
    accessRequest { id procedure state availableActions dataset { title } deadline { overdue workingDaysLeft } }
    grant { id state availableActions dataset { title } changes { target became } } }
  pageInfo { hasNextPage endCursor } } } }
"""
_LIFETIME: Final = 60.0


def register(app: typer.Typer) -> None:
    """Add the command `tasks`."""
    app.command("tasks")(tasks)


def tasks(
    name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Whose: somebody of the demonstration city.")
    ] = None,
    token_file: Annotated[Path | None, typer.Option(help="A file with your token, instead of --as.")] = None,
    address: Annotated[
        str | None, typer.Option(metavar="URL", help="The gateway's GraphQL address; without it the settings' own.")
    ] = None,
) -> None:
    """Show what waits for you to act: answers, positions, signatures, openings, suspended grants."""
    settings = load_settings()
    table = Table("due", "left", "what", "data", "you can", "id", box=None, pad_edge=False)
    number, token = 0, _token(settings, name, token_file)
    try:
        with Client(address or address_of(settings)) as client:
            after = None
            while True:
                page = client.ask(token, _QUERY, {"after": after})["me"]["tasks"]
                for task in page["nodes"]:
                    number += 1
                    table.add_row(*_row(task))
                after = page["pageInfo"]["endCursor"]
                if not page["pageInfo"]["hasNextPage"]:
                    break
    except NoAnswer as problem:
        fail(str(problem))
    if number:
        Console(highlight=False).print(table)
    else:
        notes.print("Nothing waits for you.")


def _token(settings: Settings, name: str | None, file: Path | None) -> str:
    if (name is None) is (file is None):
        fail("say whose tasks: --as NAME in the demonstration city, or --token-file FILE.")
    if file is not None:
        try:
            return file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as problem:
            fail(f"{file} cannot be read: {problem}.")
    if not settings.development:
        fail("the development issuer is off here; give your own token with --token-file FILE.")
    return development_token(settings.state, settings.audience, str(name), lifetime=_LIFETIME)


def _row(task: dict[str, Any]) -> tuple[str, ...]:
    case, grant = task["accessRequest"], task["grant"]
    found = case or grant
    left = "–"
    if case is not None and (deadline := case["deadline"]) is not None and task["dueAt"] is not None:
        left = "overdue" if deadline["overdue"] else f"{deadline['workingDaysLeft']} working days"
    what = f"{case['procedure']} {case['state']}" if case else f"GRANT {grant['state']}"
    title = found["dataset"]["title"] if found["dataset"] else "–"
    return (task["dueAt"] or "–", left, what, title, ", ".join(found["availableActions"]), found["id"])
