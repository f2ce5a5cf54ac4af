"""Global ids."""

import pytest

from gateway.graph import make_id


def test_an_id_is_the_same_everywhere() -> None:
    # Pinned as exact text: ids lie in other people's bookmarks, grants and signed documents.
    assert make_id("ds_", "510105-0001") == "ds_kjiuyw2vnidyh3lw6qigea2sjy"
    assert make_id("fd_", "510105-0001", "name") == "fd_l65hp5n6rcgtdqvc5khxymis7m"


def test_an_id_depends_on_the_kind_and_on_where_the_parts_end() -> None:
    ids = {make_id("ds_", "a"), make_id("ag_", "a"), make_id("fd_", "a", "bc"), make_id("fd_", "ab", "c")}
    assert len(ids) == 4


@pytest.mark.parametrize("text", ["", "水务", "\ud800", "x" * 100_000])
def test_any_key_has_an_id_of_one_shape(text: str) -> None:
    assert len(make_id("ds_", text)) == 29


@pytest.mark.parametrize(("prefix", "parts"), [("ds", ("a",)), ("xx_", ("a",)), ("ds_", ()), ("ds_", ("a\x1fb",))])
def test_what_could_collide_is_refused(prefix: str, parts: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"prefix|key part"):
        make_id(prefix, *parts)
