"""What is installed is pinned to the byte, without saying where it comes from."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = [
    "requirements.lock",
    "requirements-dev.lock",
    *(f"tests/conformance/{one}/requirements.lock" for one in ("aics", "authlib")),
]
NODE_LOCKS = ["ide/package-lock.json", "tests/conformance/package-lock.json", "bench/peer/package-lock.json"]


def _locked(name: str) -> dict[str, list[str]]:
    """Package to its pinned versions: more than one where they depend on the interpreter or the system."""
    pins = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text("utf-8"), re.MULTILINE)
    return {package: [version for other, version in pins if other == package] for package, _ in pins}


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_locked_by_hash_and_no_address_is_named(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    for word in ("://", "--index-url", "--find-links"):
        assert word not in text
    for entry in re.split(r"\n(?=\S)", text):
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


@pytest.mark.parametrize("name", NODE_LOCKS)
def test_every_node_package_is_locked_by_hash_and_no_address_is_named(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert "://" not in text
    for place, package in json.loads(text)["packages"].items():
        assert not place or package["integrity"].startswith("sha512-"), place


@pytest.mark.parametrize(
    ("name", "groups"), [("requirements.lock", ["build"]), ("requirements-dev.lock", ["build", "dev"])]
)
def test_every_direct_dependency_is_pinned_and_locked_at_that_version(name: str, groups: list[str]) -> None:
    project, locked = _project(), _locked(name)
    wanted = project["project"]["dependencies"] + [r for g in groups for r in project["dependency-groups"][g]]
    for requirement in wanted:
        package, version = requirement.split("==")
        assert locked.get(package.split("[")[0]) == [version], f"{requirement} is not in {name}; run 'make lock'"


def test_development_adds_to_what_runs_and_changes_nothing_of_it() -> None:
    runtime, development = _locked("requirements.lock"), _locked("requirements-dev.lock")
    assert {package: development.get(package) for package in runtime} == runtime
