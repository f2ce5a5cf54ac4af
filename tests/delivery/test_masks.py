"""A mask is stated in documents that are signed, so it is read as strictly as it is written (R23.1)."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masks import BadMask, Mask, MaskKind, read_mask
from gateway.vocabulary import DataType

STATED = {"name": "age", "version": 2, "kind": "GENERALISE", "step": "10"}


@given(st.sampled_from([
    Mask("gone", 1, MaskKind.DROP), Mask("key", 3, MaskKind.HASH), Mask("month", 1, MaskKind.MONTH),
    Mask("short", 1, MaskKind.TRUNCATE, length=6), Mask("five", 9, MaskKind.GENERALISE, step=Decimal("0.5")),
]))  # fmt: skip
def test_what_is_stated_is_read_back(mask: Mask) -> None:
    assert read_mask(mask.stated) == mask


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": None}, "name is a text"),
        ({"name": ""}, "letters"),
        ({"name": "a b"}, "letters"),
        ({"name": "x" * 101}, "letters"),
        ({"version": True}, "version is a whole number"),
        ({"version": 0}, "from 1 on"),
        ({"version": "1"}, "version is a whole number"),
        ({"kind": "BLUR"}, "one of DROP, HASH"),
        ({"step": 10}, "step is a text"),
        ({"step": "-1"}, "'10' or '0.5'"),
        ({"step": "0"}, "above 0"),
        ({"step": "1e3"}, "'10' or '0.5'"),
        ({"step": "1234567890.1234567"}, "digits"),
        ({"step": "NaN"}, "'10' or '0.5'"),
        ({"length": 3}, "no other kind"),
        ({"kind": "TRUNCATE"}, "no other kind"),
        ({"kind": "HASH"}, "no other kind"),
        ({"note": "x"}, "has no note"),
    ],
)
def test_what_is_no_mask_is_refused_with_what_would_be_right(change: dict[str, Any], said: str) -> None:
    with pytest.raises(BadMask, match=said):
        read_mask(STATED | change)


def test_a_mask_without_its_parameter_is_refused() -> None:
    with pytest.raises(BadMask, match="needs a step"):
        read_mask({key: value for key, value in STATED.items() if key != "step"})
    with pytest.raises(BadMask, match="is an object"):
        read_mask([])


@pytest.mark.parametrize("length", [0, -1, 10_001])
def test_a_length_has_bounds(length: int) -> None:
    with pytest.raises(BadMask, match="length is"):
        Mask("short", 1, MaskKind.TRUNCATE, length=length)


def test_kinds_go_with_types_and_change_them() -> None:
    drop, month = Mask("d", 1, MaskKind.DROP), Mask("m", 1, MaskKind.MONTH)
    ten, half = (Mask("g", 1, MaskKind.GENERALISE, step=Decimal(step)) for step in ("10", "0.5"))
    short, key = Mask("t", 1, MaskKind.TRUNCATE, length=1), Mask("h", 1, MaskKind.HASH)
    assert all(not drop.faults(of) for of in DataType)
    assert not month.faults(DataType.DATETIME)
    assert month.result(DataType.DATETIME) is DataType.DATE
    assert not ten.faults(DataType.INTEGER)
    assert ten.result(DataType.INTEGER) is DataType.INTEGER
    assert "whole number" in half.faults(DataType.INTEGER)[0]
    assert not half.faults(DataType.DECIMAL)
    assert key.result(DataType.INTEGER) is DataType.STRING
    for mask, of in (
        (month, DataType.STRING),
        (ten, DataType.STRING),
        (short, DataType.INTEGER),
        (key, DataType.DECIMAL),
    ):
        assert f"does not go with {of}" in mask.faults(of)[0]
