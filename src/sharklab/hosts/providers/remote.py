"""Ask a machine over SSH: `sharklab.hosts.agent` is sent to its Python, and none of it stays there."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sharklab import process
from sharklab.errors import MachineryError
from sharklab.hosts import agent
from sharklab.message import N_, Message

ANSWER = "sharklab-machine: "
"""The start of the line with the answer; a login may print other lines."""

MODULES = ("tool", "files", "units", "sessions", "rules", "network", "packages", "answer")
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

UNREACHABLE = 255
NOT_FOUND = 127
PARALLEL = 16


@dataclass(frozen=True)
class Machine:
    """A machine as the seat's ssh configuration names it, and how its user becomes root there.

    `python` is its interpreter; `sudo` says that the user is not root, `password` is what sudo asks for.
    """

    name: str
    config: Path
    python: str = "/usr/bin/python3"
    sudo: bool = False
    password: str = ""

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """Return the machine's answer to a request of `hosts.agent.answer`. Raises MachineryError."""
        order = {"modules": _modules(), "do": do, "request": request, "start": ANSWER}
        text = (f"{self.password}\n" if self.password else "") + json.dumps(order) + "\n"
        try:
            said = process.run(["ssh", "-F", self.config, self.name, self._command()], stdin=text)
        except MachineryError as error:
            raise self._failure(error) from error
        for line in reversed(said.splitlines()):
            if line.startswith(ANSWER):
                answer: dict[str, Any] = json.loads(line.removeprefix(ANSWER))
                return answer
        raise self._failure(MachineryError(said))

    def find_python(self, names: Sequence[str]) -> str:
        """Return the path of the first interpreter of `names` that the machine has, "" without names.

        So does Ansible where an inventory says `ansible_python_interpreter: auto`. Raises MachineryError.
        """
        if not names:
            return ""
        loop = f'for name in {shlex.join(names)}; do command -v "$name" && exit; done; exit {NOT_FOUND}'
        try:
            said = process.run(["ssh", "-F", self.config, self.name, shlex.join(["sh", "-c", loop])])
        except MachineryError as error:
            raise self._failure(error) from error
        return next(line for line in reversed(said.splitlines()) if line.startswith("/"))

    def answers(self) -> bool:
        """Tell whether the machine answers SSH."""
        try:
            process.run(["ssh", "-F", self.config, self.name, "true"])
        except MachineryError:
            return False
        return True

    def _command(self) -> str:
        words = [self.python, "-I", "-c", LOADER]
        if not self.sudo:
            return shlex.join(words)
        ask = ["-S", "-p", ""] if self.password else ["-n"]
        # sudo keeps this from root; the user's shell still knows it.
        return f'{shlex.join(["sudo", *ask, "env"])} SSH_CONNECTION="$SSH_CONNECTION" {shlex.join(words)}'

    def _failure(self, error: MachineryError) -> MachineryError:
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


def ask_all(machines: Iterable[Machine], ask: Callable[[Machine], Any]) -> dict[str, Any]:
    """Return the result of `ask` for each machine, by name, asked at the same time.

    Raises the error of the first failed one, in the order of `machines`, after all have ended.
    """
    chosen = list(machines)
    with ThreadPoolExecutor(PARALLEL) as pool:
        waiting = {one.name: pool.submit(ask, one) for one in chosen}
    return {name: future.result() for name, future in waiting.items()}


def _modules() -> list[tuple[str, str]]:
    folder = Path(agent.__file__).parent
    return [(name, (folder / f"{name}.py").read_text(encoding="utf-8")) for name in MODULES]


def failures(answer: Mapping[str, Any]) -> list[str]:
    """Return the steps that failed on a machine, a line each."""
    return [f"{what}: {why}" for what, why in answer.get("failed", ())]
