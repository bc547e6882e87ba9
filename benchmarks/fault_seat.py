"""A fault of the catalogue on a seat that is up: injected, tried, repaired, and the hosts put back.

The scripts are those of the role's tasks, filled in as Ansible does, and sent by the seat's own ssh.
"""

from __future__ import annotations

import argparse
import base64
import shlex
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jinja2
import yaml

from sharklab import paths, state
from sharklab.checks.context import Context
from sharklab.evidence.capture import RecordedCapture
from sharklab.evidence.run_folder import Evidence
from sharklab.hosts import faults, inventory
from sharklab.lab import fault_catalogue, plan_file
from sharklab.lab.fault_catalogue import HostFault
from sharklab.lab.model import Capture, Exercise, ExpectedConversation, Plan

ROLE = paths.ROLES / "faults"
TALKS: Mapping[str, tuple[str, str, str, int]] = {
    "fw": ("client", "server", "tcp", 993),
    "fw-forward-zones": ("client", "archive", "tcp", 80),
    "fw-nft-leftover": ("client", "server", "tcp", 22),
    "ssh": ("client", "server", "tcp", 22),
    "nfs": ("client", "server", "tcp", 2049),
    "dns": ("client", "server", "udp", 53),
    "dns-tcp-closed": ("client", "server", "tcp", 53),
    "svc": ("client", "server", "tcp", 443),
    "net": ("client", "archive", "tcp", 80),
    "net-not-at-boot": ("client", "server", "tcp", 443),
    "net-prefix-narrow": ("client", "server", "tcp", 443),
    "net-static-arp": ("client", "server", "tcp", 443),
}
"""The conversation about which a fault is measured, by its id or the beginning of it."""
TALKS_OF_ROUTED: Mapping[str, tuple[str, str, str, int]] = {
    "fw": ("client", "server", "tcp", 22),
    "net": ("client", "server", "tcp", 22),
    "net-rp-filter": ("client", "router", "tcp", 22),
}
"""The same on a seat of `routed`."""

ROUTED = frozenset({"fw-masquerade", "net-mtu-hole", "net-rp-filter"})
"""The faults that are measured on a seat of `routed`: its router has the settings that they take away."""

UNITS = {"nfs": "nfs-ganesha", "dns": "unbound"}

KEPT = (
    "/etc/firewalld /etc/ssh /etc/NetworkManager /etc/nginx /etc/ganesha /etc/unbound /etc/sysctl.d"
    " /etc/systemd/system /etc/fstab /etc/hosts /etc/nsswitch.conf /etc/resolv.conf /etc/shadow"
    " /home/student/.ssh"
)
KEEP = (
    "test -s /var/tmp/kept/all.tar || { mkdir -p /var/tmp/kept;"
    f" tar -C / -cf /var/tmp/kept/all.tar --ignore-failed-read {KEPT} 2>/dev/null; }}; true"
)
RESTORE = f"""
exec >/dev/null 2>&1
test -s /var/tmp/kept/all.tar || exit 1
rm -f /etc/nologin
for place in {KEPT}; do [ "$place" = /etc/resolv.conf ] || rm -rf "$place"; done
rm -f /etc/resolv.conf
tar -C / -xpf /var/tmp/kept/all.tar
chmod 0755 /home/student; for share in /srv/*; do chmod 1777 "$share"; done
ip neighbour flush nud permanent
systemctl daemon-reload
sysctl --quiet --write net.ipv4.ip_default_ttl=64 net.core.somaxconn=4096
test ! -e /etc/sysctl.d/50-routing.conf || sysctl --quiet --load=/etc/sysctl.d/50-routing.conf
for unit in status-page packet-filter ssh.socket; do systemctl disable --now $unit; done
nft delete table inet filter
nmcli connection reload
for card in lan dmz; do nmcli connection up $card; done
systemctl reload NetworkManager
firewall-cmd --complete-reload
systemctl restart ssh
for unit in nginx nfs-ganesha unbound; do
    systemctl is-enabled --quiet $unit && systemctl kill --signal=CONT $unit
    systemctl unmask $unit
    systemctl cat $unit || continue
    [ -d /etc/$unit ] || [ -d /etc/ganesha ] && systemctl enable $unit && systemctl restart $unit
done
true
"""
TRIES: Mapping[str, tuple[str, str]] = {
    "reaches": (
        "client",
        "if [ {transport} = udp ]; then timeout 4 dig +time=2 +tries=1 @{server} www.{domain} >/dev/null;"
        " else timeout 4 bash -c '</dev/tcp/{server}/{port}'; fi",
    ),
    "resolves": (
        "client",
        "[ \"$(timeout 4 getent ahostsv4 www.{domain} | head -1 | cut -d ' ' -f 1)\" = {names} ]"
        " && timeout 4 getent ahostsv4 www >/dev/null",
    ),
    "logs_in": (
        "client",
        "timeout 8 runuser -l student -c 'ssh -o BatchMode=yes -o ConnectTimeout=4 {server} true'",
    ),
    "writes": (
        "client",
        "{{ mountpoint -q {mount} || {mounting}; }} && timeout 5 runuser -u student --"
        " sh -c 'touch {mount}/tried && rm {mount}/tried'",
    ),
    "mount": ("client", "mountpoint -q {mount} || timeout 9 mount {mount}"),
    "mount_kept": ("client", "grep -q ' {mount} ' /etc/fstab && ! grep -q noauto /etc/fstab"),
    "service": ("server", "systemctl is-active --quiet {unit} && systemctl is-enabled --quiet {unit}"),
    "listens": ("server", "ss -lntH 'sport = :{port}' | grep -q '0.0.0.0:\\|\\*:'"),
    "resolver": ("client", "grep -m 1 nameserver /etc/resolv.conf | grep -q {names}"),
}
"""How each effect is tried: the side, and a command that succeeds where the effect is there."""


@dataclass(frozen=True)
class Measured:
    """A fault with the plan of a seat that has it alone, and the values of its conversation."""

    fault: HostFault
    plan: Plan
    host: str
    wanted: Mapping[str, Any]

    @property
    def exercise(self) -> Exercise:
        """The exercise that the fault is measured in."""
        return self.plan.lab.exercises[0]


def prepare(plan: Plan, id: str, talks: Mapping[str, tuple[str, str, str, int]] | None = None) -> Measured:
    """Return the fault in a plan whose only exercise has it."""
    talks = talks or (TALKS_OF_ROUTED if plan.lab.name == "routed" else TALKS)
    client, server, transport, port = talks.get(id) or talks[id.partition("-")[0]]
    talk = ExpectedConversation(client, server, transport, port)
    network = plan.lab.host(client).networks[0]
    exercise = Exercise(
        "measured", "", {}, {}, talk, (Capture("tried", client, network, ""),), (), (), (), faults=((id,),)
    )
    alone = replace(
        plan,
        lab=replace(plan.lab, exercises=(exercise,)),
        seat=replace(plan.seat, faults={"measured": (id,)}),
    )
    [(host, [wanted])] = faults.injections(alone, ["measured"]).items()
    return Measured(fault_catalogue.find(id), alone, host, wanted)


def script(measured: Measured, name: str) -> str:
    """Return the script of a fault's task, filled in."""
    [task] = yaml.safe_load((fault_catalogue.FOLDER / measured.fault.id / f"{name}.yml").read_text())
    own = inventory.hostvars(measured.plan)
    names = {**own[measured.host], "hostvars": own, "faults_fault": measured.wanted}
    engine = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)  # noqa: S701 (shell)
    engine.filters["quote"] = lambda value: shlex.quote(str(value))
    for key, text in yaml.safe_load((ROLE / "vars" / "main.yml").read_text()).items():
        if key != "__faults_begin":
            names[key] = _evaluate(engine, text, names)
    names["__faults_begin"] = engine.from_string((ROLE / "templates" / "begin.sh.j2").read_text()).render(
        names
    )
    return engine.from_string(task["ansible.builtin.raw"]).render(names)


def _evaluate(engine: jinja2.Environment, text: str, names: Mapping[str, Any]) -> Any:
    """Return the value of a variable, as Ansible's native templates give it."""
    inner = text.strip().removeprefix("{{").removesuffix("}}")
    found: Any = engine.compile_expression(inner, undefined_to_none=False)(**names)
    return found if isinstance(found, str | Mapping) else list(found or ())


def ssh(plan: Plan, host: str, command: str, limit: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a command on a host as the controller does."""
    config = plan.seat.folder / "ssh" / "config"
    argv = ["ssh", "-F", str(config), "-o", "ControlPath=none", f"root@{host}", command]
    try:
        return subprocess.run(argv, capture_output=True, text=True, timeout=limit, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(argv, 124, "", "no end")


def settle(measured: Measured) -> None:
    """End connections and empty the journals, as the role does."""
    plan = measured.plan
    [task] = yaml.safe_load((ROLE / "tasks" / "settle.yml").read_text())
    for host in [each.name for each in plan.hosts]:
        own = inventory.hostvars(plan)[host]
        engine = jinja2.Environment()  # noqa: S701 (shell)
        engine.filters["quote"] = lambda value: shlex.quote(str(value))
        ssh(plan, host, engine.from_string(task["ansible.builtin.raw"]).render(own))


def attempt(measured: Measured, effect: str) -> tuple[str, str]:
    """Return the host and the command that tries an effect."""
    wanted, plan = measured.wanted, measured.plan
    side, command = TRIES[effect]
    mount = f"/mnt/{plan.seat.share}"
    values = {
        "server": wanted["server_address"],
        "port": wanted["port"],
        "transport": wanted["transport"],
        "domain": plan.seat.domain,
        "names": plan.seat.address("server", plan.lab.host("server").networks[0]).ipv4.ip,
        "mount": mount,
        "mounting": "false" if "fstab" in measured.fault.touches else f"timeout 9 mount {mount}",
        "unit": UNITS.get(measured.fault.id.partition("-")[0], "nginx"),
    }
    return wanted[side], command.format(**values)


def tried(measured: Measured) -> dict[str, bool]:
    """Try every effect that the fault breaks, and say which are there."""
    return {
        effect: ssh(measured.plan, *attempt(measured, effect), 20).returncode == 0
        for effect in sorted(measured.fault.breaks)
    }


def knock(measured: Measured, folder: Path) -> Context:
    """Record on the client while it tries the service, and return the capture as a check sees it."""
    area = measured.fault.id.partition("-")[0]
    effect = {"ssh": "logs_in", "nfs": "writes", "dns": "resolves"}.get(area, "reaches")
    if effect not in measured.fault.breaks:
        effect = min(measured.fault.breaks & {"logs_in", "reaches"}, default=effect)
    client, command = attempt(measured, effect)
    network, server = measured.exercise.captures[0].network, measured.wanted["server_address"]
    done = ssh(
        measured.plan,
        client,
        f"umount -l /mnt/{measured.plan.seat.share} 2>/dev/null; rm -f /run/tried.*\n"
        f"tcpdump -Z root --immediate-mode -i {network} -U -w /run/tried.pcap 'host {server} or icmp'"
        " 2>/run/tried.log &\n"
        "until grep -q listening /run/tried.log 2>/dev/null; do sleep .1; done\n"
        f"{{ {command}; }} >/dev/null 2>&1\nsleep .3; kill $!; wait\n"
        "base64 /run/tried.pcap; rm -f /run/tried.*",
    )
    file = folder / f"{measured.fault.id}.pcap"
    file.write_bytes(base64.b64decode(done.stdout))
    capture = RecordedCapture("tried", client, file)
    return Context(measured.plan, measured.exercise, Evidence(folder, {}, {}, (), {"tried": capture}))


STATE = (
    "cd / && find etc home root/.ssh srv usr/local -xdev -type f ! -name timestamps ! -name shadow-"
    " ! -path '*/system-connections/*' -exec sha256sum {} + | sort -k 2;"
    " grep -r -v '^timestamp=' etc/NetworkManager/system-connections;"
    " find etc home srv -xdev -printf '%m %u %g %p\\n' | sort; ip -4 address | grep inet;"
    " ip route | sed 's/ metric [0-9]*//'; cat /etc/resolv.conf; firewall-cmd --list-all"
)
"""The state of a host, without the parts that tell how often something changed: times, copies, metrics."""


def inject(measured: Measured) -> str:
    """Inject the fault, and return what went wrong."""
    done = ssh(measured.plan, measured.host, script(measured, "inject"))
    return (done.stdout + done.stderr).strip() or ("failed" if done.returncode else "")


def restart(plan: Plan, host: str) -> None:
    """Reboot a host, and wait until its units are settled."""
    before = ssh(plan, host, "cat /proc/sys/kernel/random/boot_id; stat -c %Y /proc/1").stdout
    ssh(plan, host, "systemctl reboot", 10)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        time.sleep(1)
        now = ssh(plan, host, "cat /proc/sys/kernel/random/boot_id; stat -c %Y /proc/1", 5)
        if now.returncode == 0 and now.stdout != before:
            break
    ssh(plan, host, "systemctl is-system-running --wait", 40)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of a program that measures faults on a seat."""
    parser = argparse.ArgumentParser()
    parser.add_argument("student")
    parser.add_argument("faults", nargs="*")
    parser.add_argument("--lab", default="pannes")
    return parser


def begin(args: argparse.Namespace) -> tuple[Plan, list[str]]:
    """Keep the files of the hosts, and return the plan of the seat with the faults to measure."""
    plan = plan_file.read(state.seat_folder(args.lab, args.student) / "plan.json")
    for host in plan.hosts:
        ssh(plan, host.name, KEEP)
    return plan, args.faults or [
        id for id in fault_catalogue.names() if (id in ROUTED) == (args.lab == "routed")
    ]


def report(name: str, found: Iterator[str]) -> bool:
    """Print what was found about a fault or a pair, and return whether anything is wrong."""
    began, wrong = time.monotonic(), [*found]
    print(f"{name:<22} {'; '.join(wrong) or 'as listed'}  {time.monotonic() - began:.0f} s", flush=True)
    return bool(wrong)
