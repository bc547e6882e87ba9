"""The configuration of a seat's hosts at one moment, and the differences between two moments as texts.

So `brief --solution` shows the changes of `solve`. Files that hold secrets are left out, and so are new files
that are as their packages brought them: the list of packages has a line for them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Any

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.hosts.providers.remote import ask_all, machine_of
from sharklab.lab.model import Plan

FILE = "solution.json"
"""The file in a seat's folder with the changes of each `solve`."""

BEGUN = "begun.json"
"""The file in a seat's folder with the configuration of its hosts at the beginning of an exam."""


@dataclass(frozen=True)
class Configuration:
    """The configuration of a host at one moment.

    `texts` has the text of each file by its path, the output of each command by the command, and the names of
    the packages by "packages". `unchanged` are the paths of files that are as their packages brought them.
    """

    texts: Mapping[str, str]
    unchanged: frozenset[str] = frozenset()

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Configuration:
        """Return the configuration that a host told."""
        return cls(answer["texts"], frozenset(answer["unchanged"]))


def read(plan: Plan, hosts: Sequence[str]) -> Mapping[str, Configuration]:
    """Return the configuration of each of `hosts`. Raises MachineryError if one does not answer."""
    machines = [machine_of(plan.seat, name) for name in hosts]
    return {name: Configuration.of(answer) for name, answer in ask_all(machines, _ask).items()}


def _ask(machine: Any) -> dict[str, Any]:
    answer: dict[str, Any] = machine.ask("configuration")
    return answer


def keep(plan: Plan) -> None:
    """Write the configuration of all hosts at the beginning of an exam, once for a seat.

    Raises MachineryError if a host does not answer.
    """
    file = plan.seat.folder / BEGUN
    if not file.exists():
        content = {name: own.texts for name, own in read(plan, [host.name for host in plan.hosts]).items()}
        state.write(file, json.dumps(content, ensure_ascii=False) + "\n", 0o600)


def changes(plan: Plan) -> Mapping[str, str]:
    """Return the changes on each host since `keep`, as `differences` does; none if that was never called.

    A host that does not say its configuration is left out: its student may have broken it.
    """
    file = plan.seat.folder / BEGUN
    if not file.exists():
        return {}
    before: Mapping[str, Mapping[str, str]] = json.loads(file.read_text(encoding="utf-8"))
    told = ask_all([machine_of(plan.seat, name) for name in before], _ask_or_nothing)
    return {
        host: differences(Configuration(before[host]), Configuration.of(answer))
        for host, answer in told.items()
        if answer
    }


def _ask_or_nothing(machine: Any) -> dict[str, Any]:
    try:
        return _ask(machine)
    except MachineryError:
        return {}


def differences(before: Configuration, after: Configuration) -> str:
    """Return the differences as a unified diff (diff(1)), "" if there are none.

    A new file that is as its package brought it is left out.
    """
    return "".join(_differences(before, after))


def _differences(before: Configuration, after: Configuration) -> Iterator[str]:
    told = sorted({*before.texts, *after.texts} - (after.unchanged - before.texts.keys()))
    for name in told:
        old, new = before.texts.get(name, ""), after.texts.get(name, "")
        if old != new:
            names = (_name(name, before.texts), _name(name, after.texts))
            yield from unified_diff(_lines(old), _lines(new), *names, n=2)


def _lines(text: str) -> list[str]:
    return [f"{line}\n" for line in text.splitlines()]


def _name(name: str, where: Mapping[str, str]) -> str:
    return name if name in where else "/dev/null"


def note(plan: Plan, exercises: Sequence[str], changes: Mapping[str, str], more: bool = False) -> None:
    """Note the changes that the solution of `exercises` made, by host.

    They take the place of those that were noted for the same exercises. With `more` they come after them.
    """
    ids, entries = list(exercises), solutions(plan)
    before = [entry["hosts"] for entry in entries if more and entry["exercises"] == ids]
    hosts: dict[str, str] = {}
    for own in (*before, changes):
        hosts |= {host: hosts.get(host, "") + text for host, text in own.items()}
    content = [entry for entry in entries if entry["exercises"] != ids]
    content.append({"exercises": ids, "hosts": hosts})
    state.write(_file(plan), json.dumps(content, indent=1, ensure_ascii=False) + "\n", 0o600)


def solutions(plan: Plan) -> list[dict[str, Any]]:
    """Return the noted changes in their order: {"exercises": ids, "hosts": a diff by host}."""
    file = _file(plan)
    return list(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else []


def _file(plan: Plan) -> Path:
    return plan.seat.folder / FILE
