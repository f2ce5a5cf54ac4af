"""What one run measures, at which size and for how long."""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PARTS: Final = (
    "race",
    "enforcement",
    "stages",
    "decisions",
    "growth",
    "sparse",
    "totals",
    "log",
    "longlog",
    "procedures",
    "tokens",
    "fetches",
    "delivery",
    "lineage",
    "lineage_ingest",
)
QUICK: Final = ("race", "enforcement", "stages")
_ROOT: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Options:
    """`scale` datasets in the main world; the others are `big` (growth, sparse), `huge` and `small` (totals, lineage).

    A log of `entries` is compared with one of `few`, and verified when it has `verified`. Queues of `queued` cases are
    compared with those of `short`. Streams have `streamed` rows.
    `reported` events of lineage are taken.
    """

    parts: tuple[str, ...]
    scale: int
    rounds: int
    seconds: int
    warm: int
    connections: int
    big: int
    small: int
    huge: int
    few: int
    verified: int
    entries: int
    short: int
    queued: int
    streamed: int
    reported: int
    work: Path

    @property
    def bodies(self) -> Path:
        """Where request bodies are written for the load generator."""
        return self.work / "bodies"


def read_options() -> Options:
    """From the command line, with defaults from the environment (SCALE, ROUNDS, SECS, PARTS, QUICK=1)."""
    env = os.environ.get
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Speed against the targets; exits 1 when one is missed."
    )
    parser.add_argument("--quick", action="store_true", default=bool(env("QUICK")), help="few parts, a few minutes")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=(env("PARTS") or "").split() or None)
    parser.add_argument("--scale", type=int, default=int(env("SCALE") or 20_000), help="datasets of the main world")
    parser.add_argument("--rounds", type=int, default=int(env("ROUNDS") or 0), help="interleaved rounds")
    parser.add_argument("--secs", type=int, default=int(env("SECS") or 0), help="seconds of each measurement")
    parser.add_argument("--connections", type=int, default=16, help="callers at the same time")
    parser.add_argument("--big", type=int, default=int(env("BIG") or 200_000), help="datasets for growth and sparse")
    parser.add_argument(
        "--small", type=int, default=10_000, help="datasets of the smaller world for totals and lineage"
    )
    parser.add_argument("--huge", type=int, default=int(env("HUGE") or 1_000_000), help="datasets of the larger one")
    parser.add_argument("--few", type=int, default=10_000, help="entries of the short log")
    parser.add_argument("--verified", type=int, default=1_000_000, help="entries of the log that is verified")
    parser.add_argument("--entries", type=int, default=int(env("ENTRIES") or 10_000_000), help="of the long log")
    parser.add_argument("--short", type=int, default=1_000, help="cases in short queues")
    parser.add_argument("--queued", type=int, default=int(env("QUEUED") or 1_000_000), help="cases in long ones")
    parser.add_argument("--streamed", type=int, default=1_000_000, help="rows of a stream")
    parser.add_argument("--reported", type=int, default=100_000, help="events of lineage that are taken")
    parser.add_argument("--work", type=Path, default=_ROOT / "build" / "bench", help="where worlds are kept")
    given = parser.parse_args()
    return Options(
        parts=tuple(given.parts or (QUICK if given.quick else PARTS)),
        scale=given.scale,
        rounds=given.rounds or (5 if given.quick else 9),
        seconds=given.secs or (1 if given.quick else 3),
        warm=2 if given.quick else 3,
        connections=given.connections,
        big=given.big,
        small=given.small,
        huge=given.huge,
        few=given.few,
        verified=given.verified,
        entries=given.entries,
        short=given.short,
        queued=given.queued,
        streamed=given.streamed,
        reported=given.reported,
        work=given.work.resolve(),
    )
