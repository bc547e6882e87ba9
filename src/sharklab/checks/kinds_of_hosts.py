"""The checks of what a host is like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sharklab.checks import firewall, hosts
from sharklab.checks.kind import ANY_TEXTS, TEXT, Kind, Rests, Schema, parameters
from sharklab.message import (
    N_,
)

_SOCKET: Schema = {"type": "string", "pattern": r"^[0-9]{1,5}/(tcp|udp)$"}
_OPENINGS = {name.replace("-", "_").replace(" ", "_"): ANY_TEXTS for name in firewall.OPENINGS}


def _of_host(*required: str, **properties: Schema) -> Schema:
    return parameters(("host", *required), host=TEXT, **properties)


def _kind(params: Schema, function: Any, title: str, expected: str, look: str, denies: bool = False) -> Kind:
    return Kind(params, function, Rests.STATE, title, expected, denies, look=look)


KINDS_OF_HOSTS: Mapping[str, Kind] = {
    "firewalld_on": _kind(
        _of_host(),
        hosts.firewalld_on,
        N_("firewalld on {host}"),
        N_("it runs, and starts with the host"),
        N_("Look at it with: systemctl status firewalld"),
    ),
    "firewalld_same": _kind(
        _of_host(),
        hosts.firewalld_same,
        N_("Rules of firewalld on {host}"),
        N_("the same in force and permanently"),
        N_("Compare what is printed with and without --permanent by: firewall-cmd --list-all"),
    ),
    "firewalld_opens": _kind(
        _of_host(**_OPENINGS),
        hosts.firewalld_opens,
        N_("What firewalld opens on {host}"),
        N_("what is needed, and nothing else"),
        N_("Look at it with: firewall-cmd --list-all"),
        denies=True,
    ),
    "firewalld_open": _kind(
        _of_host("opening", opening=TEXT),
        hosts.firewalld_open,
        N_("Firewall of {host}, {opening}"),
        N_("let in"),
        N_("Look at it with: firewall-cmd --list-all"),
    ),
    "firewalld_closed": _kind(
        _of_host("opening", opening=TEXT),
        hosts.firewalld_closed,
        N_("Firewall of {host}, {opening}"),
        N_("not let in"),
        N_("Look at it with: firewall-cmd --list-all"),
        denies=True,
    ),
    "service": _kind(
        _of_host("service", service=TEXT),
        hosts.service,
        N_("Service {service} on {host}"),
        N_("it runs, and starts with the host"),
        N_("Look at it with: systemctl status"),
    ),
    "listens": _kind(
        _of_host("port", port=_SOCKET, process=TEXT),
        hosts.listens,
        N_("Port {port} of {host}"),
        N_("somebody listens there"),
        N_("Look who listens with: ss -lntup"),
    ),
    "mount": _kind(
        _of_host("path", path=TEXT, source=TEXT),
        hosts.mount,
        N_("Mounted on {host} at {path}"),
        N_("the shared folder, now"),
        N_("Look at it with: findmnt"),
    ),
    "mount_kept": _kind(
        _of_host("path", path=TEXT, source=TEXT),
        hosts.mount_kept,
        N_("Mounted on {host} at {path} after a start"),
        N_("a line of /etc/fstab mounts it"),
        N_("Look at /etc/fstab, and try it with: mount -a"),
    ),
    "export": _kind(
        _of_host("path", path=TEXT, client=TEXT),
        hosts.export,
        N_("Export of {path} on {host}"),
        N_("exported to the hosts that need it"),
        N_("Look at what the server exports, and to whom: exports(5)"),
    ),
    "resolver": _kind(
        _of_host("server", server=TEXT),
        hosts.resolver,
        N_("DNS server that {host} asks"),
        N_("the server of the lab, first"),
        N_("Look at /etc/resolv.conf, and at what writes it."),
    ),
}
"""Every check of a host by the name that lab.yml uses."""
