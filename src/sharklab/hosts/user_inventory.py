"""A user's own Ansible inventory: which machines there are and how each is reached.

Ansible itself reads the inventory, and ssh itself says what Ansible's arguments and the user's own
configuration make of a connection. The result is an ssh_config(5) for the seat.
"""

from __future__ import annotations

import getopt
import json
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sharklab import paths, process
from sharklab.errors import InputError, MachineryError
from sharklab.hosts import ssh_settings
from sharklab.message import N_

Variables = Mapping[str, Any]

PROGRAM = Path(__file__).with_name("ansible_hosts.py")
MACHINE = "inventory_hostname"
"""The variable that holds the machine's name in the inventory."""

LAB_HOST = "lab_host"
"""The variable by which an inventory says which host of the lab a machine is."""

OLD_NAMES = {
    "ansible_ssh_host": "ansible_host",
    "ansible_ssh_port": "ansible_port",
    "ansible_ssh_user": "ansible_user",
    "ansible_private_key_file": "ansible_ssh_private_key_file",
    "ansible_host_key_checking": "ansible_ssh_host_key_checking",
}
OPTIONS = {
    "ansible_port": "Port",
    "ansible_ssh_private_key_file": "IdentityFile",
    "ansible_user": "User",
    "ansible_ssh_timeout": "ConnectTimeout",
}
"""Ansible's variables for how a machine is reached, as ssh_config(5) names them, in the order of Ansible."""

FIRST_ARGUMENTS = ("ansible_ssh_args",)
ARGUMENTS = ("ansible_ssh_common_args", "ansible_ssh_extra_args")
CHECKING = "ansible_ssh_host_key_checking"
REACHED = frozenset({"ansible_host", CHECKING, *OPTIONS, *FIRST_ARGUMENTS, *ARGUMENTS})
"""The variables that the ssh_config(5) says again."""

FLAGS = "1246ab:c:e:fgi:kl:m:no:p:qstvxAB:CD:E:F:GI:J:KL:MNO:P:Q:R:S:TVw:W:XY"
"""The options of ssh(1), as getopt(3) takes them."""

CONFIGS = ("~/.ssh/config", "/etc/ssh/ssh_config")
HEAD = "# Written by sharklab: ssh -F {file} HOST\n"

# The inventory goes before these options, and these go before the user's own configuration.
DEFAULTS = ("BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=5", "ServerAliveCountMax=3")
SHARED = """\
    ControlMaster auto
    ControlPersist 10m
    ControlPath {sockets}
    LogLevel ERROR
"""
OURS = frozenset({"host", "controlmaster", "controlpersist", "controlpath", "loglevel"})
UNWANTED = frozenset({"localforward", "remoteforward", "dynamicforward", "requesttty", "remotecommand"})
"""Options of a connection that suit a person at a terminal, and no program."""

FILES = frozenset({"identityfile", "certificatefile"})


def read(file: Path, hosts: Sequence[str]) -> dict[str, Variables]:
    """Return the variables of the machine of each of `hosts`, as Ansible understands the inventory in `file`.

    The variable `MACHINE` is the machine's name in the inventory. A machine is the host that its variable
    `LAB_HOST` names, else the one of its own name, else the one of its own name without domain, in whatever
    case. Raises InputError when the file is no inventory, or when a host has no machine or several.
    """
    if not file.exists():
        raise InputError(N_("there is no such file"), place=f"--inventory {file}")
    environment = [f"ANSIBLE_CONFIG={paths.ROOT / 'ansible.cfg'}", "ANSIBLE_INVENTORY_UNPARSED_FAILED=true"]
    command: list[str | Path] = ["env", *environment, "LC_ALL=C.UTF-8", sys.executable, PROGRAM, file]
    try:
        listed = json.loads(process.run(command))
    except MachineryError as error:
        raise InputError(
            N_("Ansible cannot read the inventory: {said}"),
            place=f"--inventory {file}",
            said=error.values.get("said", error.message),
        ) from error
    known = {name: _use_new_names(values) for name, values in listed["hosts"].items()}
    machines = choose(known, hosts, f"--inventory {file}")
    return {host: _with_python(known[name], name, listed["pythons"]) for host, name in machines.items()}


def _use_new_names(variables: Variables) -> dict[str, Any]:
    return {OLD_NAMES.get(name, name): value for name, value in variables.items()}


def choose(known: Mapping[str, Variables], hosts: Sequence[str], place: str) -> dict[str, str]:
    """Return which known machine each host is. Raises InputError if there is none, or there are several."""
    fitting = {host: _find_machines(known, host) for host in hosts}
    if absent := [host for host in hosts if not fitting[host]]:
        raise InputError(
            N_("the inventory lacks the lab's hosts {absent}; its machines are {machines}"),
            place=place,
            hint=N_(
                "name the machines as the lab names its hosts, or write the name at the machine: {example}"
            ),
            absent=absent,
            machines=list(known),
            example=f"{LAB_HOST}: {absent[0]}",
        )
    for host, machines in fitting.items():
        if len(machines) > 1:
            raise InputError(
                N_("several machines of the inventory may be the host {host}: {machines}"),
                place=place,
                hint=N_("write the name at one of them: {example}"),
                host=host,
                machines=machines,
                example=f"{LAB_HOST}: {host}",
            )
    return {host: machines[0] for host, machines in fitting.items()}


def _find_machines(known: Mapping[str, Variables], host: str) -> list[str]:
    """Return the machines that may be `host`: those of the strongest sign that there is."""
    free = [name for name in known if LAB_HOST not in known[name]]
    return (
        [name for name in known if known[name].get(LAB_HOST) == host]
        or [name for name in free if name == host]
        or [name for name in free if name.partition(".")[0].casefold() == host]
    )


def _with_python(variables: Variables, name: str, pythons: Sequence[str]) -> Variables:
    """Return the variables with the machine's name, and the interpreters to look for if Ansible would."""
    asked = str(variables.get("ansible_python_interpreter", ""))
    looked_for = {"lab_pythons": list(pythons)} if asked.startswith("auto") else {}
    return {**variables, **looked_for, MACHINE: name}


def ssh_config(file: Path, machines: Mapping[str, Variables], sockets: Path, beside: Path = Path()) -> str:
    """Return an ssh_config(5) that reaches the machines as Ansible would; it will be `file`.

    A relative key is in the current folder, as for Ansible, or in `beside`, the folder of the inventory.
    Raises InputError for arguments that ssh does not take.
    """
    blocks = [_block(host, variables, sockets, beside) for host, variables in machines.items()]
    named = [config for host, values in machines.items() for config in _configs(host, values)]
    includes = [
        f"    Include {name}" for name in dict.fromkeys(map(ssh_settings.quote_value, named or CONFIGS))
    ]
    others = " ".join(["Host *", *(f"!{host}" for host in machines)])  # such as jump hosts
    return "\n".join([HEAD.format(file=file), *blocks, others, *includes, ""])


def _block(host: str, variables: Variables, sockets: Path, beside: Path) -> str:
    target = str(variables.get("ansible_host") or variables.get(MACHINE) or host)
    words = [*_words(host, variables), *(word for value in DEFAULTS for word in ("-o", value))]
    plain = _ask_ssh(host, ["-F", "none"], target)
    settings = {key: values for key, values in _ask_ssh(host, words, target).items() if key not in OURS}
    lines = [
        f"    {key} {_value(key, value, beside)}"
        for key, values in settings.items()
        if key not in UNWANTED and (key == "hostname" or values != plain.get(key))
        for value in values
    ]
    shared = SHARED.format(sockets=ssh_settings.quote_value(str(sockets).replace("%", "%%") + "/%C"))
    return "\n".join([f"Host {host}", *lines, shared])


def _words(host: str, variables: Variables) -> list[str]:
    """Return the arguments that Ansible gives to ssh, in its order: the first value of a setting counts."""
    options = {option: variables[name] for name, option in OPTIONS.items() if name in variables}
    if str(variables.get(CHECKING, "")).casefold() in ("false", "no", "0"):
        options["StrictHostKeyChecking"] = "no"
    words = list(_arguments(host, variables, FIRST_ARGUMENTS))
    for option, value in options.items():
        words += ["-o", f"{option}={ssh_settings.quote_value(str(value))}"]
    return [*words, *_arguments(host, variables, ARGUMENTS)]


def _arguments(host: str, variables: Variables, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        place = f"--inventory: {host}: {name}"
        try:
            words = shlex.split(str(variables.get(name, "")))
            _, rest = getopt.getopt(words, FLAGS)
        except (ValueError, getopt.GetoptError) as error:
            raise InputError(
                N_("ssh does not take these arguments: {said}"), place=place, said=error
            ) from error
        if rest:
            raise InputError(
                N_("{word!r} is no option of ssh"),
                place=place,
                hint=N_("put a value with blanks in quotes"),
                word=rest[0],
            )
        yield from words


def _configs(host: str, variables: Variables) -> list[str]:
    """Return the configurations (-F) that the inventory names, as absolute paths."""
    words = list(_arguments(host, variables, (*FIRST_ARGUMENTS, *ARGUMENTS)))
    given = [value for flag, value in getopt.getopt(words, FLAGS)[0] if flag == "-F"]
    return [str(Path(value).expanduser().absolute()) for value in given]


def _ask_ssh(host: str, words: Sequence[str], target: str) -> dict[str, list[str]]:
    """Return the settings of a connection to `target`, as ssh itself understands them (ssh -G)."""
    try:
        text = process.run(["ssh", "-G", *words, "--", target])
    except MachineryError as error:
        if "code" not in error.values:
            raise
        raise InputError(
            N_("ssh does not take these arguments: {said}"),
            place=f"--inventory: {host}",
            hint=N_("try: {command}"),
            said=error.values["said"],
            command=shlex.join(["ssh", "-G", *words, target]),
        ) from error
    settings: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        settings.setdefault(key, []).append(value)
    return settings


def _value(key: str, value: str, beside: Path) -> str:
    """Return a value of `ssh -G` as ssh_config(5) takes it.

    A percent sign in the name of a file that exists is no token of ssh.
    """
    if key not in FILES or value == "none":
        return value
    places = [folder.absolute() / value for folder in (Path(), beside)]
    found = next((place for place in places if place.exists()), None)
    if found:
        return ssh_settings.file(found)
    if value[:1] not in ("/", "~", "%", "$"):
        value = str(Path().absolute()).replace("%", "%%") + f"/{value}"
    return ssh_settings.quote_value(value)
