"""The tour against a gateway that was started the way an operator starts it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.cli import demo
from gateway.identity.development import development_token
from tests.app.process import Gateway, command_here, free_port


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(tmp_path_factory.mktemp("demo") / "state") as running:
        yield running.announced()


@pytest.fixture(scope="module")
def answers(gateway: Gateway) -> dict[str, Any]:
    """What the tour's one query gives each caller."""
    tokens = {
        caller: development_token(gateway.state, "urn:gateway:api", caller, lifetime=60)
        for caller in demo.CALLERS
        if caller != demo.PUBLIC
    }
    return {caller: gateway.query(demo.QUERY, tokens.get(caller))["data"] for caller in demo.CALLERS}


def shown(gateway: Gateway) -> str:
    """The whole tour as it is printed."""
    tour = command_here(gateway.state, "demo", PORT=str(gateway.port))
    assert tour.returncode == 0, tour.stderr
    return tour.stdout


def sees(answers: dict[str, Any], name: str) -> set[str]:
    """The callers for whom this dataset exists."""
    return {caller for caller, data in answers.items() if data[name] is not None}


def test_the_tour_prints_every_stop_and_both_languages(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    text = shown(gateway)
    assert all(f"\n{stop}. " in text for stop in range(1, 16))
    assert re.search(r"where does \S+ come from\? staff@water asks *│ 1 · .+NCONDITIONAL", text)
    assert re.search(r"│ ▒ something hidden: R16.3b .+ → NEGOTIATE", text)
    assert re.search(r"the same as of 2024-06-30, asked by center *│ nothing", text)
    assert re.search(r"who could see it at this instant\? auditor asks, by the policy of 20\S+Z", text)
    assert re.search(r"PUBLIC: discover (yes|no) \(R[\d.a-c]+\), inspect (yes|no) \(R[\d.a-c]+\), fetch (yes|no)", text)
    assert re.search(r"OFFICER ADMINISTRATIVE.* \(\d+\): discover yes \(R\d", text), text
    drawn = text.split("The same as a picture, for staff@water\n", 1)[1]
    assert re.match(r"Lineage of \S+", drawn)
    assert re.search(r"^[├└]─ \[\d+\] \S+ A\d+ .+ \(shared", drawn, re.MULTILINE)
    assert "Hidden: part of this lineage may not be shown." in drawn
    assert re.search(r"come into it\? *│ the shortest have \d+", text)
    assert re.search(r"who has what was made from .+ │ .+: .+; \d+ grants, fetched \d+ times", text)
    assert re.search(r"checked with the log's key *│ entry \d+ of \d+ in localhost/log", text)
    assert re.search(r"is the commitment *│ yes", text)
    assert re.search(r"a body that says another year *│ no: it is not the one that was logged", text)
    assert re.search(r"a leaf that fits that body *│ caught: the proof does not lead from entry", text)
    assert re.search(r"staff@gaj asks for the event *│ is not shown it", text)
    assert re.search(
        r"signed and filed: SUBMITTED *│ due \d{4}-\d\d-\d\dT15:59:59.999Z by 2021-34.1/ANSWER_ACCESS_REQUEST", text
    )
    assert re.search(r"grants \S+ alone, and says why *│ PARTIALLY_APPROVED", text)
    assert re.search(r"signed and filed *│ a grant of \S+ until \S+: ACTIVE", text)
    assert re.search(r"is used *│ a grant of .+ until \S+: ACTIVE", text)
    assert re.search(r"center: COORDINATE \S+ *│ COORDINATING", text)
    assert re.search(r"signs it too: RESOLVED_SHARE *│ a grant of .+ until \S+: ACTIVE", text)
    assert re.search(r"center opens it: OPENED *│ a grant of .+ until \S+: ACTIVE", text)
    assert re.search(r"it fetches two rows *│ \{", text)
    assert re.search(r"it asks for another purpose *│ 403 WRONG_PURPOSE", text)
    assert re.search(r"it fetches again *│ 403 REVOKED", text)
    assert re.search(r"with its proof *│ entry \d+ of \d+: .*REVOKED", text)
    assert len(re.findall(r"revokes it, with a reason *│ REVOKED", text)) == 3
    assert "and there it ends" not in text
    assert re.search(r"officer@gaj asks for the case *│ is not shown it", text)
    assert all(caller in text for caller in demo.CALLERS)
    assert "户籍人口登记信息(修订)" in text
    assert "R16.3b" in text
    assert "该数据不予共享。因履行职责确需使用的，请与提供单位协商；协商不成的，由市大数据中心协调" in text
    assert "The data is not shared. If your duty truly needs it, negotiate with the provider" in text


def test_a_draft_exists_for_its_owner_alone(answers: dict[str, Any]) -> None:
    assert sees(answers, "draft") == {"officer@gaj"}


def test_agencies_count_more_than_the_public_and_the_owner_of_the_draft_one_more(answers: dict[str, Any]) -> None:
    count = {caller: data["datasets"]["totalCount"] for caller, data in answers.items()}
    assert count["public"] < min(count["staff@water"], count["supervisor@621022"], count["center"])
    for data in answers.values():
        listed = data["datasets"]
        assert sum(tier["count"] for tier in listed["facets"]["shareType"]) == listed["totalCount"]


def test_a_stricter_field_is_described_to_its_owner_and_the_center(answers: dict[str, Any]) -> None:
    described = {
        caller
        for caller, data in answers.items()
        if data["register"] is not None and data["register"]["fields"]["nodes"][1]["description"] is not None
    }
    assert sees(answers, "register") == set(demo.CALLERS) - {demo.PUBLIC}
    assert described == {"officer@gaj", "center"}


def test_a_dataset_not_shared_is_read_in_its_county_and_its_rows_by_nobody_for_rank(answers: dict[str, Any]) -> None:
    assert sees(answers, "poverty") == set(demo.CALLERS) - {demo.PUBLIC}
    read = {c for c in sees(answers, "poverty") if answers[c]["poverty"]["description"] is not None}
    assert read == {"supervisor@621022", "center"}
    assert answers["center"]["poverty"]["access"]["fetch"]["allowed"] is False


def test_everybody_finds_water_and_only_agencies_where_the_population_base_comes_from(answers: dict[str, Any]) -> None:
    assert all(data["water"]["totalCount"] > 0 for data in answers.values())
    assert answers["public"]["base"] is None
    assert len(answers["center"]["base"]["derivedFrom"]["nodes"]) == 2


def test_without_a_gateway_the_tour_says_how_to_start_one(tmp_path: Path) -> None:
    tour = command_here(tmp_path, "demo", PORT=str(free_port()))
    assert (tour.returncode, tour.stdout) == (1, "")
    assert "make run" in tour.stderr


def test_a_gateway_with_another_key_is_named(gateway: Gateway, tmp_path: Path) -> None:
    tour = command_here(tmp_path, "demo", "--address", f"http://127.0.0.1:{gateway.port}/graphql")
    assert (tour.returncode, tour.stdout) == (1, "")
    assert "GATEWAY_STATE" in tour.stderr


def test_something_else_at_the_address_is_named(gateway: Gateway, tmp_path: Path) -> None:
    assert httpx.get(f"http://127.0.0.1:{gateway.port}/healthz").status_code == 200
    tour = command_here(gateway.state, "demo", "--address", f"http://127.0.0.1:{gateway.port}/healthz")
    assert (tour.returncode, tour.stdout) == (1, "")
    assert "not as a gateway does" in tour.stderr
