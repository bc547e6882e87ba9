"""ProxyCommand of the ssh inside the jail, with ProxyUseFdpass (ssh_config(5)): tunnel_door.py LAB HOST PORT

The door connects, and the connected socket itself is handed to ssh.
"""

from __future__ import annotations

import os
import socket
import sys

from sharklab.hosts.door import protocol

DOOR = "/gateway/door/socket"


def main() -> int:
    """Hand the connection to ssh, which is at the other end of standard output."""
    lab, host, port = sys.argv[1:]
    request = {"want": "connection", "lab": lab, "host": host, "port": int(port)}
    try:
        answer, handles = protocol.ask(DOOR, request)
    except protocol.BrokenTalk as error:
        answer, handles = {"error": f"the gateway does not answer: {error}"}, []
    if not handles:
        print(answer.get("error", "no connection"), file=sys.stderr)
        return 1
    with socket.socket(fileno=os.dup(sys.stdout.fileno())) as output:
        socket.send_fds(output, [b"\0"], handles)
    return 0


if __name__ == "__main__":
    sys.exit(main())
