"""The IDE's page comes from here, needs nothing from elsewhere, and is not there in production."""

import re
from pathlib import Path

import httpx
import pytest
from graphql import parse, validate
from starlette.applications import Starlette
from starlette.routing import Route

from gateway.schema import build_schema, ide


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Stand-ins for the packages' files, which only a machine with npm has."""
    files = {name: tmp_path / name for name in ide.FILES}
    for path in files.values():
        path.write_text(f"/* {path.name} */")
    monkeypatch.setattr(ide, "FILES", files)
    return files


def test_the_page_loads_only_its_own_files(installed: dict[str, Path]) -> None:
    page = ide.page(installed)
    assert page is not None
    assert "//" not in re.sub(r"<!--.*?-->", "", page)
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert {f"/graphql/ide/{name}" for name in installed} == set(loaded)


def test_without_its_files_there_is_no_page(installed: dict[str, Path]) -> None:
    installed["graphiql.js"].unlink()
    assert ide.page(installed) is None


async def test_only_the_files_of_the_page_are_served(installed: dict[str, Path]) -> None:
    app = Starlette(routes=[Route(ide.ROUTE, ide.ide_file)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
        for name in installed:
            assert (await client.get(f"/graphql/ide/{name}")).text == f"/* {name} */"
        for name in ("package.json", "..%2Fpackage.json", "react.js%00"):
            assert (await client.get(f"/graphql/ide/{name}")).status_code == 404


def test_the_example_is_a_valid_query() -> None:
    assert validate(build_schema()._schema, parse(ide.EXAMPLE)) == []
