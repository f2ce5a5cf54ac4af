"""A delivered file is opened by its path and by nothing else: no link, no way up, no pattern."""

import os
from pathlib import Path

import pytest

from gateway.delivery import Engine, FileFormat, Files, SourceChanged, SourceGone, open_file
from tests.delivery.samples import ask, count, register


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a file, and a secret beside it."""
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "root" / "sub").mkdir(parents=True)
    (tmp_path / "root" / "sub" / "plain").write_text("plain")
    return tmp_path / "root"


def test_a_file_is_opened_with_its_size_and_identity(root: Path) -> None:
    file = open_file(root, "sub/plain")
    try:
        assert os.pread(file.descriptor, 100, 0) == b"plain"
        assert file.size == 5
        assert not os.get_inheritable(file.descriptor)
        file.check()
    finally:
        file.close()


@pytest.mark.parametrize(
    "path", ["", ".", "..", "../secret", "sub/../../secret", "/etc/passwd", "sub//plain", "sub/./plain", "sub/", "sub",
             "sub/plain\0", "sub/plai?", "sub/*", "x" * 2_000, "sub/\udcff", "sub/plain/x"],
)  # fmt: skip
def test_a_path_of_other_things_than_names_is_refused(root: Path, path: str) -> None:
    with pytest.raises(SourceGone):
        open_file(root, path)


def test_links_are_refused_wherever_they_are(root: Path) -> None:
    (root / "link").symlink_to("../secret")
    (root / "inside").symlink_to("sub/plain")
    (root / "folder").symlink_to("sub")
    os.link(root.parent / "secret", root / "hard")
    for path in ("link", "inside", "folder/plain", "hard"):
        with pytest.raises(SourceGone):
            open_file(root, path)


def test_what_is_no_regular_file_is_refused_without_waiting(root: Path) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(SourceGone):
        open_file(root, "pipe")


def test_every_change_shows(root: Path) -> None:
    def written() -> None:
        (root / "sub/plain").write_text("other")

    def written_and_dated_back() -> None:
        found = (root / "sub/plain").stat()
        (root / "sub/plain").write_text("third")
        os.utime(root / "sub/plain", ns=(found.st_atime_ns, found.st_mtime_ns))

    def replaced() -> None:
        (root / "new").write_text("plain")
        (root / "new").rename(root / "sub/plain")

    for change in (written, written_and_dated_back, replaced, (root / "sub/plain").unlink):
        file = open_file(root, "sub/plain")
        os.utime(file.descriptor, ns=(0, 0))  # the kernel's clock is coarse: make the file old
        file.close()
        file = open_file(root, "sub/plain")
        change()
        with pytest.raises(SourceChanged):
            file.check()
        file.close()


async def test_a_pattern_is_a_name(engine: Engine, deliveries: Path) -> None:
    register(deliveries, 3, "p/a1.parquet")
    with pytest.raises(SourceGone):
        await engine.open(ask(Files(deliveries, ("p/*.parquet",), FileFormat.PARQUET)))
    register(deliveries, 5, "p/*.parquet")
    assert await count(engine, ask(Files(deliveries, ("p/*.parquet",), FileFormat.PARQUET))) == 5


async def test_the_worker_opens_nothing_outside_the_deliveries(engine: Engine, tmp_path: Path) -> None:
    """The second lock: also where whoever calls names a root elsewhere."""
    with pytest.raises(SourceGone, match="folder of deliveries"):
        await engine.open(ask(register(tmp_path, 3)))


@pytest.mark.parametrize("path", ["../x.parquet", "/etc/passwd", "l.parquet", "gone.parquet", "f/x.parquet"])
async def test_the_worker_follows_no_link_and_no_way_up(engine: Engine, deliveries: Path, path: str) -> None:
    source = register(deliveries, 3, "real/x.parquet")
    assert await count(engine, ask(source)) == 3
    for link, target in (("l.parquet", "real/x.parquet"), ("f", "real")):
        if not (deliveries / link).is_symlink():
            (deliveries / link).symlink_to(target)
    with pytest.raises(SourceGone):
        await engine.open(ask(Files(deliveries, (path,), FileFormat.PARQUET)))
