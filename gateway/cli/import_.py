"""`gateway import FILE`: another catalogue's inventory into the graph."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gateway.audit.event import OPERATOR, Cause
from gateway.audit.kinds import InventoryImported
from gateway.audit.outbox import Outbox
from gateway.audit.recorder import Recorder
from gateway.audit.recording import Recording
from gateway.cli._console import fetching, notes, report
from gateway.federation.harvest import Advance, HarvestRefused, Source, harvest
from gateway.federation.harvested import AccessLevel
from gateway.federation.inventory import DEFAULT_SIZE_LIMIT, Inventory, UnreadableInventory, read_inventory
from gateway.federation.report import Report
from gateway.federation.rule import DEFAULT_RULE, ImportRule, InvalidRule, load_rule, uniform_rule
from gateway.graph import running_graph
from gateway.lineage import Publishing, Tiers, Walker
from gateway.plan import Planner
from gateway.policy.store import PolicyStore
from gateway.schema import ENTITIES
from gateway.settings import load_settings
from gateway.sharing.examination import suspend_changed
from gateway.vocabulary import ShareType


def register(app: typer.Typer) -> None:
    """Add the command `import`."""
    app.command("import")(import_file)


def import_file(
    file: Annotated[Path, typer.Argument(help="A DCAT-US 1.1 inventory (data.json).")],
    source: Annotated[str | None, typer.Option(help="Name of the catalogue; by default the file's name.")] = None,
    jurisdiction: Annotated[
        str | None, typer.Option(help="Code of the jurisdiction its agencies belong to; by default one of its own.")
    ] = None,
    share: Annotated[ShareType | None, typer.Option(help="One sharing tier for every entry.")] = None,
    basis: Annotated[
        list[str] | None, typer.Option(help="Legal basis of the sharing tier, as 'TITLE|CITATION'.")
    ] = None,
    rule: Annotated[
        Path | None, typer.Option(help="A JSON file that gives each access level its sharing tier.")
    ] = None,
    assume: Annotated[
        AccessLevel | None, typer.Option(help="Access level of records that name none; by default the strictest.")
    ] = None,
    prefix: Annotated[str, typer.Option(help="Put before every identifier, where two catalogues share some.")] = "",
    max_bytes: Annotated[int, typer.Option(min=1, help="Largest file that is read.")] = DEFAULT_SIZE_LIMIT,
    json_report: Annotated[
        Path | None, typer.Option("--json", help="Write the whole report as JSON to a file, or to standard output: -")
    ] = None,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Withdraw everything when no record is left.")
    ] = False,
) -> None:
    """Read another catalogue's inventory; running it again changes only what has changed there.

    Bad records are reported and the others load. A record that is gone is withdrawn, not deleted.
    """
    try:
        chosen = _rule(rule, share, basis or [], assume)
        origin = Source(source or file.stem, jurisdiction, chosen, prefix, allow_empty)
        inventory = read_inventory(file, max_bytes)
        outcome = asyncio.run(_run(inventory, origin))
    except (InvalidRule, HarvestRefused) as problem:
        report(f"{str(problem).rstrip('.')}. Nothing was changed.")
        raise typer.Exit(1) from problem
    except UnreadableInventory as problem:
        report(f"{file.name}: {problem}. Nothing was changed. [{problem.code}]")
        raise typer.Exit(1) from problem
    _tell(outcome, json_report)


async def _run(inventory: Inventory, source: Source) -> Report:
    settings = load_settings()
    policy = PolicyStore(settings.policy_dir)
    cause = Cause(OPERATOR, policy.current.digest)
    with fetching() as jars:
        async with (
            running_graph(settings, jars) as graph,
            Recorder(settings.state, settings.log_origin) as recorder,
            Outbox(graph, recorder) as outbox,
        ):
            recording = Recording(outbox, cause, (suspend_changed,))
            walker = Walker(graph, Planner(graph, policy.table_for, ENTITIES))
            with _progress() as advance:
                outcome = await harvest(
                    graph, inventory, source, advance, recording=recording, check=Publishing(walker).check
                )
            await Tiers(graph, outbox).settle(cause)
            await recorder.record(_imported(outcome, cause))
            return outcome


def _imported(outcome: Report, cause: Cause) -> InventoryImported:
    return InventoryImported(
        cause=cause,
        source=outcome.source,
        digest=outcome.digest,
        total=outcome.total,
        loaded=outcome.loaded,
        updated=outcome.updated + outcome.republished,
        withdrawn=outcome.withdrawn,
        rejected=outcome.rejected,
    )


def _rule(path: Path | None, share: ShareType | None, basis: list[str], assume: AccessLevel | None) -> ImportRule:
    if path is not None:
        if share or basis or assume:
            raise InvalidRule("--rule says everything itself: leave out --share, --basis and --assume.")
        return load_rule(path)
    citations = []
    for text in basis:
        title, separator, citation = (part.strip() for part in text.partition("|"))
        if not (title and separator and citation):
            raise InvalidRule(f"--basis {text!r}: expected 'TITLE|CITATION'.")
        citations.append((title, citation))
    assumed = assume or DEFAULT_RULE.assumed
    if share is not None:
        return uniform_rule(share, tuple(citations), assumed)
    return ImportRule(DEFAULT_RULE.id, DEFAULT_RULE.share, assumed, tuple(citations))


def _tell(outcome: Report, json_report: Path | None) -> None:
    text = json.dumps(outcome.as_json(), ensure_ascii=False, indent=2)
    if json_report == Path("-"):
        typer.echo(text)
        notes.print(outcome.as_text(), markup=False)
        return
    typer.echo(outcome.as_text())
    if json_report is not None:
        try:
            json_report.write_text(text + "\n", encoding="utf-8")
        except OSError as problem:
            report(f"the import is done, but its report could not be written: {json_report}: {problem.strerror}")
            raise typer.Exit(1) from problem


@contextmanager
def _progress() -> Iterator[Advance]:
    """A bar where somebody watches, and nothing elsewhere: the report says it all."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=notes
    )
    task = bar.add_task("Importing", total=None)

    def advance(step: str, done: int, total: int) -> None:
        bar.update(task, description=step, completed=done, total=total)

    if not notes.is_terminal:
        yield lambda step, done, total: None
        return
    with bar:
        yield advance
