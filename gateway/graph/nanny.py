"""The process between the gateway and Java: Java dies with the gateway, however the gateway dies.

Run as a plain script with `python -I -S nanny.py COMMAND…`. It writes Java's pid to standard output, then listens to
its standard input. When that ends (the gateway closed it, or was killed) it stops Java, and kills it after a grace;
SIGTERM is passed on. When a line comes instead, it leaves Java running by itself.
Works wherever pipes do; `PR_SET_PDEATHSIG` is Linux only and follows the parent's thread, not its process.
"""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

GRACE = 20.0
"""Seconds that Neo4j gets to write its checkpoint."""


def main(command: list[str]) -> int:
    """Run `command` until it ends, the parent is gone, or somebody asks to stop. Returns the command's exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    java = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: java.terminate())

    def watch() -> None:
        if os.read(0, 64):
            # Past every destructor: Popen's would complain of a child left behind.
            os._exit(0)
        java.terminate()
        try:
            java.wait(GRACE)
        except subprocess.TimeoutExpired:
            java.kill()

    # Before anything that can fail: a parent that is gone already must not leave Java behind.
    threading.Thread(target=watch, daemon=True).start()
    with suppress(OSError):
        os.write(1, f"{java.pid}\n".encode())
        os.close(1)
    return java.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
