"""Writes a log: `write_log.py STATE ENTRIES`, with the checkpoints of some sizes on the way beside it."""

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from gateway.audit.log import Log
from tests.audit.samples import sealed

state, entries = Path(sys.argv[1]), int(sys.argv[2])
log = Log(state, "conformance.example/log")
log.open()
written, step = 0, 1
while written < entries:
    batch = [sealed(i) for i in range(written, min(written + step, entries))]
    log.record(batch)
    log.publish()
    written += len(batch)
    if step % 5 == 1:
        shutil.copy(log.folder.public / "checkpoint", state / f"checkpoint-{written}")
    step += 3
log.settle()
log.close()
