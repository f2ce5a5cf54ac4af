"""The store of bodies: what is durable stays, a torn end goes, and damage is named."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.audit import bodies as module
from gateway.audit.bodies import Bodies, Body
from gateway.audit.errors import LogDamaged


def body(i: int) -> Body:
    return Body(bytes([i % 256]) * 16, b"body %d" % i * (i % 5 + 1))


def filled(folder: Path, count: int, step: int = 3) -> Bodies:
    store = Bodies(folder)
    store.open(0)
    for i in range(0, count, step):
        assert store.append([body(j) for j in range(i, min(i + step, count))]) == i
    return store


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PER_FILE", 8)


def test_what_was_appended_is_read_in_any_order_and_over_the_ends_of_files(tmp_path: Path) -> None:
    store = filled(tmp_path, 30)
    assert [store.read(i) for i in (29, 0, 8, 7, 16)] == [body(i) for i in (29, 0, 8, 7, 16)]
    assert list(Bodies(tmp_path).scan(5, 27)) == [(i, body(i)) for i in range(5, 27)]
    for index in (30, 31, 99, -1):
        with pytest.raises(IndexError):
            store.read(index)
    store.close()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(count=st.integers(0, 20), cut=st.integers(1, 60), places=st.booleans())
def test_a_torn_end_is_cut_off_and_everything_before_it_stays(
    tmp_path_factory: pytest.TempPathFactory, count: int, cut: int, places: bool
) -> None:
    folder = tmp_path_factory.mktemp("bodies")
    filled(folder, count + 1).close()
    last = max(folder.glob("*.log"))
    whole = last.read_bytes()
    record = len(body(count).data) + module._HEAD.size
    last.write_bytes(whole[: len(whole) - min(cut, record)])
    if not places:
        last.with_suffix(".places").unlink()
    store = Bodies(folder)
    assert store.open(count) == max(record - cut, 0)
    assert store.size == count
    assert [b for _, b in store.scan(0, count)] == [body(i) for i in range(count)]
    assert store.append([body(count), body(count + 1)]) == count
    assert store.read(count + 1) == body(count + 1)
    store.close()


def test_a_missing_known_entry_is_damage_and_not_a_torn_end(tmp_path: Path) -> None:
    filled(tmp_path, 6).close()
    path = tmp_path / "000000.log"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(LogDamaged) as damage:
        Bodies(tmp_path).open(6)
    assert damage.value.index == 5
    assert path.read_bytes() == whole[:-1]


def test_damage_before_the_end_is_named_and_takes_nothing_along(tmp_path: Path) -> None:
    filled(tmp_path, 6).close()
    path = tmp_path / "000000.log"
    data = bytearray(path.read_bytes())
    data[module._HEAD.size + 2] ^= 1  # in the first body
    path.write_bytes(data)
    store = Bodies(tmp_path)
    store.open(6)
    assert store.size == 6
    found = dict(store.states(0, 6))
    assert isinstance(found[0], LogDamaged)
    assert found[0].index == 0
    assert [found[i] for i in range(1, 6)] == [body(i) for i in range(1, 6)]
    store.close()


def test_a_store_without_its_places_is_the_same(tmp_path: Path) -> None:
    filled(tmp_path, 20).close()
    for path in tmp_path.glob("*.places"):
        path.unlink()
    reading = Bodies(tmp_path)
    assert reading.read(13) == body(13)
    assert list(reading.scan(0, 20)) == [(i, body(i)) for i in range(20)]


def test_what_comes_after_the_durable_entries_is_dropped_when_nobody_knows(tmp_path: Path) -> None:
    store = filled(tmp_path, 7)
    store.open(5, exactly=True)
    assert store.size == 5
    assert store.append([body(50)]) == 5
    store.close()
    assert [b for _, b in Bodies(tmp_path).scan(0, 6)] == [*(body(i) for i in range(5)), body(50)]


def test_an_erased_body_is_gone_and_its_neighbours_are_not(tmp_path: Path) -> None:
    store = filled(tmp_path, 10)
    store.erase(4)
    assert store.read(4) is None
    assert [store.read(i) for i in (3, 5)] == [body(3), body(5)]
    assert body(4).data not in (tmp_path / "000000.log").read_bytes()
    store.close()
    again = Bodies(tmp_path)
    again.open(10)
    assert [i for i, b in again.scan(0, 10) if b is None] == [4]
    again.close()
