"""ForceCommand of the gateway's sshd (sshd_config(5)): all that a student's login does on the server.

It tells the door who wants what, and does what the door answers: show a menu, print a sentence, or become
ssh(1) to a host. It runs as the student's own user of the jail.
"""

from __future__ import annotations

import fcntl
import os
import select
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from sharklab.hosts.door import protocol

DOOR = "/gateway/door/socket"
TEMPORARY = Path("/tmp")  # noqa: S108 (of the jail, in memory; a folder in it is one user's)
FAILED = 255
TRIES = 3
CHUNK = 1 << 20
LARGEST = (64 << 20) + 1
"""Bytes of a submission that go to the door, which refuses one that is too large."""

FROM_HOSTS = "--from-hosts"
"""Of the command `submit`: no file comes with it."""

PATIENCE = 900.0
"""Seconds until the door has answered: in an exam the hosts reboot before a submission is packed."""

MOST_PROCESSES = 96
"""Processes of one student in the jail: a login has three. All students share the memory of the jail."""

LONGEST = 8
"""Characters of a choice in the menu."""

LONGEST_KEY = 1 << 14
"""Characters of a line with a public key."""


def request() -> dict[str, Any]:
    """Return the request for the door: the name, the command, the terminal, the address, the language."""
    language = next(
        (os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), ""
    )
    return {
        "want": "login",
        "name": os.environ.get("USER", ""),
        "command": os.environ.get("SSH_ORIGINAL_COMMAND", ""),
        "password": is_by_password(),
        "terminal": os.isatty(0) and os.isatty(1),
        "from": os.environ.get("SSH_CONNECTION", "").partition(" ")[0],
        "language": language[:64],
    }


def is_by_password() -> bool:
    """Tell whether the student logged in by the password (sshd_config(5), ExposeAuthInfo)."""
    try:
        return Path(os.environ.get("SSH_USER_AUTH", "")).read_text().startswith("password")
    except OSError:
        return False


def read_key(question: str) -> str:
    """Return the line that the student pastes, or that comes on standard input."""
    print(question, file=sys.stderr, flush=True)
    return sys.stdin.readline(LONGEST_KEY)


def choose(menu: dict[str, Any]) -> list[str]:
    """Show the menu and return the lab and the host that the student chose, [] for none."""
    print(menu["title"])
    for number, choice in enumerate(menu["choices"], 1):
        print(f"  {number}  {choice['text']}")
    for _ in range(TRIES):
        print(menu["question"], end=" ", flush=True)
        word = sys.stdin.readline(LONGEST)
        if not word:
            return []
        index = int(word) - 1 if word.strip().isdecimal() else menu["default"]
        if 0 <= index < len(menu["choices"]) and (word.strip().isdecimal() or not word.strip()):
            return [menu["choices"][index]["lab"], menu["choices"][index]["host"]]
    return []


def keep(path: Path, content: str) -> Path:
    """Write a file for this user alone, whole or not at all, and return its path."""
    new = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(content)
    return new.replace(path)


def ssh(order: dict[str, Any]) -> list[str]:
    """Return the command of ssh to a host."""
    folder = own_folder()
    name = f"{order['lab']}-{order['host']}"
    key, known = keep(folder / f"{name}.key", order["key"]), keep(folder / f"{name}.known", order["known"])
    here = Path(__file__).absolute().parent
    program = f"{sys.executable} -s -S -E {here}/tunnel_door.py {order['lab']} {order['host']} 22"
    options = {
        "IdentityFile": str(key),
        "IdentitiesOnly": "yes",
        "PreferredAuthentications": "publickey",
        "UserKnownHostsFile": str(known),
        "StrictHostKeyChecking": "yes",
        "HostKeyAlias": order["host"],
        "ProxyCommand": program,
        "ProxyUseFdpass": "yes",
        "KexAlgorithms": "^curve25519-sha256",
        "LogLevel": "ERROR",
        "EscapeChar": "none",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    return [
        "ssh",
        "-F",
        "none",
        "-t" if order["terminal"] else "-T",
        *words,
        f"root@{order['host']}",
        order["command"],
    ]


def pump(words: list[str]) -> int:
    """Run ssh for a stream that only goes to the student; end it when nobody reads.

    Its standard input stays open meanwhile: the program on the host ends with it. The student's own
    standard input does not count, also when it is closed.
    """
    child = subprocess.Popen(words, stdin=subprocess.PIPE)
    reader = select.poll()
    reader.register(1, 0)  # POLLERR and POLLHUP are always told (poll(2))
    while child.poll() is None and not reader.poll(200):
        pass
    if child.stdin:
        child.stdin.close()
    return child.wait()


def has_too_many(folder: Path = Path("/proc")) -> bool:
    """Tell whether the student has more processes here than one student may have (proc(5))."""
    own, count = os.getuid(), 0
    for entry in os.scandir(folder):
        with suppress(OSError):  # it has ended
            count += entry.name.isdecimal() and entry.stat().st_uid == own
    return count > MOST_PROCESSES


def own_folder() -> Path:
    """Return the folder of this user."""
    folder = TEMPORARY / f"login-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def wait_for_turn() -> None:
    """Return when no other login of this user sends a submission; the next one waits until this one ends."""
    lock = os.open(own_folder() / "turn", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)


def send_file(command: str) -> tuple[int, ...]:
    """Return the descriptor of the file that a command hands in, if it hands one in.

    All files are in the memory of the jail, which all students share: a student has one at a time.
    """
    if not sends_file(command):
        return ()
    wait_for_turn()
    return (spool(0),)


def spool(source: int) -> int:
    """Return a descriptor of a file in memory (memfd_create(2)) with a stream, at most `LARGEST` bytes of it.

    So the door need not wait for a slow student.
    """
    target = os.memfd_create("submission")
    left = LARGEST
    while left > 0 and (data := os.read(source, min(left, CHUNK))):
        left -= len(data)
        view = memoryview(data)
        while view:
            view = view[os.write(target, view) :]
    os.lseek(target, 0, os.SEEK_SET)
    return target


def sends_file(command: str) -> bool:
    """Tell whether a command hands in the file on standard input."""
    words = command.split()
    return words[:1] == ["submit"] and FROM_HOSTS not in words


def ask(wanted: dict[str, Any], handles: tuple[int, ...] = ()) -> dict[str, Any]:
    """Return the answer of the door to a request. Raises BrokenTalk."""
    order, _ = protocol.ask(DOOR, wanted, handles, PATIENCE)
    return order


def follow(order: dict[str, Any]) -> int:
    """Do what the door ordered, and return the exit code."""
    if order.get("error"):
        print(order["error"], file=sys.stderr)
        return FAILED
    if "say" in order:
        print(order["say"])
        return int(order.get("code", 0))
    words = ssh(order)
    if order.get("notice"):
        print(order["notice"], file=sys.stderr, flush=True)
    sys.stdout.flush()
    if not order.get("stream"):
        os.execvp("ssh", words)
    return pump(words)


def main() -> int:
    """Ask the door, and the student if the door says so."""
    wanted = request()
    if has_too_many():
        return follow({"error": "sharklab: too many logins are open: end some"})
    try:
        order = ask(wanted, send_file(wanted["command"]))
        if "choices" in order:
            chosen = choose(order)
            if not chosen:
                return 0
            order = ask({**wanted, "chosen": chosen})
        if "key_question" in order:
            order = ask({**wanted, "key": read_key(order["key_question"])})
    except protocol.BrokenTalk as error:
        order = {"error": f"sharklab: the gateway does not answer ({error})"}
    return follow(order)


if __name__ == "__main__":
    sys.exit(main())
