"""Checks a log in a folder with the package aics-tlog: `check.py FOLDER VKEY OLDER-CHECKPOINT`."""

import sys
from pathlib import Path

from aics_tlog import (
    FileSystemTileReader,
    VerifiedTileReader,
    audit_tiles,
    consistency_proof_from_tiles,
    inclusion_proof_from_tiles,
    parse_note,
    parse_vkey,
    verify_checkpoint,
    verify_consistency,
    verify_leaf_inclusion,
)


def opened(path: Path, key: str) -> tuple[int, bytes]:
    found = verify_checkpoint(parse_note(path.read_bytes()), parse_vkey(key))
    if not found.ok:
        sys.exit(f"aics: the checkpoint {path.name} is not signed by the key: {found}")
    return found.size, found.root


folder, key, older = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
size, root = opened(folder / "checkpoint", key)
old_size, old_root = opened(older, key)
audit_tiles(FileSystemTileReader(folder), size, root)  # raises where something does not hold
reader = VerifiedTileReader(FileSystemTileReader(folder), size, root)
for index in range(0, size, 7):
    proof = inclusion_proof_from_tiles(reader, index, size)
    if not verify_leaf_inclusion(reader.entry(index), index, size, proof, root):
        sys.exit(f"aics: entry {index} is not in the log")
if not verify_consistency(old_size, size, old_root, root, consistency_proof_from_tiles(reader, old_size, size)):
    sys.exit("aics: the log does not begin with the older one")
print(f"aics: {size} entries of {folder.name} hold, and begin with the {old_size} of {older.name}")
