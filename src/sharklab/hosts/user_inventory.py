"""A user's own Ansible inventory: which machines there are and how each is reached."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sharklab import paths, process
from sharklab.errors import InputError, MachineryError
from sharklab.message import N_

Variables = Mapping[str, Any]

OPTIONS = {
    "ansible_host": "HostName",
    "ansible_port": "Port",
    "ansible_user": "User",
    "ansible_ssh_private_key_file": "IdentityFile",
}
"""Ansible's variables for how a machine is reached, as ssh_config(5) names them."""

OLD_NAMES = {
    "ansible_ssh_host": "ansible_host",
    "ansible_ssh_port": "ansible_port",
    "ansible_ssh_user": "ansible_user",
}
ARGUMENTS = ("ansible_ssh_common_args", "ansible_ssh_extra_args")
FLAGS = {"-J": "ProxyJump", "-i": "IdentityFile", "-l": "User", "-p": "Port"}
CONFIG = "~/.ssh/config"

# The user's own settings come last: the first value counts, and what the inventory says is first.
HEAD = """\
# Written by sharklab: ssh -F {file} HOST
"""
COMMON = """
Host {names}
    BatchMode yes
    ConnectTimeout 10
    ControlMaster auto
    ControlPersist 10m
    ControlPath {sockets}/%C
    ServerAliveInterval 5
    ServerAliveCountMax 3
    LogLevel ERROR
"""


def read(file: Path, hosts: Sequence[str]) -> dict[str, Variables]:
    """Return the variables of each of `hosts`, as Ansible understands the inventory in `file`.

    Raises InputError when the file is no inventory, or lacks one of the hosts.
    """
    if not file.exists():
        raise InputError(N_("there is no such file"), place=f"--inventory {file}")
    environment = [f"ANSIBLE_CONFIG={paths.ROOT / 'ansible.cfg'}", "ANSIBLE_INVENTORY_UNPARSED_FAILED=true"]
    tool = Path(sys.executable).with_name("ansible-inventory")
    try:
        text = process.run(["env", *environment, "LC_ALL=C.UTF-8", tool, "--inventory", file, "--list"])
    except MachineryError as error:
        raise InputError(
            N_("Ansible cannot read the inventory: {said}"),
            place=f"--inventory {file}",
            said=error.values.get("said", error.message),
        ) from error
    listed = json.loads(text)
    if absent := [host for host in hosts if host not in _names(listed)]:
        raise InputError(
            N_("the inventory lacks the lab's hosts {absent}"),
            place=f"--inventory {file}",
            hint=N_("name the machines as the lab names its hosts: {hosts}"),
            absent=absent,
            hosts=list(hosts),
        )
    return {host: _use_new_names(listed["_meta"]["hostvars"].get(host, {})) for host in hosts}


def _names(listed: Mapping[str, Any]) -> set[str]:
    """Return all hosts: one without any variable is in its groups only."""
    groups = (group for name, group in listed.items() if name != "_meta")
    return {host for group in groups for host in group.get("hosts", ())} | set(listed["_meta"]["hostvars"])


def _use_new_names(variables: Variables) -> Variables:
    return {OLD_NAMES.get(name, name): value for name, value in variables.items()}


def ssh_config(file: Path, machines: Mapping[str, Variables], sockets: Path) -> str:
    """Return an ssh_config(5) that reaches the machines as the inventory says; it will be `file`.

    Raises InputError for a setting of the inventory that has no place in it.
    """
    blocks = [_block(host, variables) for host, variables in machines.items()]
    configs = dict.fromkeys(config for values in machines.values() for config in _included_configs(values))
    includes = [f"Include {name}" for name in (configs or [CONFIG])]
    common = COMMON.format(names=" ".join(machines), sockets=sockets)
    return "\n".join([HEAD.format(file=file), *blocks, common, "Host *", *includes, ""])


def _block(host: str, variables: Variables) -> str:
    settings = {}
    for name, option in OPTIONS.items():
        if name in variables:
            settings[option] = _check_literal(host, name, variables[name])
    lines = [f"    {option} {value}" for option, value in settings.items()]
    lines += [f"    {option} {value}" for option, value in _arguments(host, variables) if option != "Include"]
    return "\n".join([f"Host {host}", *lines])


def _included_configs(variables: Variables) -> list[str]:
    """Return the ssh configurations (-F) that the inventory names."""
    return [value for option, value in _arguments("", variables) if option == "Include"]


def _check_literal(host: str, name: str, value: object) -> str:
    text = str(value)
    if "{{" in text or "\n" in text:
        raise InputError(
            N_("the value must not contain a template or a line break"), place=f"--inventory: {host}: {name}"
        )
    return f'"{text}"' if " " in text else text


def _arguments(host: str, variables: Variables) -> Iterator[tuple[str, str]]:
    """Yield each argument for ssh that the inventory gives as a setting of ssh_config(5)."""
    for name in ARGUMENTS:
        words = iter(shlex.split(_check_literal(host, name, variables.get(name, "")).strip('"')))
        for word in words:
            yield _setting(f"--inventory: {host}: {name}", word, words)


def _setting(place: str, word: str, words: Iterator[str]) -> tuple[str, str]:
    flag, value = word[:2], word[2:] or next(words, "")
    if flag == "-F":  # ssh_config(5) would look for it in ~/.ssh
        return "Include", str(Path(value).expanduser().absolute())
    if flag in FLAGS:
        return FLAGS[flag], value
    if flag == "-o":
        option, separator, value = value.partition("=")
        if separator:
            return option, value
    raise InputError(
        N_("{word!r} is no argument of ssh that sharklab understands"),
        place=place,
        hint=N_("use -o NAME=VALUE, -F, -i, -J, -l or -p"),
        word=word,
    )
