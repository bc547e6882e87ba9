"""Measure the faults of the catalogue on a seat of `pannes` that is up, one after the other.

    python benchmarks/faults.py STUDENT [--lab LAB] [--traces | --reboot | --pairs [--minutes N]] [FAULT...]

Run it from the checkout with its packages: PYTHONPATH=src:. and the environment's python. The seat must be a
solved one. For each fault: the effects are there. It is injected twice, and the second time changes nothing.
The effects that it breaks are lost. A capture shows its packets. Nothing tells (`fault_traces.py`). The
controller gets in. Each repair brings the effects back. With --reboot, all of that is measured after a reboot
as well: the effects are lost before a repair, and back after it. A reboot heals a fault that lasts `now`.
Then the hosts get their files back. With --traces, only what tells of a fault is measured, on every host of
the seat. The faults in ROUTED need a seat of benchmarks/routed.

With --pairs, each two faults of one service that can meet on a host are injected and repaired, in either
order. The order changes nothing. The effects of both are lost, and both repairs together bring them back.
`fault_pairs.txt` keeps the pairs that are as listed. The next run leaves them out. No pair begins after the
N minutes.

The scripts are those of the role's tasks, filled in as Ansible does, and sent by the seat's own ssh.
"""

from __future__ import annotations

import argparse
import base64
import difflib
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import jinja2
import yaml

from benchmarks import fault_traces
from sharklab import paths, state
from sharklab.checks import KINDS
from sharklab.checks.context import Context
from sharklab.checks.outcome import Status
from sharklab.evidence.capture import RecordedCapture
from sharklab.evidence.run_folder import Evidence
from sharklab.hosts import faults, inventory
from sharklab.lab import fault_catalogue, plan_file
from sharklab.lab.fault_catalogue import HostFault
from sharklab.lab.model import Capture, Exercise, ExpectedConversation, Plan

ROLE = paths.ROLES / "faults"
PAIRS = Path(__file__).with_name("fault_pairs.txt")
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

TOGETHER: Mapping[str, tuple[str, str, str, int]] = {
    "net-no-way-back": ("archive", "server", "tcp", 443),
    "net-wrong-gateway": ("archive", "server", "tcp", 443),
}
"""The conversation of a fault in a pair whose other fault is about the server itself."""

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


def measure(measured: Measured, folder: Path, reboot: bool) -> Iterator[str]:
    """Yield everything in which a fault is not as the catalogue lists it."""
    fault, plan, host = measured.fault, measured.plan, measured.host
    if lacking := [name for name, good in tried(measured).items() if not good]:
        yield f"not there before: {lacking}"
    mark = marked(measured, [host])
    said = inject(measured)
    once = ssh(plan, host, STATE).stdout
    said += inject(measured)
    if said:
        yield f"inject says {said!r}"
    if ssh(plan, host, STATE).stdout != once:
        yield "injecting twice is not injecting once"
    settle(measured)
    yield from traces(measured, mark)
    if fault.lasts != "boot":
        yield from symptoms(measured, folder)
    if reboot or fault.lasts == "boot":
        yield from rebooted(measured, folder)
    yield from mended(measured, "repair", reboot)
    for name in faults.repairs(fault.id):
        if name != "repair":
            inject(measured)
            settle(measured)
            yield from mended(measured, name, reboot)
    if fault.level > 1 or fault.lasts == "now":  # the other repair leaves something
        ssh(plan, host, RESTORE)


def inject(measured: Measured) -> str:
    """Inject the fault, and return what went wrong."""
    done = ssh(measured.plan, measured.host, script(measured, "inject"))
    return (done.stdout + done.stderr).strip() or ("failed" if done.returncode else "")


def rebooted(measured: Measured, folder: Path) -> Iterator[str]:
    """Reboot the host with the fault, and yield what is wrong then. The fault is in afterwards."""
    restart(measured.plan, measured.host)
    if measured.fault.lasts != "now":
        yield from (f"after a reboot {wrong}" for wrong in symptoms(measured, folder))
        return
    if lacking := [effect for effect, good in tried(measured).items() if not good]:
        yield f"a reboot does not heal: {lacking}"
    inject(measured)
    settle(measured)


def symptoms(measured: Measured, folder: Path) -> Iterator[str]:
    """Yield what is wrong while the fault is in: effects that are there, packets that are not."""
    if there := [name for name, good in tried(measured).items() if good]:
        yield f"still there: {there}"
    if measured.fault.packets:
        found = KINDS["symptom"].function(knock(measured, folder), {})
        if found.status is not Status.PASSED:
            yield f"packets: {found.found.values['patterns']}"
    if ssh(measured.plan, measured.host, "true").returncode:
        yield "the controller does not get in"


def traces(measured: Measured, mark: Mapping[str, fault_traces.Mark]) -> Iterator[str]:
    """Yield what tells of the injection on the hosts with a mark."""
    fault, wanted = measured.fault, measured.wanted

    def ask(host: str, command: str) -> str:
        return ssh(measured.plan, host, command).stdout

    for host, own in mark.items():
        yield from fault_traces.find(ask, host, own, fault.id)
    if fault.lasts != "boot" and wanted["transport"] == "tcp" and "reaches" in fault.breaks:
        yield from fault_traces.open_connections(
            ask, wanted["client"], wanted["server_address"], wanted["port"]
        )


def marked(measured: Measured, hosts: Iterable[str]) -> dict[str, fault_traces.Mark]:
    """Return the marks of the hosts before an injection."""
    return {
        host: fault_traces.begin(lambda host, command: ssh(measured.plan, host, command).stdout, host)
        for host in hosts
    }


def swept(measured: Measured) -> Iterator[str]:
    """Inject a fault as the role does, yield what tells of it on any host, and put the files back."""
    plan = measured.plan
    settle(measured)
    mark = marked(measured, [host.name for host in plan.hosts])
    if said := inject(measured):
        yield f"inject says {said!r}"
    settle(measured)
    yield from traces(measured, mark)
    for host in plan.hosts:
        if ssh(plan, host.name, "true").returncode:
            yield f"the controller does not get into {host.name}"
    ssh(plan, measured.host, script(measured, "repair"))
    ssh(plan, measured.host, RESTORE)


def mended(measured: Measured, name: str, reboot: bool) -> Iterator[str]:
    """Repair the fault, and yield the effects that are not back."""
    done = ssh(measured.plan, measured.host, script(measured, name))
    if done.returncode or done.stderr:
        yield f"{name} says {done.stdout + done.stderr!r}"
    for when in ("", "after a reboot ") if reboot else ("",):
        if when:
            restart(measured.plan, measured.host)
        if lacking := [effect for effect, good in tried(measured).items() if not good]:
            yield f"{name}: {when}not back: {lacking}"


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


def pairs(plan: Plan, ids: Sequence[str]) -> list[tuple[Measured, Measured]]:
    """Return each two faults of one service that can meet on a host, and were not found as listed before."""
    before = PAIRS.read_text().splitlines()
    known = [
        *(prepare(plan, id) for id in ids),
        *(prepare(plan, id, TOGETHER) for id in ids if id in TOGETHER),
    ]
    known.sort(key=lambda each: each.fault.id)
    return [
        (one, other)
        for one, other in combinations(known, 2)
        if one.host == other.host
        and f"{one.fault.id} {other.fault.id}" not in before
        and one.fault.id.partition("-")[0] == other.fault.id.partition("-")[0]
        and not one.fault.touches & other.fault.touches
    ]


def meet(pair: tuple[Measured, Measured]) -> Iterator[str]:
    """Yield everything in which two faults are not independent of each other."""
    states = []
    for turn in (pair, pair[::-1]):
        order = " then ".join(each.fault.id for each in turn)
        if said := "".join(map(inject, turn)):
            yield f"{order}: inject says {said!r}"
        states.append(ssh(turn[0].plan, turn[0].host, STATE).stdout)
        settle(turn[0])
        for each in turn if all(each.fault.lasts != "boot" for each in turn) else ():
            if there := [name for name, good in tried(each).items() if good]:
                yield f"{order}: {each.fault.id} leaves {there}"
        for each in turn:
            done = ssh(each.plan, each.host, script(each, "repair"))
            if done.returncode or done.stderr:
                yield f"{order}: repair of {each.fault.id} says {done.stdout + done.stderr!r}"
        if lacking := [name for each in turn for name, good in tried(each).items() if not good]:
            yield f"{order}: not back: {lacking}"
            ssh(turn[0].plan, turn[0].host, RESTORE)
    if states[0] != states[1]:
        lines = difflib.ndiff(states[0].splitlines(), states[1].splitlines())
        yield f"the order changes the host: {[line for line in lines if line[0] in '+-']}"


def report(name: str, found: Iterator[str]) -> bool:
    """Print what was found about a fault or a pair, and return whether anything is wrong."""
    began, wrong = time.monotonic(), [*found]
    print(f"{name:<22} {'; '.join(wrong) or 'as listed'}  {time.monotonic() - began:.0f} s", flush=True)
    return bool(wrong)


def meet_all(plan: Plan, ids: Sequence[str], minutes: float) -> int:
    """Measure pairs until some minutes are over, keep those as listed, and return how many are not."""
    wrong, end = 0, time.monotonic() + 60 * minutes
    for one, other in pairs(plan, ids):
        if time.monotonic() > end:
            break
        name = f"{one.fault.id} {other.fault.id}"
        if report(name, meet((one, other))):
            wrong += 1
        else:
            with PAIRS.open("a") as file:
                file.write(f"{name}\n")
    return wrong


def main() -> int:
    """Measure each fault or each pair, print a line for each, and return how many are not as listed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("student")
    parser.add_argument("faults", nargs="*")
    parser.add_argument("--lab", default="pannes")
    parser.add_argument("--traces", action="store_true")
    parser.add_argument("--reboot", action="store_true")
    parser.add_argument("--pairs", action="store_true")
    parser.add_argument("--minutes", type=float, default=600)
    args = parser.parse_intermixed_args()
    plan = plan_file.read(state.seat_folder(args.lab, args.student) / "plan.json")
    ids = args.faults or [id for id in fault_catalogue.names() if (id in ROUTED) == (args.lab == "routed")]
    for host in plan.hosts:
        ssh(plan, host.name, KEEP)
    if args.pairs:
        return meet_all(plan, ids, args.minutes)
    folder = Path(tempfile.mkdtemp())
    if args.traces:
        return sum(report(id, swept(prepare(plan, id))) for id in ids)
    return sum(report(id, measure(prepare(plan, id), folder, args.reboot)) for id in ids)


if __name__ == "__main__":
    sys.exit(main())
