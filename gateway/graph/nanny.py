"""The process between the gateway and Java: Java dies with the gateway, however the gateway dies.

Run as a plain script with `python -I -S nanny.py COMMAND…`. It writes Java's pid to standard output, then waits. When
its standard input ends (the gateway closed it, or was killed) it stops Java, and kills it after a grace; SIGTERM is
passed on. With `--detach` before the command it only starts Java and goes, so that Java belongs to nobody.
Works wherever pipes do; `PR_SET_PDEATHSIG` is Linux only and follows the parent's thread, not its process.
"""

import os
import signal
import subprocess
import sys
import threading

GRACE = 20.0
"""Seconds that Neo4j gets to write its checkpoint."""


def main(command: list[str]) -> int:
    """Run `command` until it ends, the parent is gone, or somebody asks to stop. Returns the command's exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    detach = command[0] == "--detach"
    java = subprocess.Popen(command[detach:], stdin=subprocess.DEVNULL, stdout=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: java.terminate())
    os.write(1, f"{java.pid}\n".encode())
    os.close(1)
    if detach:
        # Past Popen's destructor, which would complain of a child left behind.
        os._exit(0)

    def watch() -> None:
        while os.read(0, 64):
            pass
        java.terminate()
        try:
            java.wait(GRACE)
        except subprocess.TimeoutExpired:
            java.kill()

    threading.Thread(target=watch, daemon=True).start()
    return java.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
