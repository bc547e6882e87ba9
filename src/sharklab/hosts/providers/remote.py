"""Ask a machine over SSH: `sharklab.hosts.agent` is sent to its Python, and none of it stays there."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sharklab import process
from sharklab.errors import MachineryError
from sharklab.hosts import agent, borrowed
from sharklab.lab.model import Seat
from sharklab.message import N_, Message

ANSWER = "sharklab-machine: "
"""The start of the line with the answer; a login may print other lines."""

MODULES = (
    "tool",
    "files",
    "captures",
    "units",
    "sessions",
    "rules",
    "network",
    "packages",
    "settings",
    "journal",
    "answer",
)
"""In this order: each imports those before it only."""

LOADER = """
import json, sys, types
line = next(line for line in sys.stdin.buffer if line.startswith(b'{"modules"'))
order = json.loads(line)
for name in ("sharklab", "sharklab.hosts", "sharklab.hosts.agent"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = []
for name, source in order["modules"]:
    module = sys.modules["sharklab.hosts.agent." + name] = types.ModuleType("sharklab.hosts.agent." + name)
    setattr(sys.modules["sharklab.hosts.agent"], name, module)
    exec(compile(source, name, "exec"), module.__dict__)
answer = sys.modules["sharklab.hosts.agent.answer"].ANSWERS[order["do"]](order["request"])
print(order["start"] + json.dumps(answer))
"""

NO_FILE = "sharklab: no such file"
STILL_WRITTEN = "sharklab: still written"
COPY = f"""
cd ~{{home}} 2>/dev/null
[ -f "$1" ] || {{{{ echo "{NO_FILE}" >&2; exit 1; }}}}
if [ -n "$3" ]; then
    file=$(readlink -f -- "$1")
    if find /proc/[0-9]*/fd -perm /200 -printf '%l\\n' 2>/dev/null | grep -qxF -e "$file"; then
        echo "{STILL_WRITTEN}" >&2; exit 1
    fi
fi
exec head -c "$2" -- "$1"
"""
"""Prints a file. The links in /proc/PID/fd of a program that writes it have the right `w` (proc(5)).

They are compared by name: to follow one that leads to a mount of a dead server may take for ever.
"""

UNREACHABLE = 255
NOT_FOUND = 127
PARALLEL = 16

LIMIT = 300.0
"""Seconds that a machine may take to answer: one that belongs to a student may never do.

Such as one with a mount of a dead server, on which programs hang.
"""

LONG = ("install", "record", "restore")
LONG_LIMIT = 3600.0
"""The requests to borrowed machines alone: packages come from a network, and /etc may be large."""

MOST_OF_RECORD = 1 << 29
"""Bytes of their answers."""


class NoSuchFile(MachineryError):
    """A machine does not have the file that was asked for."""


@dataclass(frozen=True)
class Machine:
    """A machine as the seat's ssh configuration names it, and how its user becomes root there.

    `python` is its interpreter; `sudo` says that the user is not root, `password` is what sudo asks for.
    `options` are more options of ssh for commands of `as_root`.
    """

    name: str
    config: Path
    python: str = "/usr/bin/python3"
    sudo: bool = False
    password: str = ""
    options: tuple[str, ...] = ()

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """Return the machine's answer to a request of `hosts.agent.answer`. Raises MachineryError.

        Of its parts only the names are sure, and not their kinds: the machine may belong to a student.
        """
        order = {"modules": _modules(), "do": do, "request": request, "start": ANSWER}
        text = self.secret + json.dumps(order) + "\n"
        is_large = do in LONG
        try:
            said = process.run(
                self.as_root([self.python, "-I", "-c", LOADER]),
                stdin=text,
                timeout=LONG_LIMIT if is_large else LIMIT,
                most=MOST_OF_RECORD if is_large else process.MOST,
            )
            return _read_answer(said)
        except MachineryError as error:
            raise self._failure(error) from error

    def find_python(self, names: Sequence[str]) -> str:
        """Return the path of the first interpreter of `names` that the machine has, "" without names.

        So does Ansible where an inventory says `ansible_python_interpreter: auto`. Raises MachineryError.
        """
        if not names:
            return ""
        loop = f'for name in {shlex.join(names)}; do command -v "$name" && exit; done; exit {NOT_FOUND}'
        try:
            said = self._run(shlex.join(["sh", "-c", loop]))
        except MachineryError as error:
            raise self._failure(error) from error
        return next(line for line in reversed(said.splitlines()) if line.startswith("/"))

    def answers(self) -> bool:
        """Tell whether the machine answers SSH."""
        try:
            self._run("true")
        except MachineryError:
            return False
        return True

    def _run(self, command: str) -> str:
        """Return the output of a small command of the machine's user. Raises MachineryError."""
        return process.run(["ssh", "-F", self.config, self.name, command], timeout=process.LOGIN_SECONDS)

    @property
    def secret(self) -> str:
        """The line that a command of `as_root` reads first, the password of sudo; "" if it reads none."""
        return f"{self.password}\n" if self.password else ""

    def as_root(self, words: Sequence[str]) -> list[str | Path]:
        """Return the ssh command that runs `words` as root there; its standard input begins with `secret`."""
        command = shlex.join(words)
        if self.sudo:
            ask = ["-S", "-p", ""] if self.password else ["-n"]
            # sudo keeps this from root; the user's shell still knows it.
            command = f'{shlex.join(["sudo", *ask, "env"])} SSH_CONNECTION="$SSH_CONNECTION" {command}'
        return ["ssh", "-F", self.config, *self.options, self.name, command]

    def copy(self, path: str, home: str, target: IO[bytes], limit: int, *, finished: bool = False) -> None:
        """Write the file `path` of the machine into `target`, at most `limit` bytes and one.

        A relative path is in the home of the user `home`. Raises MachineryError if it cannot be read, or if
        it has to be `finished` and a program still writes it; NoSuchFile if it is not there.
        """
        demand = "finished" if finished else ""
        words = self.as_root(["sh", "-c", COPY.format(home=home), "sh", path, str(limit + 1), demand])
        try:
            code, errors = process.stream(
                words, target.write, stdin=self.secret.encode(), timeout=LIMIT, most=limit + 1
            )
        except MachineryError as error:
            if "seconds" in error.values:
                raise self._failure(error) from error
            # a host that does not stop there
            error.place = f"{self.name}:{path}"
            raise
        if code:
            said = process.last_lines(errors)
            failure = MachineryError(said, code=code, said=said)
            raise self._failure(failure) if code == UNREACHABLE else self._no_copy(path, said)

    def _no_copy(self, path: str, said: str) -> MachineryError:
        if NO_FILE in said:
            return NoSuchFile(
                N_("the host has no such file"),
                place=f"{self.name}:{path}",
                hint=N_("sharklab fetch LAB, without a file, lists the captures of all hosts"),
            )
        if STILL_WRITTEN in said:
            return MachineryError(
                N_("a program on the host still writes this file"),
                place=f"{self.name}:{path}",
                hint=N_("end tcpdump there with Ctrl-C, then fetch again"),
            )
        return MachineryError(N_("the file cannot be read: {said}"), place=f"{self.name}:{path}", said=said)

    def _failure(self, error: MachineryError) -> MachineryError:
        if seconds := error.values.get("seconds"):
            return MachineryError(
                N_("host {host} does not answer within {seconds:g} s"),
                place=str(self.config),
                hint=N_(
                    "a mount of a server that is off makes programs hang; umount -l on the host ends that"
                ),
                host=self.name,
                seconds=seconds,
            )
        said = str(error.values.get("said") or error.message)
        if error.values.get("code") == UNREACHABLE:
            return MachineryError(
                N_("host {host} cannot be reached over SSH: {said}"),
                place=str(self.config),
                hint=N_("try to log in: ssh -F {config} {host}; the key must work without any question"),
                host=self.name,
                said=said,
                config=self.config,
            )
        return MachineryError(
            N_("sharklab's program failed on host {host}: {said}"),
            place=Message(N_("inventory")),
            hint=N_("the machine needs Python 3.9 or newer, and a user who is root or may use sudo"),
            host=self.name,
            said=said,
        )


def machine_of(seat: Seat, host: str) -> Machine:
    """Return how a host of a seat is reached that is up, whoever made it."""
    config, entry = seat.folder / "ssh" / "config", borrowed.read(seat.folder).get(host)
    if entry is None:
        return Machine(host, config)
    return Machine(host, config, entry["python"], entry["sudo"], entry["password"])


def ask_all(machines: Iterable[Machine], ask: Callable[[Machine], Any]) -> dict[str, Any]:
    """Return the result of `ask` for each machine, by name, asked at the same time.

    Raises the error of the first failed one, in the order of `machines`, after all have ended.
    """
    chosen = list(machines)
    with ThreadPoolExecutor(PARALLEL) as pool:
        waiting = {one.name: pool.submit(ask, one) for one in chosen}
    return {name: future.result() for name, future in waiting.items()}


def _read_answer(said: str) -> dict[str, Any]:
    """Return the answer among the lines that a machine printed. Raises MachineryError with them."""
    for line in reversed(said.splitlines()):
        if line.startswith(ANSWER):
            with suppress(ValueError, RecursionError):
                answer = json.loads(line.removeprefix(ANSWER))
                if isinstance(answer, dict):
                    return answer
    raise MachineryError("{said}", said=process.last_lines(said))


def _modules() -> list[tuple[str, str]]:
    folder = Path(agent.__file__).parent
    return [(name, (folder / f"{name}.py").read_text(encoding="utf-8")) for name in MODULES]


def failures(answer: Mapping[str, Any]) -> list[str]:
    """Return the steps that failed on a machine, a line each."""
    return [f"{what}: {why}" for what, why in answer.get("failed", ())]
