"""Record packets to standard output until standard input ends: `live.py INTERFACE FILTER TCPDUMP-OPTION...`.

The controller sends this program to a host's Python. When the connection ends, in whatever way, tcpdump ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading


def arguments(interface: str, expression: str, options: list[str], connection: str) -> list[str]:
    """Return the command of tcpdump.

    The packets of the connection itself ($SSH_CONNECTION, see ssh(1)) are left out: on an interface that
    carries them, each packet that is sent would be recorded and sent again. On a cluster there are none: sshd
    has no network connection, and names both addresses UNKNOWN.
    """
    words = ["tcpdump", "-i", interface, "--immediate-mode", "-U", "-w", "-", *options]
    ends = connection.split()
    if len(ends) == 4 and ends[0] != "UNKNOWN":
        own = f"not (tcp and host {ends[0].partition('%')[0]} and port {ends[1]})"
        expression = f"({expression}) and {own}" if expression else own
    return [*words, "--", expression]


def main() -> int:
    """Run tcpdump until it ends, or standard input ends; return its exit code."""
    interface, expression, *options = sys.argv[1:]
    command = arguments(interface, expression, options, os.environ.get("SSH_CONNECTION", ""))
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def watch() -> None:
        while os.read(0, 4096):
            pass
        child.terminate()

    threading.Thread(target=watch, daemon=True).start()
    return max(child.wait(), 0)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # the thread may wait for its input for ever
