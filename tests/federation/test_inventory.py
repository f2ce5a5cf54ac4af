"""Everything that can be wrong with a file as a whole has one stable code and one clear message."""

from pathlib import Path

import pytest

from gateway.federation.inventory import (
    BadNumber,
    DoubledKeys,
    FileProblem,
    UnreadableInventory,
    parse_inventory,
    read_inventory,
)
from tests.federation.inventories import inventory, record

UNREADABLE = {
    "empty": (b"", FileProblem.EMPTY),
    "blank": (b" \n\t ", FileProblem.EMPTY),
    "only a byte order mark": (b"\xef\xbb\xbf", FileProblem.EMPTY),
    "truncated in a text": (inventory(record())[:-200], FileProblem.NOT_JSON),
    "truncated at the end": (inventory(record())[:-1], FileProblem.NOT_JSON),
    "not json": (b"<html>502 Bad Gateway</html>", FileProblem.NOT_JSON),
    "two documents": (inventory(record()) * 2, FileProblem.NOT_JSON),
    "a list": (b"[]", FileProblem.NOT_AN_INVENTORY),
    "a number": (b"1", FileProblem.NOT_AN_INVENTORY),
    "no dataset": (b'{"datasets": []}', FileProblem.NOT_AN_INVENTORY),
    "dataset is an object": (b'{"dataset": {}}', FileProblem.NOT_AN_INVENTORY),
    "dataset is null": (b'{"dataset": null}', FileProblem.NOT_AN_INVENTORY),
    "two lists": (b'{"dataset": [], "dataset": [1]}', FileProblem.NOT_AN_INVENTORY),
    "utf-16": (inventory(record()).decode().encode("utf-16"), FileProblem.NOT_UTF8),
    "utf-16 without mark": (inventory(record()).decode().encode("utf-16-le"), FileProblem.NOT_UTF8),
    "utf-32": (inventory(record()).decode().encode("utf-32"), FileProblem.NOT_UTF8),
    "lists a million deep": (b'{"dataset":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}", FileProblem.TOO_DEEP),
    "objects a million deep": (b'{"a":' * 1_000_000 + b"1" + b"}" * 1_000_000, FileProblem.TOO_DEEP),
    "a million deep and truncated": (b'{"dataset":' + b"[" * 1_000_000, FileProblem.TOO_DEEP),
    "a raw NUL": (inventory(record()).replace(b"samples", b"sam\x00ples"), FileProblem.NOT_JSON),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable_file_is_one_clear_error(name: str) -> None:
    content, code = UNREADABLE[name]
    with pytest.raises(UnreadableInventory) as caught:
        parse_inventory(content)
    assert caught.value.code is code
    assert len(str(caught.value)) < 300


def test_truncated_file_is_called_truncated() -> None:
    with pytest.raises(UnreadableInventory, match="truncated"):
        parse_inventory(inventory(record())[:-1])


def test_file_over_the_limit_is_refused_before_it_is_parsed() -> None:
    content = inventory(record())
    assert parse_inventory(content, len(content)).records
    with pytest.raises(UnreadableInventory) as caught:
        parse_inventory(content, len(content) - 1)
    assert caught.value.code is FileProblem.TOO_LARGE


def test_file_over_the_limit_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UnreadableInventory) as caught:
        read_inventory(path, 1_000)
    assert caught.value.code is FileProblem.TOO_LARGE


@pytest.mark.parametrize("name", ["absent.json", ".", "nul\0name"])
def test_file_that_cannot_be_opened_is_a_clear_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableInventory) as caught:
        read_inventory(tmp_path / name)
    assert caught.value.code is FileProblem.CANNOT_OPEN


def test_a_byte_order_mark_is_no_obstacle() -> None:
    assert parse_inventory(b"\xef\xbb\xbf" + inventory(record())).records == [record()]


def test_bad_numbers_and_doubled_keys_are_marked_where_they_stand() -> None:
    text = b'{"dataset": [{"a": NaN, "b": -Infinity, "c": 1e999, "d": %s, "e": 1.5, "f": 7}, {"k": 1, "k": 2}]}'
    first, second = parse_inventory(text % (b"9" * 1_000_000)).records
    assert all(isinstance(first[key], BadNumber) for key in "abcd")
    assert (first["e"], first["f"]) == (1.5, 7)
    assert isinstance(second, DoubledKeys)
    assert second.keys_doubled == ("k",)


def test_bytes_that_are_not_utf8_do_not_hide_the_other_records() -> None:
    parsed = parse_inventory(b'{"dataset": [{"title": "caf\xe9"}, {"title": "good"}]}')
    assert parsed.escaped_bytes
    assert parsed.records[1] == {"title": "good"}


def test_catalog_statements_and_digest_are_kept() -> None:
    content = inventory(record(), title="Ours")
    parsed = parse_inventory(content)
    assert parsed.catalog["title"] == "Ours"
    assert "dataset" not in parsed.catalog
    assert parsed.digest != parse_inventory(content + b" ").digest
