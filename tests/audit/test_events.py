"""Events: their exact bytes, their ids, and that each kind is where it should be."""

import json
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.event import Stage, canonical, data_fields, milliseconds_of, new_id, new_ids
from gateway.audit.kinds import KINDS
from tests.audit.samples import MOMENT, of_every_kind

PINNED = Path(__file__).with_name("pinned_events.jsonl")


def test_the_bytes_of_every_kind_are_pinned() -> None:
    """What was signed for once has to be written the same way for good: a change here is a new version of a kind."""
    found = [one.body for one in of_every_kind()]
    assert found == PINNED.read_bytes().splitlines()
    assert {json.loads(body)["kind"] for body in found} == {*KINDS}


def test_the_bytes_are_rfc_8785() -> None:
    for one in of_every_kind():
        assert one.body == rfc8785.dumps(json.loads(one.body))


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_ASCII = st.text(st.characters(max_codepoint=126, min_codepoint=32), max_size=10)


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), _TEXT),
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_ASCII, inner, max_size=4)),
        max_leaves=20,
    )
)
def test_canonical_is_rfc_8785_for_whatever_an_event_can_hold(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


class Coarse(Enum):
    """What orjson would write as its value."""

    HALF = 0.5


@pytest.mark.parametrize(
    "value",
    [
        2**53,
        -(2**53),
        0.5,
        {"é": 1},
        b"bytes",
        {1: 2},
        [datetime(2026, 1, 1, tzinfo=UTC)],
        {"a": {"b": [None, "text", (True, 0.5)]}},
        {"a": [{"é": None}]},
        [{"a": 2**53}],
        {"a": UUID(int=1)},
        [Coarse.HALF],
        ["\ud800"],
    ],
)
def test_what_readers_could_read_differently_is_no_part_of_an_event(value: object) -> None:
    with pytest.raises(TypeError):
        canonical(value)


def test_every_event_states_who_what_when_and_under_which_rules() -> None:  # R3
    for one in of_every_kind():
        said = json.loads(one.body)
        assert said["stage"] in {*Stage}
        assert all(said[name] for name in ("policy", "rules", "id"))
        assert said["time"].endswith("Z")
        assert {*said["actor"]} == {"kind", "person", "agency", "role", "appointment", "jurisdictions"}
        assert len(said["data"]) == len(data_fields(type(one)))


@given(st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # with zone
def test_an_id_holds_its_moment(moment: datetime) -> None:
    found = new_id(moment)
    assert milliseconds_of(found) == (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert len(found) == 29
    assert new_id(moment) != found


def test_ids_that_are_given_together_are_as_different_as_others() -> None:
    found = new_ids(MOMENT, 100)
    assert len({*found}) == len({one[13:] for one in found}) == 100
    assert {milliseconds_of(one) for one in found} == {milliseconds_of(new_id(MOMENT))}


@pytest.mark.parametrize("text", ["", "ev_", "ds_" + "a" * 26, "ev_" + "1" * 26, "ev_" + "A" * 26, "ev_" + "a" * 27])
def test_another_text_is_no_id_of_an_event(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the base class is the promise
        milliseconds_of(text)
