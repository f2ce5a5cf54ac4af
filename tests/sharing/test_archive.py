"""Exports in folders and zip files: the same bytes whoever makes them, and nothing that a stranger packs does harm."""

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from gateway.sharing.evidence import ExportUnusable, archive, read_export, to_zip, write_export

FILES = {"README.md": b"x\n", "01-APPLY/document.json": b"{}", "log/events/ev_a/salt.bin": bytes(range(16))}


def packed(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes], how: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", how) as made:
        for name, data in members:
            made.writestr(name, data)
    return path


def kind(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def test_a_zip_file_and_a_folder_hold_the_same_and_the_zip_is_the_same_each_time(tmp_path: Path) -> None:
    write_export(FILES, tmp_path / "folder", zipped=False)
    write_export(FILES, tmp_path / "a.zip", zipped=True)
    assert read_export(tmp_path / "folder") == read_export(tmp_path / "a.zip") == FILES
    assert to_zip(dict(reversed(FILES.items()))) == (tmp_path / "a.zip").read_bytes()
    for there in ("folder", "a.zip"):
        with pytest.raises(FileExistsError):
            write_export(FILES, tmp_path / there, zipped=there.endswith("zip"))
    repacked = packed(tmp_path / "b.zip", *FILES.items(), how=zipfile.ZIP_DEFLATED)
    assert read_export(repacked) == FILES


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/etc/x",
        "a/../../x",
        "a\\x",
        "C:x",
        ".x",
        "a/.x",
        "a//x",
        "a/",
        "a/b/c/d/e",
        "x" * 101,
        "é",
        "a\nb",
        "\x1b[2J",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ExportUnusable) as caught:
        read_export(packed(tmp_path / "a.zip", (name, b"x")))
    assert str(caught.value).isprintable()


def test_links_devices_and_doubles_are_refused(tmp_path: Path) -> None:
    for mode in (stat.S_IFLNK | 0o777, stat.S_IFIFO, stat.S_IFCHR):
        with pytest.raises(ExportUnusable, match="link or a device"):
            read_export(packed(tmp_path / f"{mode}.zip", (kind("a", mode), b"/etc/passwd")))
    with pytest.raises(ExportUnusable, match="twice"):
        read_export(packed(tmp_path / "double.zip", ("README.md", b"x"), ("readme.MD", b"y")))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "case.json").symlink_to("/etc/passwd")
    with pytest.raises(ExportUnusable, match="link or a device"):
        read_export(folder)
    (folder / "case.json").unlink()
    (folder / "log").symlink_to("/etc")
    with pytest.raises(ExportUnusable, match="link or a device"):
        read_export(folder)


def test_bombs_do_not_go_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("LARGEST_FILE", 1_000), ("LARGEST", 3_000), ("MOST_FILES", 5)):
        monkeypatch.setattr(archive, name, value)
    for at, members in enumerate((
        [("a", bytes(1_001))],
        [(f"f{n}", bytes(900)) for n in range(4)],
        [(f"f{n}", b"") for n in range(6)],
    )):  # fmt: skip
        with pytest.raises(ExportUnusable, match="which no"):
            read_export(packed(tmp_path / f"{at}.zip", *members, how=zipfile.ZIP_DEFLATED))
        write_export(dict(members), tmp_path / f"{at}", zipped=False)
        with pytest.raises(ExportUnusable, match="which no"):
            read_export(tmp_path / f"{at}")
    long = packed(tmp_path / "long.zip", *((f"{'x' * 60_000}{n}", b"") for n in range(2)))
    with pytest.raises(ExportUnusable):
        read_export(long)
    # A member that says that it is small.
    raw = bytearray(packed(tmp_path / "lie.zip", ("a", bytes(5_000)), how=zipfile.ZIP_DEFLATED).read_bytes())
    for at in (raw.index(b"PK\3\4") + 22, raw.index(b"PK\1\2") + 24):
        struct.pack_into("<L", raw, at, 10)
    (tmp_path / "lie.zip").write_bytes(raw)
    with pytest.raises(ExportUnusable):
        read_export(tmp_path / "lie.zip")


def test_what_is_no_whole_zip_file_is_refused(tmp_path: Path) -> None:
    whole = to_zip(FILES)
    commented = io.BytesIO(whole)
    with zipfile.ZipFile(commented, "a") as made:
        made.comment = b"more"
    locked = bytearray(whole)
    for at in (whole.index(b"PK\3\4") + 6, whole.index(b"PK\1\2") + 8):
        locked[at] |= 1
    for data in (b"", b"PK", whole[:-1], whole[10:], commented.getvalue(), bytes(locked), whole.replace(b"{}", b"[]")):
        (tmp_path / "a.zip").write_bytes(data)
        with pytest.raises(ExportUnusable):
            read_export(tmp_path / "a.zip")
    with pytest.raises(FileNotFoundError):
        read_export(tmp_path / "nothing")
