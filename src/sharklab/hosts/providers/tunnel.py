"""Connect to a host from inside a seat's namespace, for ssh: tunnel.py ADDRESS PORT

ssh_config(5), ProxyUseFdpass: the connected socket itself is handed to ssh, so that it notices at
once when the host goes away, and no process stays between the two. $SHARKLAB_PATIENCE is how many
seconds to go on trying while the host boots.
"""

from __future__ import annotations

import os
import socket
import sys
import time

PAUSE = 0.05


def connect(address: str, port: int, patience: float) -> socket.socket:
    """Return a connection to `port` of `address`. Raises OSError when there is none in time."""
    deadline = time.monotonic() + patience
    while True:
        try:
            connection = socket.create_connection((address, port), timeout=max(1.0, min(patience, 5.0)))
            connection.settimeout(None)
            return connection
        except OSError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(PAUSE)


def main() -> int:
    """Hand the connection to ssh, which is at the other end of standard output."""
    address, port = sys.argv[1:]
    try:
        connection = connect(address, int(port), float(os.environ.get("SHARKLAB_PATIENCE", "0")))
    except OSError as error:
        print(f"{address} port {port}: {error.strerror or error}", file=sys.stderr)
        return 1
    socket.send_fds(socket.socket(fileno=sys.stdout.fileno()), [b"\0"], [connection.fileno()])
    return 0


if __name__ == "__main__":
    sys.exit(main())
