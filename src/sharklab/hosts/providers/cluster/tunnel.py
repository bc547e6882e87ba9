"""Carry a connection of ssh to a host on a cluster, as ssh's ProxyCommand: tunnel.py SEAT_FOLDER HOST

The engine starts sshd(8) in the host for this connection alone (-i), and carries its bytes over its API: so a
host on any member is reached without an address, a port or a route. $SHARKLAB_PATIENCE is how many seconds
to go on trying while the host boots.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[4])

from sharklab.errors import MachineryError, SharklabError
from sharklab.hosts import ssh_settings
from sharklab.hosts.providers.cluster import client, record
from sharklab.hosts.providers.cluster.attachment import Attached, attach
from sharklab.message import N_

PAUSE = 0.3
BLOCK = 65536
SSHD = "mkdir -p -m 0755 /run/sshd; exec /usr/sbin/sshd -i"


def proxy(folder: Path) -> str:
    """Return the lines of ssh_config(5) that reach the hosts of the seat in `folder`."""
    words = " ".join(ssh_settings.word(word) for word in command(folder))
    return f"    ProxyCommand {words} %n"


def command(folder: Path) -> list[str]:
    """Return the command of this program for a seat; the name of the host follows."""
    return [sys.executable, "-P", "-s", str(Path(__file__).resolve()), str(folder)]


def connect(folder: Path, host: str, patience: float) -> Attached:
    """Return an SSH server of a host with its streams. Raises SharklabError if there is none in time."""
    known = record.read(folder)
    if known is None:
        raise MachineryError(N_("the seat is not on the cluster"), place=str(folder))
    engine = client.connect(known.remote).in_project(known.project)
    deadline = time.monotonic() + patience
    while True:
        try:
            return attach(engine, known.instance(host), ["/bin/sh", "-c", SSHD])
        except MachineryError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(PAUSE)


def carry(attached: Attached) -> None:
    """Carry bytes from standard input to the server, and from it to standard output, until one side ends."""
    for words in (
        (lambda: os.read(0, BLOCK), attached.send, attached.end),
        (attached.errors, lambda block: _write(2, block)),
    ):
        threading.Thread(target=copy, args=words, daemon=True).start()
    copy(attached.output, lambda block: _write(1, block))


def copy(
    read: Callable[[], bytes], write: Callable[[bytes], object], end: Callable[[], object] = lambda: None
) -> None:
    """Hand on blocks until there are no more, then call `end`; a side that is gone ends it, too."""
    try:
        while block := read():
            write(block)
        end()
    except (OSError, EOFError):
        return


def _write(handle: int, block: bytes) -> None:
    while block:
        block = block[os.write(handle, block) :]


def main() -> int:
    """Carry one connection."""
    folder, host = sys.argv[1:]
    try:
        attached = connect(Path(folder), host, float(os.environ.get("SHARKLAB_PATIENCE", "0")))
    except SharklabError as error:
        print(f"{host}: {error.message}", file=sys.stderr)
        return 1
    carry(attached)
    return 0


if __name__ == "__main__":
    sys.exit(main())
