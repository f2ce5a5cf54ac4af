"""A process that writes the log and appends without end, saying the index of each event once it is acknowledged."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from gateway.audit.recorder import Recorder
from tests.audit.samples import event


async def main() -> None:
    recorder = Recorder(Path(sys.argv[1]), "test.example/log")
    await recorder.start()
    print("writes", flush=True)
    i = 1_000_000
    while True:
        (index,) = await recorder.record(event(i))
        print(index, flush=True)
        i += 1


asyncio.run(main())
