"""Look at the hosts of a seat as they are now, over the seat's own ssh config.

The state is plain data, one mapping per host, so that it can be handed in, sealed with a run, and checked
long afterwards: a check never goes to a host. The administrator of a host can fake it.
"""

from __future__ import annotations

import json
import re
import secrets
import shlex
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NotRequired, TypedDict

from msgspec import Meta

from sharklab import process, state, untrusted
from sharklab.errors import MachineryError
from sharklab.evidence import effects
from sharklab.evidence.effects import Attempt, Effects
from sharklab.lab.model import Plan

LIMIT = 60
"""Seconds that one command may take on a host."""
LOOK_LIMIT = 600.0
"""Seconds that all of them may take: the programs of a host may never end, whatever they were asked for."""
MOST = 16 << 20
"""Bytes that all of them may print."""
ATTEMPTS = 3
LATE = (124, 254)
"""Exit codes of timeout(1), and of firewall-cmd when firewalld answers later than D-Bus waits (25 s)."""
FOLDER = "state"
"""The folder of a run that holds what was observed, a file for each host."""

EXPORTS = r"""exportfs -s 2>/dev/null
cd /etc/ganesha 2>/dev/null && {
    cat ganesha.conf
    sed -n 's/^[[:space:]]*%include[[:space:]]*"\{0,1\}\([^"]*\)"\{0,1\}.*/\1/p' ganesha.conf | xargs -r cat
} 2>/dev/null
:"""
"""The exports of an NFS server: the kernel's own list, and the configuration of nfs-ganesha."""

TABLES = """command -v nft >/dev/null || nft() { python3 -I -c '
import sys, nftables
library = nftables.Nftables()
library.set_stateless_output(True)
code, said, _ = library.cmd(" ".join(sys.argv[2:]))
print(said, end="")
sys.exit(code != 0)' "$@"; }
tables=$(nft --stateless list tables) || exit 1
echo "# nftables"
echo "$tables" | while read -r table family name; do
    case "$family $name" in
        "inet firewalld") echo "$table $family $name {"; echo "}";;
        ?*" "?*) nft --stateless list table "$family" "$name";;
    esac
done
:"""
"""The tables of nftables; that of firewalld is empty here, because its zones say the same.

The first line is a comment: without a table of firewalld below it, firewalld filters nothing. A host with
firewalld has the library of nftables, but not always nft(8)."""

CARDS = """connections=$(nmcli -g UUID connection show --active) && [ -n "$connections" ] &&
    nmcli -t -f connection.zone,GENERAL.DEVICES connection show $connections"""
"""The cards that NetworkManager sets up, each with its zone of firewalld, which may be empty."""

OPENINGS = """cd /usr/lib/firewalld/services && grep -Ho '<port [^>]*>' *.xml
cd /etc/firewalld/services && grep -Ho '<port [^>]*>' *.xml
:"""
"""The ports of each service that firewalld knows; a service in /etc replaces that of its name."""

UNITS = """cd /etc/systemd/system && units=$(
    for unit in *.wants/*mount *.requires/*mount; do
        case "$unit" in *.mount | *.automount) unit=${unit##*/}; echo "$unit" "${unit%.*}.mount";; esac
    done)
case "$units" in "" | *"*"*) ;; *) systemctl show --property=Id,Where,What,UnitFileState $units;; esac"""
"""The units of systemd that mount a file system at the start of the host: a block of properties for each."""

RESOLVER = """grep -q '^nameserver 127[.]0[.]0[.]5[34]' /etc/resolv.conf &&
    cat /run/systemd/resolve/resolv.conf ||
    cat /etc/resolv.conf"""
"""The DNS servers that a host asks: systemd-resolved(8) stands between, and names those that it asks."""

AUTOMOUNTS = """systemctl is-enabled --quiet autofs && automount --dumpmaps
:"""
"""The maps of autofs(5), where it starts with the host, as automount(8) has read them."""

_ASK = "busctl call org.fedoraproject.FirewallD1 /org/fedoraproject/FirewallD1 org.fedoraproject.FirewallD1"
"""A call of firewalld by busctl(1), which costs a twentieth of firewall-cmd(1)."""

DEFAULT = f"{_ASK} getDefaultZone || firewall-cmd --get-default-zone"
DIRECT = f'[ "$({_ASK}.direct getAllRules)" = "a(sssias) 0" ] || firewall-cmd --direct --get-all-rules'
POLICIES = f"""[ "$({_ASK}.policy getPolicies)" = 'as 1 "allow-host-ipv6"' ] &&
    ! ls /etc/firewalld/policies/*.xml >/dev/null ||
    firewall-cmd --list-all-policies"""
"""The policies in force, where there are others than the one that every host has, or permanent ones.

`firewall-cmd --runtime-to-permanent` writes a file for the one that every host has.
"""

PERMANENT_POLICIES = """ls /etc/firewalld/policies/*.xml >/dev/null &&
    firewall-cmd --permanent --list-all-policies"""
"""The permanent policies, where a host has some of its own."""

FIREWALL = {
    "default": DEFAULT,
    "permanent_default": "sed -n 's/^DefaultZone=//p' /etc/firewalld/firewalld.conf",
    "zones": "firewall-cmd --list-all-zones",
    "permanent_zones": "firewall-cmd --permanent --list-all-zones",
    "policies": POLICIES,
    "permanent_policies": PERMANENT_POLICIES,
    "direct": DIRECT,
    "permanent_direct": "cat /etc/firewalld/direct.xml",
    "tables": TABLES,
    "cards": CARDS,
}
"""The commands that show the rules of a host, by their keys in `Firewall`."""

SSHD = """mkdir -p /run/sshd
for own in $(hostname -I); do
    sshd -T -C "user=student,host=lab,addr=192.0.2.1,laddr=$own,lport=22"
done | sort -u"""
"""The settings of sshd(8) for logins to each address of the host: a block Match may change them for one.

sshd wants its folder, which Debian's unit removes while a socket unit listens in its place.
"""

LOOKS = {
    "sockets": "ss -Hlntup",
    "mounts": "cat /proc/mounts",
    "fstab": "cat /etc/fstab",
    "exports": EXPORTS,
    "resolver": RESOLVER,
    "units": UNITS,
    "automounts": AUTOMOUNTS,
    "boot_id": "cat /proc/sys/kernel/random/boot_id",
    "openings": OPENINGS,
}
"""The other commands that show what a host is like."""

ShortText = Annotated[str, Meta(max_length=4096)]
LongText = Annotated[str, Meta(max_length=262_144)]
ShortTexts = Annotated[list[ShortText], Meta(max_length=4096)]


@dataclass(frozen=True)
class Demands:
    """The demands of a lab on a host: its services, services of firewalld, and the effects to try from it.

    `sshd` tells whether the settings of its SSH server count.
    """

    services: tuple[str, ...] = ()
    openings: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    sshd: bool = False


class ServiceState(TypedDict):
    """Whether a service runs, and whether it starts with the host."""

    running: bool
    enabled: bool


class Firewall(TypedDict):
    """The rules of a host: the default zone in force and permanently, then all that decides about packets.

    `zones`, `policies` and `direct` are printed by firewall-cmd, `permanent_direct` is its file. `tables` are
    those of nftables, that of firewalld without its rules. `services` has the ports of services of firewalld.
    Only `runtime` and `permanent` are in observations of every version.
    """

    runtime: LongText
    permanent: LongText
    default: NotRequired[ShortText]
    permanent_default: NotRequired[ShortText]
    zones: NotRequired[LongText]
    permanent_zones: NotRequired[LongText]
    policies: NotRequired[LongText]
    permanent_policies: NotRequired[LongText]
    direct: NotRequired[LongText]
    permanent_direct: NotRequired[LongText]
    tables: NotRequired[LongText]
    cards: NotRequired[LongText]
    services: NotRequired[Annotated[dict[ShortText, ShortTexts], Meta(max_length=1024)]]


class Mount(TypedDict):
    """A mounted file system."""

    path: ShortText
    device: ShortText
    type: ShortText


class HostState(TypedDict):
    """One host's observation: see `Observer.everything`. `observed` is epoch seconds.

    The last five are missing in observations of older versions, `effects` where nothing could be tried, and
    `sshd` where no check asks for it.
    """

    observed: Annotated[float, Meta(ge=0, le=1e11)]
    services: dict[str, ServiceState]
    firewall: Firewall
    sockets: ShortTexts
    mounts: Annotated[list[Mount], Meta(max_length=4096)]
    fstab: ShortTexts
    exports: LongText
    resolver: ShortTexts
    units: NotRequired[LongText]
    automounts: NotRequired[LongText]
    boot_id: NotRequired[ShortText]
    sshd: NotRequired[ShortTexts]
    effects: NotRequired[Effects]


def observe(
    plan: Plan, demands: Mapping[str, Demands], hosts: Collection[str] | None = None
) -> Mapping[str, HostState]:
    """Return the state of each of the `hosts` of the seat; one that does not answer is left out.

    None stands for all. The effects that `demands` names are tried last, from all of them at once.
    """
    names = [host.name for host in plan.hosts if hosts is None or host.name in hosts]
    with ThreadPoolExecutor(max_workers=4) as pool:
        states = pool.map(lambda name: _observe(plan, name, demands[name]), names)
        seen = {name: each for name, each in zip(names, states, strict=True) if each}
    tried = effects.try_all(plan, {host: demands[host].attempts for host in seen})
    for host, found in tried.items():
        seen[host]["effects"] = found
    return seen


def _observe(plan: Plan, name: str, demands: Demands) -> HostState | None:
    config, patience = plan.seat.folder / "ssh" / "config", f"ConnectTimeout={process.LOGIN_SECONDS}"
    deadline = time.monotonic() + LOOK_LIMIT

    def run(command: str) -> str:
        left = max(1.0, deadline - time.monotonic())
        words: list[str | Path] = ["ssh", "-F", config, "-o", patience, name, effects.AS_ROOT + command]
        return process.run(words, timeout=left, most=MOST)

    try:
        return Observer(run).look_at_all(demands)
    except MachineryError:  # it does not answer
        return None


@dataclass(frozen=True)
class Observer:
    """Looks at one host; `shell` runs a command line there as root, and returns its output."""

    shell: Callable[[str], str]

    def look_at_all(self, demands: Demands) -> HostState:
        """Return all that checks look at, by noun."""
        services = {f"service {name}": _service(name) for name in demands.services}
        sshd = {"sshd": SSHD} if demands.sshd else {}
        seen = self.run_commands({**FIREWALL, **LOOKS, **services, **sshd})
        state_now: HostState = {
            "observed": time.time(),
            "services": {
                name: {"running": "running" in words, "enabled": "enabled" in words}
                for name in demands.services
                for words in [seen[f"service {name}"].split()]
            },
            "firewall": _firewall(seen, demands.openings),
            "sockets": seen["sockets"].splitlines(),
            "mounts": _mounts(seen["mounts"]),
            "fstab": seen["fstab"].splitlines(),
            "exports": seen["exports"],
            "resolver": seen["resolver"].splitlines(),
            "units": seen["units"],
            "automounts": seen["automounts"],
            "boot_id": seen["boot_id"].strip(),
        }
        if demands.sshd:
            state_now["sshd"] = seen["sshd"].splitlines()
        return state_now

    def run_commands(self, commands: Mapping[str, str]) -> Mapping[str, str]:
        """Return the output of each command, or "" if it fails, or is late `ATTEMPTS` times.

        All of them are one round trip to the host.
        """
        outputs = dict.fromkeys(commands, "")
        left = dict(commands)
        for _attempt in range(ATTEMPTS):
            done = dict(zip(left, self._run(list(left.values())), strict=False))
            outputs |= {name: output for name, (code, output) in done.items() if code == 0}
            left = {name: left[name] for name, (code, _) in done.items() if code in LATE}
            if not left:
                break
        return outputs

    def _run(self, commands: Sequence[str]) -> list[tuple[int, str]]:
        """Return the exit code and the output of each command, in one connection."""
        mark = secrets.token_hex(8)
        lines = (
            f"timeout {LIMIT} sh -c {shlex.quote(each)} 2>/dev/null; printf '\\n{mark} %d\\n' $?"
            for each in commands
        )
        script = shlex.quote("\n".join(lines))
        said = self.shell(f"{effects.PLAIN} sh -c {script}")
        parts = re.split(rf"\n{mark} (\d+)\n", said)
        return [(int(code), output) for output, code in zip(parts[::2], parts[1::2], strict=False)]


def _service(name: str) -> str:
    word = shlex.quote(name)
    return f"systemctl is-active -q {word} && echo running; systemctl is-enabled -q {word} && echo enabled; :"


def _firewall(seen: Mapping[str, str], openings: Sequence[str]) -> Firewall:
    default = seen["default"].strip().removeprefix("s ").strip('"')
    named = {*openings, *seen["zones"].split(), *seen["permanent_zones"].split(), *seen["policies"].split()}
    ports = _ports(seen["openings"])
    return {
        "runtime": _block(seen["zones"], default),
        "permanent": _block(seen["permanent_zones"], default),
        "default": default,
        "permanent_default": seen["permanent_default"].strip(),
        "zones": seen["zones"],
        "permanent_zones": seen["permanent_zones"],
        "policies": seen["policies"],
        "permanent_policies": seen["permanent_policies"],
        "direct": seen["direct"],
        "permanent_direct": seen["permanent_direct"],
        "tables": seen["tables"],
        "cards": seen["cards"],
        "services": {name: ports[name] for name in sorted(named & ports.keys())},
    }


def _block(listed: str, zone: str) -> str:
    """Return the lines of one zone from the output of `firewall-cmd --list-all-zones`."""
    blocks = re.split(r"\n(?=\S)", listed)
    return next((f"{each.rstrip()}\n" for each in blocks if each.split(None, 1)[:1] == [zone]), "")


def _ports(printed: str) -> dict[str, list[str]]:
    """Return the ports of each service, from lines such as `ssh.xml:<port protocol="tcp" port="22"/>`."""
    ports: dict[str, list[str]] = {}
    for line in printed.splitlines():
        name, _, element = line.partition(".xml:")
        values = dict(re.findall(r'(\w+)="([^"]*)"', element))
        if {"port", "protocol"} <= values.keys():
            ports.setdefault(name, []).append(f"{values['port']}/{values['protocol']}")
    return ports


def _mounts(printed: str) -> list[Mount]:
    """Return the mounts from the text of /proc/mounts: path, device and type of file system (fstab(5))."""
    lines = (line.split() for line in printed.splitlines())
    fields = ([_OCTAL.sub(lambda code: chr(int(code[1], 8)), word) for word in words[:3]] for words in lines)
    whole = (each for each in fields if len(each) == 3)
    return [{"path": path, "device": device, "type": type} for device, path, type in whole]


_OCTAL = re.compile(r"\\([0-7]{3})")


def save(states: Mapping[str, HostState], folder: Path) -> None:
    """Write the states of hosts to the folder of a run."""
    for host, seen in states.items():
        target = state.folder(folder / FOLDER) / f"{host}.json"
        state.write(target, json.dumps(seen, indent=1, ensure_ascii=False) + "\n")


def fault(seen: Any) -> str:
    """Return the fault of an observation, or "" if it has the right shape."""
    try:
        untrusted.shape_content(seen, HostState)
    except ValueError as error:
        return str(error)
    return ""
