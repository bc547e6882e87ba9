"""Faults of names that mean something else to Ansible, Linux or firewalld, or that nothing there has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from sharklab.lab.model import Check, Exercise, Host, Lab
from sharklab.lab.schema import Fault, Path, fault, unknown
from sharklab.message import N_

ANSIBLES = frozenset({"all", "ungrouped", "localhost"})
"""Groups of every inventory, and the host that Ansible adds by itself."""

HOSTS_FILES = frozenset(
    {"localhost4", "localhost6", "ip6-localhost", "ip6-loopback", "ip6-allnodes", "ip6-allrouters"}
)
"""Names that Debian or Rocky has in /etc/hosts for the machine itself, and for all of its network."""

KERNELS = frozenset({"all", "default", "any", "lo", "mgmt"})
"""Interfaces that are none: those of net.*.conf (sysctl), of tcpdump, the loopback and sharklab's own."""

PROPERTIES = frozenset({"ipv4", "ipv6", "subnet", "mac"})
"""The other keys of `hosts.NAME` in templates, where a network is a key too."""

SERVICE_VARIABLES = ("firewall_services", "port_states_services")
PORT_VARIABLES = ("firewall_ports",)
SERVICE_CHECKS = ("firewall", "firewalld_opens")
PORT = re.compile(r"\d{1,5}(-\d{1,5})?/(tcp|udp|sctp|dccp)")

USER_VARIABLES: Mapping[str, Mapping[str, str]] = {"common": {"common_user": "student"}}
"""Variables of roles that make a user, with their defaults."""

SHELL_WORDS = frozenset(
    {"|", "||", "|&", "&", "&&", ">", ">>", "<", "<<<", "2>", "2>&1", "&>", "2>/dev/null"}
)
"""Words that only a shell understands."""


def faults(lab: Lab) -> Iterator[Fault]:
    """Yield the faults of the names of hosts and networks, and of the services in hosts' variables."""
    for network in lab.networks:
        if network.name in KERNELS | PROPERTIES:
            sentence = N_("{name} cannot be the name of a network")
            hint = N_("choose another name: the kernel, tcpdump or the templates of a lab use this one")
            yield fault(("networks", network.name), sentence, hint, name=network.name)
    for host in lab.hosts:
        if host.name in ANSIBLES:
            sentence = N_("{name} cannot be the name of a host")
            hint = N_("choose another name: Ansible uses this one")
            yield fault(("hosts", host.name), sentence, hint, name=host.name)
        elif host.name in HOSTS_FILES:
            sentence = N_("{name} cannot be the name of a host")
            hint = N_("choose another name: /etc/hosts of every machine has this one")
            yield fault(("hosts", host.name), sentence, hint, name=host.name)
        elif host.name.endswith("-"):
            sentence = N_("{name} cannot be the name of a host")
            yield fault(("hosts", host.name), sentence, N_("end it with a letter or a digit"), name=host.name)
        yield from _openings(("hosts", host.name, "vars"), host.vars, SERVICE_VARIABLES, PORT_VARIABLES)


def exercise_faults(at: Path, exercise: Exercise, hosts: Mapping[str, Host]) -> Iterator[Fault]:
    """Yield the faults of the users and words of the exercise's probes, and of the services of its checks."""
    for j, probe in enumerate(exercise.probes):
        where = (*at, "probes", j)
        if probe.host in hosts and "{" not in probe.user:
            known = users(hosts[probe.host])
            if probe.user not in known:
                sentence = N_("unknown user of {host} {name!r}")
                yield unknown((*where, "user"), sentence, probe.user, known, host=probe.host)
        for word in probe.run:
            if word in SHELL_WORDS:
                sentence = N_("{word} has no meaning here: a probe starts a command without a shell")
                hint = N_('write: run: [sh, -c, "{line}"]')
                yield fault((*where, "run"), sentence, hint, word=word, line=" ".join(probe.run))
                break
    for j, check in enumerate(exercise.checks):
        yield from _of_check((*at, "checks", j), check)


def _of_check(where: Path, check: Check) -> Iterator[Fault]:
    if check.kind in SERVICE_CHECKS:
        yield from _openings((*where, check.kind), check.params, ("services",), ("ports",))


def users(host: Host) -> set[str]:
    """Return the users of a host: those of roles, and those that Debian or Rocky or a role's package has."""
    own = {
        str(host.vars.get(variable, default))
        for role in host.roles
        for variable, default in USER_VARIABLES.get(role, {}).items()
    }
    return own | _list_of("system_users.txt")


def _openings(
    where: Path, values: Mapping[str, Any], services: tuple[str, ...], ports: tuple[str, ...]
) -> Iterator[Fault]:
    for variable, index, name in _texts(values, services):
        place = (*where, variable, index)
        if PORT.fullmatch(name):
            sentence = N_("{name} is a port, not a service of firewalld")
            yield fault(place, sentence, N_("write it under the ports: {ports}"), name=name, ports=ports[0])
        elif name not in firewalld_services():
            yield unknown(place, N_("unknown service of firewalld {name!r}"), name, firewalld_services())
    for variable, index, name in _texts(values, ports):
        if not PORT.fullmatch(name):
            sentence = N_("{name!r} is not a port with its protocol")
            yield fault((*where, variable, index), sentence, N_("write, for example: 443/tcp"), name=name)


def _texts(values: Mapping[str, Any], variables: tuple[str, ...]) -> Iterator[tuple[str, int, str]]:
    """Yield the texts of lists in `values`; a template is known only for a seat."""
    for variable in variables:
        entries = values.get(variable)
        for index, name in enumerate(entries if isinstance(entries, list | tuple) else ()):
            if "{" not in str(name):
                yield variable, index, str(name)


def firewalld_services() -> frozenset[str]:
    """Return the services that firewalld 1.3 brings along, which Debian 12 and Rocky 9 have."""
    return _list_of("firewalld_services.txt")


@cache
def _list_of(name: str) -> frozenset[str]:
    return frozenset(files("sharklab.author").joinpath(name).read_text(encoding="utf-8").split())
