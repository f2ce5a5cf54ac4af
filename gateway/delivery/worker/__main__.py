"""`python -m gateway.delivery.worker CONTROL CONFINEMENT`: the number of a socket, and JSON."""

import os
import socket
import sys

from gateway.delivery.confinement import Confinement
from gateway.delivery.worker.serving import Server

if __name__ == "__main__":
    control = socket.socket(fileno=int(sys.argv[1]))
    Server(control, Confinement.read(sys.argv[2])).run()
    # Not through destructors: a query that is still running would be waited for.
    os._exit(0)
