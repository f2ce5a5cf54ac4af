"""`gateway webhook` as the operator meets it."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from gateway.audit.log import LogFolder
from gateway.graph import Graph, make_id
from gateway.notices import KEY_FILE, NoticeKey
from tests.app.process import command_here
from tests.catalog.entries import POWER, ground
from tests.support.database import DatabaseSettings
from tests.support.logged import logged

URL = "https://Agency.example/notices"

Run = Callable[..., CompletedProcess[str]]


@pytest.fixture(scope="module")
async def grounded(module_graph: Graph) -> Graph:
    await ground(module_graph)
    return module_graph


@pytest.fixture(scope="module")
def run(grounded: Graph, database: DatabaseSettings) -> Run:
    return lambda *words: command_here(database.state, "webhook", *words)


def test_an_address_is_added_listed_and_removed(run: Run, database: DatabaseSettings) -> None:
    webhook = make_id("wh_", make_id("ag_", "water"), URL.lower())
    added = run("add", "--agency", "water", "--url", URL)
    assert (added.returncode, added.stdout) == (0, f"{webhook}\n")
    assert "gateway webhook key" in added.stderr
    listed = run("list").stdout.split()
    assert listed[:3] == [webhook, "water", URL.lower()]
    assert listed[-2:] == ["0", "waiting"]
    assert run("list", "--agency", POWER.code).stdout == ""
    assert run("remove", "--agency", "water", "--url", URL).stdout == f"{webhook}\n"
    assert run("list").stdout == ""
    events = [one for one in logged(database.state) if one["kind"].startswith("webhook.")]
    assert [(one["kind"], one["actor"]["kind"], one["data"]["webhook"]) for one in events[-2:]] == [
        ("webhook.registered", "OPERATOR", webhook),
        ("webhook.removed", "OPERATOR", webhook),
    ]
    assert "/notices" not in "".join(map(str, events))  # the rest of the address may be a secret


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "--agency", "nobody", "--url", URL), "no agency 'nobody'"),
        (("add", "--agency", "water", "--url", "http://agency.example/"), "https://"),
        (("add", "--agency", "water", "--url", "https://127.0.0.1/"), "public internet"),
        (("remove", "--agency", "water", "--url", "https://other.example/"), "gateway webhook list"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(run: Run, words: tuple[str, ...], said: str) -> None:
    found = run(*words)
    assert (found.returncode, found.stdout) == (1, "")
    assert said in found.stderr


def test_the_key_is_printed_made_if_need_be_and_another_than_the_logs(tmp_path: Path) -> None:
    found = command_here(tmp_path, "webhook", "key")
    assert found.stdout == f"{NoticeKey.load(tmp_path).public}\n"
    assert not LogFolder(tmp_path).key.exists()
    (tmp_path / KEY_FILE).write_text("spoilt")
    spoilt = command_here(tmp_path, "webhook", "key")
    assert (spoilt.returncode, spoilt.stdout) == (1, "")
    assert "put the right one back" in spoilt.stderr
