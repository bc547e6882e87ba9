"""The nspawn provider with real hosts: they come up, reboot, and leave nothing, whatever is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab import state
from sharklab.errors import InputError, MachineryError
from sharklab.hosts import image, providers
from sharklab.hosts.providers import access, cgroups, claims, consoles, network
from sharklab.hosts.providers import nspawn as nspawn_hosts
from sharklab.hosts.providers.baking import on_image
from sharklab.hosts.providers.this_computer import CONTAINERS
from sharklab.lab.model import Plan
from sharklab.message import Message
from tests.support import escapes, leftovers, provider_seat
from tests.support.errors import error_of
from tests.support.waiting import wait_until

nspawn = providers.get("nspawn")
LIMIT = 60.0


@pytest.fixture(scope="module")
def layers() -> image.Layers:
    """Return the bare image, from the state folder of whoever runs the tests."""
    return provider_seat.bare()


@pytest.fixture
def seat_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layers: image.Layers) -> Iterator[Plan]:
    """Return the plan of a seat in a state folder of its own, and remove what a test leaves of it."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    own = provider_seat.plan("ada", 1)
    yield own
    nspawn.down(own.seat)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, layers: image.Layers) -> Iterator[Plan]:
    """Return the plan of a seat that is up, for tests that do not harm it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHARKLAB_STATE", str(tmp_path_factory.mktemp("running")))
        own = provider_seat.plan("grace", 2)
        nspawn.up(own, layers, silent)
        yield own
        nspawn.down(own.seat)


def silent(sentence: Message) -> None:
    """Take progress and say nothing."""


def ask(own: Plan, host: str, command: str) -> str:
    """Return what a command on the host prints; a failure is told with what it said."""
    words = ["ssh", "-F", str(own.seat.folder / "ssh" / "config"), host, command]
    done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def send(own: Plan, host: str, command: str) -> None:
    """Give the host a command that may end the connection."""
    words = ["ssh", "-F", str(own.seat.folder / "ssh" / "config"), host, command]
    subprocess.run(words, capture_output=True, timeout=LIMIT)


def left_of(own: Plan) -> list[str]:
    """Return what is left of a seat: processes, namespaces, groups, mounts, links and files."""
    key = own.seat.id
    found = [path.name for path in Path("/run/netns").glob(f"*{key}*")]
    found += [folder for folder, *_ in os.walk("/sys/fs/cgroup") if key in Path(folder).name]
    found += [str(path) for path in (own.seat.folder, claims.folder(key)) if path.exists()]
    found += [str(path) for path in state.root().glob(f".*{key}*")]
    links = subprocess.run(["ip", "-brief", "link"], capture_output=True, text=True, check=True).stdout
    found += [line for line in links.splitlines() if line.startswith(("mgmt", "lan", "p0n", "p1n"))]
    for folder in Path("/proc").glob("[0-9]*"):
        found += [text for text in _signs(folder) if key in text or str(own.seat.folder) in text]
    return found


def _signs(folder: Path) -> Iterator[str]:
    """Yield what tells which seat a process is of: its command line, and what it has mounted."""
    try:
        yield (folder / "cmdline").read_text(errors="replace")
        yield from (folder / "mountinfo").read_text().splitlines()
    except OSError:  # it ended meanwhile
        return


def test_get_of_an_unknown_provider() -> None:
    """A provider that does not exist is bad input; the hint lists those that do."""
    with pytest.raises(InputError) as caught:
        providers.get("vagrant")
    assert "the providers are: auto, cluster, existing, nspawn, qemu" == caught.value.hint


def test_up_gives_hosts_their_addresses(running: Plan) -> None:
    """Each host has the seat's addresses on an interface named by its network, and is itself."""
    for host in provider_seat.HOSTS:
        address = running.seat.address(host, "lan")
        shown = ask(running, host, "ip -brief address show lan; ip -brief link show lan; hostname")
        for expected in (address.ipv4, address.ipv6, address.mac, host):
            assert str(expected) in shown
        assert "running" == ask(running, host, "systemctl is-system-running")


def test_process_of_a_host_is_never_taken_for_nspawn(running: Plan) -> None:
    """Root of a host may give a program this name; then this machine would run files of the host as root."""
    quiet = "> /dev/null 2>&1 < /dev/null"
    start = f"cp /bin/sleep /tmp/systemd-nspawn; setsid --fork /tmp/systemd-nspawn 60 {quiet}"
    ask(running, "client", start)
    pids = cgroups.processes(network.namespace(running.seat.id, "client"))
    named = [pid for pid in pids if Path(f"/proc/{pid}/comm").read_text() == "systemd-nspawn\n"]
    assert (2, 1) == (len(named), len(list(filter(nspawn_hosts._is_nspawn, named))))


def test_up_joins_the_lab_network(running: Plan) -> None:
    """Hosts reach one another on the lab's network, over IPv4 and IPv6."""
    server = running.seat.address("server", "lan")
    for address in (server.ipv4.ip, server.ipv6.ip):
        assert "1 received" in ask(running, "client", f"ping -c 1 -W 5 {address}")


def test_up_isolates_management(running: Plan) -> None:
    """Hosts do not reach one another on the controller's way in."""
    server = network.management_address(running, running.lab.host("server")).ip
    assert "0 received" in ask(running, "client", f"ping -c 1 -W 1 {server} || true")


def test_root_of_a_host_stays_in_it(running: Plan, tmp_path: Path) -> None:
    """Every attempt of the list is refused; docs/providers.md shows the same list."""
    other = network.management_address(running, running.hosts[1]).ip
    run = f"python3 /root/escapes.pyz mgmt,lan {other} {running.seat.student}"
    words = ["ssh", "-F", str(running.seat.folder / "ssh" / "config"), "server"]
    words += [f"cat > /root/escapes.pyz && {run}"]
    done = subprocess.run(words, input=escapes.pack(tmp_path), capture_output=True, timeout=LIMIT)
    assert (0, b"") == (done.returncode, done.stderr)
    results = json.loads(done.stdout)
    assert list(escapes.ATTEMPTS) == list(results)
    assert {} == {name: sign for name, sign in results.items() if sign}


def test_up_shows_nothing_in_the_machines_own_network(running: Plan) -> None:
    """No interface of a lab is in the namespace that the machine itself uses."""
    links = subprocess.run(["ip", "-brief", "link"], capture_output=True, text=True, check=True).stdout
    assert [] == [line for line in links.splitlines() if line.split()[0].split("@")[0] in ("mgmt", "lan")]


def test_up_starts_only_what_hosts_need(running: Plan) -> None:
    """No unit that a package brought is on, and the root file system tells of no other seat."""
    enabled = ask(running, "server", "systemctl list-unit-files --state=enabled --no-legend --plain")
    services = {line.split()[0] for line in enabled.splitlines() if line.split()[0].endswith(".service")}
    own = {
        "NetworkManager.service",
        "NetworkManager-wait-online.service",
    }
    assert own | {"ssh.service"} == services
    identities = {ask(running, host, "cat /etc/machine-id") for host in provider_seat.HOSTS}
    assert 2 == len(identities)


def test_up_keeps_secrets_to_the_owner(running: Plan) -> None:
    """Keys are readable by their owner alone, on the controller and on hosts."""
    keys = [access.folder(running) / "id_ed25519", *access.folder(running).glob("host_*_ed25519")]
    assert [0o600] * 3 == [key.stat().st_mode & 0o777 for key in keys]
    assert "600\n600\n600" == ask(
        running,
        "server",
        "stat -c %a /etc/ssh/ssh_host_ed25519_key /etc/NetworkManager/system-connections/*",
    )


def test_up_again_keeps_what_runs(running: Plan, layers: image.Layers) -> None:
    """A second `up` neither restarts nor changes hosts that run."""
    before = ask(running, "server", "cat /proc/sys/kernel/random/boot_id; stat -c %Y /proc/1")
    nspawn.up(running, layers, silent)
    assert before == ask(running, "server", "cat /proc/sys/kernel/random/boot_id; stat -c %Y /proc/1")
    assert {"server": "running", "client": "running"} == nspawn.status(running.seat)


def test_up_after_a_reboot_from_inside(running: Plan, layers: image.Layers) -> None:
    """A host that reboots comes back with its files, and without what was only set up at run time."""
    ask(running, "client", "touch /root/kept; ip address add 192.0.2.1/24 dev lan")
    unit = network.namespace(running.seat.id, "client")
    before = set(cgroups.processes(unit))
    send(running, "client", "systemctl reboot")
    wait_until(lambda: len(before & set(cgroups.processes(unit))) <= 1, "the end of the old processes")
    nspawn.up(running, layers, silent)
    shown = ask(running, "client", "ls /root; ip -brief address show lan")
    assert ("kept" in shown, "192.0.2.1" in shown) == (True, False)
    assert "1 received" in ask(
        running, "client", f"ping -c1 -W5 {running.seat.address('server', 'lan').ipv4.ip}"
    )


def test_up_after_a_host_was_powered_off(running: Plan, layers: image.Layers) -> None:
    """A host that was powered off is stopped, and `up` starts it with the disk that it had."""
    ask(running, "client", "touch /root/before-poweroff")
    send(running, "client", "systemctl poweroff")
    wait_until(lambda: nspawn.status(running.seat)["client"] == "stopped", "client is stopped")
    nspawn.up(running, layers, silent)
    assert "before-poweroff" in ask(running, "client", "ls /root")


def test_reset_puts_a_host_back_into_the_state_that_was_kept(running: Plan, layers: image.Layers) -> None:
    """Whatever was done to it, more than once, and after a power cycle; other hosts are left alone."""
    mark = "cat /proc/sys/kernel/random/boot_id"
    tree = "find /etc /root /srv -xdev -printf '%p %y %m %U %G %T@ %l\\n' | sort | sha256sum"
    ask(
        running,
        "client",
        "ln /etc/hostname /etc/linked; rm /etc/motd; setfattr -n user.a -v b /etc/linked || :",
    )
    nspawn.keep(running)
    before, server = ask(running, "client", tree), ask(running, "server", mark)
    for vandalism in ("rm -rf /etc/ssh /etc/NetworkManager; touch /etc/vandal", "systemctl poweroff"):
        send(running, "client", vandalism)
        nspawn.reset(running, ["client"], layers, silent)
        assert before == ask(running, "client", tree)
    assert server == ask(running, "server", mark)


def test_reset_without_a_kept_state(seat_plan: Plan, layers: image.Layers) -> None:
    """A seat that began solved has nothing to put back: it stays as it is."""
    error = error_of(MachineryError, nspawn.reset, seat_plan, ["client"], layers, silent)
    assert ("the start state of host {host} was not kept", "client") == (
        error.message_id,
        error.values["host"],
    )


def test_stop_and_up_keep_disks(seat_plan: Plan, layers: image.Layers) -> None:
    """After a shutdown in good order all hosts are stopped, and come up again as they were."""
    nspawn.up(seat_plan, layers, silent)
    ask(seat_plan, "server", "echo here > /srv/file")
    nspawn.stop(seat_plan)
    assert {"server": "stopped", "client": "stopped"} == nspawn.status(seat_plan.seat)
    nspawn.up(seat_plan, layers, silent)
    assert "here" == ask(seat_plan, "server", "cat /srv/file")


def test_two_seats_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layers: image.Layers) -> None:
    """Two seats come up side by side, do not see each other, and removing one leaves the other."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    one, two = provider_seat.plan("one", 3), provider_seat.plan("two", 4)
    try:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda own: nspawn.up(own, layers, silent), (one, two)))
        other = two.seat.address("server", "lan").ipv4.ip
        assert "unreachable" in ask(one, "client", f"ping -c 1 -W 1 {other} 2>&1 || true")
        nspawn.down(one.seat)
        assert [] == left_of(one)
        assert "two" == ask(two, "server", "echo two")
    finally:
        nspawn.down(one.seat)
        nspawn.down(two.seat)
    assert [] == left_of(two)


def test_down_leaves_nothing(seat_plan: Plan, layers: image.Layers) -> None:
    """Nothing of a seat is left, not even of those who were looking at it; doing it again is fine."""
    nspawn.up(seat_plan, layers, silent)
    own = network.namespace(seat_plan.seat.id)
    watcher = subprocess.Popen(["ip", "netns", "exec", own, "sleep", "600"])
    config = str(seat_plan.seat.folder / "ssh" / "config")
    shell = subprocess.Popen(["ssh", "-o", "ControlPath=none", "-F", config, "server", "sleep 600"])
    nspawn.down(seat_plan.seat)
    assert (-signal.SIGKILL, True) == (watcher.wait(LIMIT), shell.wait(LIMIT) != 0)
    assert [] == left_of(seat_plan)
    nspawn.down(seat_plan.seat)
    assert {"server": "absent", "client": "absent"} == nspawn.status(seat_plan.seat)


def killed_while_up(own: Plan, layers: image.Layers, moment: Callable[[], object], what: str) -> None:
    """Start `up` in a process of its own and kill -9 it as soon as `moment` has come."""
    words, environment = provider_seat.script("plain", own.seat.student, 1, layers)
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, env=environment)
    try:
        wait_until(lambda: moment() or process.poll() is not None, what)
    finally:
        process.kill()
    assert -signal.SIGKILL == process.wait(), f"up ended before {what}"


MOMENTS: dict[str, Callable[[Plan], object]] = {
    "the mark is made": lambda own: claims.file(own.seat.id).exists(),
    "keys are made": lambda own: (own.seat.folder / "ssh" / "id_ed25519").exists(),
    "the namespace is made": lambda own: network.exists(network.namespace(own.seat.id)),
    "the first disk is made": lambda own: list(own.seat.folder.glob("hosts/*/upper")),
    "the first host starts": lambda own: cgroups.units(f"{network.namespace(own.seat.id)}-*"),
    "the last host runs": lambda own: cgroups.is_running(network.namespace(own.seat.id, "client")),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_down_after_a_kill(moment: str, seat_plan: Plan, layers: image.Layers) -> None:
    """Whenever `up` is killed, `down` leaves nothing."""
    killed_while_up(seat_plan, layers, lambda: MOMENTS[moment](seat_plan), moment)
    nspawn.down(seat_plan.seat)
    assert [] == left_of(seat_plan)


@pytest.mark.parametrize("moment", ["keys are made", "the namespace is made", "the first host starts"])
def test_up_after_a_kill(moment: str, seat_plan: Plan, layers: image.Layers) -> None:
    """Whenever `up` is killed, the next `up` brings every host up."""
    killed_while_up(seat_plan, layers, lambda: MOMENTS[moment](seat_plan), moment)
    nspawn.up(seat_plan, layers, silent)
    assert "1 received" in ask(seat_plan, "client", "ping -c 1 -W 5 10.250.1.10")


KILLED_RUN = """
import subprocess, sys, time
from pathlib import Path
from tests.support import leftovers
from tests.support.waiting import wait_until

with leftovers.ended(Path(sys.argv[1]), "killed"):
    apart = subprocess.Popen(["setsid", "--fork", "sleep", "600"], stdout=subprocess.DEVNULL)
    subprocess.run(sys.argv[2:], check=True, stdout=subprocess.DEVNULL)
    print("up", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_run_of_tests_leaves_nothing(
    seat_plan: Plan, layers: image.Layers, tmp_path: Path, sent: signal.Signals
) -> None:
    """Neither its seats nor processes that it started in sessions of their own."""
    words, environment = provider_seat.script("plain", seat_plan.seat.student, 1, layers)
    command = [sys.executable, "-c", KILLED_RUN, str(tmp_path), *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as tests:
        assert tests.stdout and b"up\n" == tests.stdout.readline()
        assert list(leftovers.processes("killed"))
        tests.send_signal(sent)
    wait_until(lambda: not left_of(seat_plan), "nothing is left")
    assert [] == list(leftovers.processes("killed"))


def test_up_after_hosts_were_killed(seat_plan: Plan, layers: image.Layers) -> None:
    """Hosts whose processes were all killed are started again with the disks that they had."""
    nspawn.up(seat_plan, layers, silent)
    ask(seat_plan, "server", "touch /root/kept")
    for unit in cgroups.units(f"{network.namespace(seat_plan.seat.id)}-*"):
        for pid in cgroups.processes(unit):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: set(nspawn.status(seat_plan.seat).values()) == {"stopped"}, "all hosts are stopped")
    nspawn.up(seat_plan, layers, silent)
    assert "kept" in ask(seat_plan, "server", "ls /root")


def test_down_of_a_damaged_seat(seat_plan: Plan, layers: image.Layers) -> None:
    """Only the seat's folder has to be right: the mark tells the rest."""
    nspawn.up(seat_plan, layers, silent)
    nspawn.down(replace(seat_plan.seat, id="00000000", addresses={}))
    assert [] == left_of(seat_plan)


def test_sweep_after_the_folder_is_gone(seat_plan: Plan, layers: image.Layers) -> None:
    """Hosts whose seat's folder was deleted by hand are removed; those of others are left alone."""
    nspawn.up(seat_plan, layers, silent)
    state.remove(seat_plan.seat.folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHARKLAB_STATE", "/nowhere")
        nspawn.sweep()
    assert claims.file(seat_plan.seat.id).exists()
    nspawn.sweep()
    assert [] == left_of(seat_plan)


def test_sweep_after_a_bake_was_killed(seat_plan: Plan, layers: image.Layers) -> None:
    """Hosts of a bake that nobody is at work on are removed with their folder; one at work is left alone."""
    building = state.images_folder() / "debian12-0" / "bare-0.building"
    golden = replace(seat_plan, seat=replace(seat_plan.seat, folder=building / "seat"))
    with state.lock(building / "lock", Message("image of lab bare")):
        nspawn.up(golden, layers, silent)
        nspawn.sweep()
        assert {"server": "running", "client": "running"} == nspawn.status(golden.seat)
    nspawn.sweep()
    assert ([], False) == (left_of(golden), building.exists())


def test_up_of_a_seat_of_another_state_folder(seat_plan: Plan, layers: image.Layers, tmp_path: Path) -> None:
    """An id that is in use by another state folder is told, and nothing of the other is touched."""
    other = tmp_path / "other"
    claims.claim(seat_plan.seat.id, other)
    try:
        with pytest.raises(MachineryError) as caught:
            nspawn.up(seat_plan, layers, silent)
        nspawn.down(seat_plan.seat)
        assert (str(other), other) == (caught.value.place, claims.owner(seat_plan.seat.id))
    finally:
        claims.release(seat_plan.seat.id)


def test_up_of_a_host_that_does_not_boot(seat_plan: Plan, tmp_path: Path) -> None:
    """An image that cannot boot is one message with the host, what its console said and a remedy."""
    (tmp_path / "broken" / "root").mkdir(parents=True)
    base = image.Image("debian12", "Debian", tmp_path / "broken")
    with pytest.raises(MachineryError) as caught:
        nspawn.up(seat_plan, image.Layers(base, base.folder), silent)
    assert caught.value.values["host"] in provider_seat.HOSTS  # all start at once
    assert "os-release" in caught.value.message
    assert "console.log" in str(caught.value.place)
    assert "sharklab down" in caught.value.hint


def test_up_of_a_host_that_never_answers(
    seat_plan: Plan, layers: image.Layers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that boots but does not answer is told after the time limit, and nothing waits on."""
    monkeypatch.setattr(consoles, "LIMIT", 1.0)
    monkeypatch.setattr(network, "_plug_port", lambda port, name: [])
    with pytest.raises(MachineryError, match="no answer within 1 s") as caught:
        nspawn.up(seat_plan, layers, silent)
    assert "console.log" in str(caught.value.place)


def test_up_without_root(seat_plan: Plan, layers: image.Layers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without root the message says which steps need it."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(MachineryError, match=r"starting hosts .* needs root"):
        nspawn.up(seat_plan, layers, silent)
    monkeypatch.undo()


def test_end_of_a_group_spares_others() -> None:
    """A host whose name starts like another's is not ended with it."""
    units = ("sl-7e57ffff-client", "sl-7e57ffff-client2")
    sleepers = {unit: subprocess.Popen([*cgroups.launcher(unit), "sleep", "600"]) for unit in units}
    wait_until(lambda: all(cgroups.is_running(unit) for unit in units), "both groups are populated")
    cgroups.end(units[0])
    assert ([units[1]], True) == (cgroups.units("sl-7e57ffff-*"), cgroups.is_running(units[1]))
    cgroups.end("sl-7e57ffff-*")
    assert [-signal.SIGKILL] * 2 == [sleeper.wait(LIMIT) for sleeper in sleepers.values()]
    assert [] == cgroups.units("sl-7e57ffff-*")


def test_end_of_a_group_waits_for_its_processes() -> None:
    """When a group has ended, the kernel lists none of its processes: neither a large one nor an orphan."""
    unit = "sl-7e57fffe-large"  # not of the class of the test above, which may run at the same time
    large = "import os; block = bytearray(os.urandom(1 << 20) * 400); os.fork() or os.setsid() or os.fork(); "
    parent = "import subprocess, sys; subprocess.Popen(sys.argv[1:], start_new_session=True)"
    command = [*cgroups.launcher(unit), sys.executable, "-c", f"{large}import time; time.sleep(600)"]
    subprocess.run([sys.executable, "-c", parent, *command], check=True)
    wait_until(lambda: len(cgroups.processes(unit)) >= 3, "the processes of the group run")
    pids = cgroups.processes(unit)
    cgroups.end(unit)
    assert [] == [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_layers_are_baked_once_and_shared(seat_plan: Plan, layers: image.Layers) -> None:
    """What is applied to the golden hosts is on every seat's; what tells of them is not."""
    golden = provider_seat.plan("golden", 9)
    golden = replace(golden, lab=replace(golden.lab, name=f"bare{os.getpid()}"))  # never baked before
    baked: list[str] = []

    def bake(own: Plan) -> None:
        baked.append(
            ask(own, "server", "touch /srv/baked; rm -r /usr/share/doc/openssl; cat /etc/machine-id")
        )

    made = on_image(layers.image, golden, bake, CONTAINERS, silent)
    try:
        assert made == on_image(layers.image, golden, bake, CONTAINERS, silent)
        assert 1 == len(baked)
        nspawn.up(seat_plan, made, silent)
        assert "/srv/baked" == ask(
            seat_plan, "server", "ls -d /srv/* /usr/share/doc/openssl 2>/dev/null || true"
        )
        assert "" == ask(seat_plan, "client", "ls /srv")
        assert baked[0] != ask(seat_plan, "server", "cat /etc/machine-id")
    finally:
        nspawn.down(seat_plan.seat)
        state.remove(made.folder)


def test_layers_of_a_bake_that_fails(seat_plan: Plan, layers: image.Layers) -> None:
    """A bake that fails leaves neither hosts nor a layer."""
    golden = provider_seat.plan("golden", 9)
    seats: list[Plan] = []

    def bake(own: Plan) -> None:
        seats.append(own)
        raise MachineryError("a task failed")

    before = sorted(layers.image.folder.iterdir())
    with pytest.raises(MachineryError, match="a task failed"):
        on_image(layers.image, golden, bake, CONTAINERS, silent)
    assert [] == left_of(seats[0])
    assert before == sorted(layers.image.folder.iterdir())


def test_adopt_takes_a_process_that_runs() -> None:
    """It is then a unit like one that was started as such: seen, ended, and nothing left."""
    with subprocess.Popen(["sleep", "600"]) as own:
        try:
            cgroups.adopt("sl-7e57ffff-adopted", own.pid)
            assert [own.pid] == cgroups.processes("sl-7e57ffff-adopted")
            assert cgroups.is_running("sl-7e57ffff-adopted")
            cgroups.end("sl-7e57ffff-*")
            assert -signal.SIGKILL == own.wait()
        finally:
            own.kill()
    assert [] == cgroups.units("sl-7e57ffff-*")
