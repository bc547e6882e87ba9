"""The catalogue of faults: each fault is whole, and finds its host in a lab."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from itertools import combinations

import pytest
import yaml

from sharklab import paths
from sharklab.evidence.packets import knocks
from sharklab.hosts.image.systems import COMMON_MASKS
from sharklab.lab import fault_catalogue, roles
from sharklab.lab.model import Exercise, ExpectedConversation
from tests.support import faults_sample as sample

READERS = {
    "/etc/NetworkManager/dispatcher.d": "NetworkManager-dispatcher.service",
    "/etc/binfmt.d": "systemd-binfmt.service",
    "/etc/modules-load.d": "systemd-modules-load.service",
    "/etc/sysusers.d": "systemd-sysusers.service",
    "/etc/udev": "systemd-udevd.service",
}
"""The only unit that reads a folder."""

EARLY = {
    r"systemctl restart \"?(unbound|\$nfs)": "restart",
    r"systemctl reload \"?\$sshd": "reload_sshd",
    r"systemctl (--quiet )?enable --now \"?(unbound|\$nfs)": "switch_on",
    r"systemctl reload NetworkManager(?!\n +await)": "await",
    r"nmcli .*device reapply": "reapply",
    r"nmcli .*connection\.zone": "put_into_zone",
    r"sleep \d(?!.*; done)": "await",
}
"""Commands that come back before their work is done, and the helper that waits for a condition."""

HELPERS = (fault_catalogue.FOLDER.parent / "templates" / "begin.sh.j2").read_text()
HELPERS = HELPERS[HELPERS.index("# Wait until a command succeeds") : HELPERS.index("# Files keep the times")]

PATTERNS = {getattr(knocks, name) for name in dir(knocks) if name.isupper() and not name.startswith("_")}


def exercise(id: str) -> Exercise:
    """Return an exercise of the sample lab."""
    [found] = [each for each in sample.lab().exercises if each.id == id]
    return found


@pytest.mark.parametrize("id", fault_catalogue.names())
def test_find_gives_a_whole_fault(id: str) -> None:
    """A fault has a cause in both languages, known roles and packets, and the repairs of its level."""
    fault = fault_catalogue.find(id)
    assert {"fr", "en"} == {language for language, text in fault.title.items() if text}
    assert fault.side in ("client", "server", "router")
    assert {role for wanted in fault.needs.values() for role in wanted} <= {*roles.names(paths.ROOT)}
    assert {pattern.partition(" ")[0] for pattern in fault.packets} <= PATTERNS
    assert (fault.level in (1, 2, 3), fault.lasts in ("both", "now", "boot")) == (True, True)
    assert fault.touches
    assert fault.breaks
    folder = fault_catalogue.FOLDER / id
    files = {"meta.yml", "inject.yml", "repair.yml"} | ({"repair_another.yml"} if fault.level > 1 else set())
    assert files == {file.name for file in folder.iterdir()}


@pytest.mark.parametrize("id", fault_catalogue.names())
def test_tasks_are_one_script_each(id: str) -> None:
    """Each task costs time on every seat: one script injects or repairs, with the common beginning."""
    for file in sorted((fault_catalogue.FOLDER / id).glob("[ir]*.yml")):
        [task] = yaml.safe_load(file.read_text())
        assert task["ansible.builtin.raw"].startswith("{{ __faults_begin }}\n")
        assert task["name"].startswith(f"{id} | {file.stem} | ")


def test_no_script_tells_of_the_catalogue() -> None:
    """No id stands in a script: a student who searches the hosts for it finds nothing."""
    for id in fault_catalogue.names():
        for file in (fault_catalogue.FOLDER / id).glob("[ir]*.yml"):
            [task] = yaml.safe_load(file.read_text())
            assert not re.search(
                rf"(?<![.\w]){id}\b", task["ansible.builtin.raw"]
            )  # ipv4.dns-search is a setting


@pytest.mark.parametrize("id", fault_catalogue.names())
def test_no_script_writes_where_only_a_masked_unit_reads(id: str) -> None:
    """A container never starts a masked unit: a fault in its folder would be gone after a reboot."""
    unread = [folder for folder, unit in READERS.items() if unit in COMMON_MASKS]
    text = "".join(file.read_text() for file in (fault_catalogue.FOLDER / id).iterdir())
    assert [] == [folder for folder in unread if folder in text]


@pytest.mark.parametrize("id", fault_catalogue.names())
def test_scripts_wait_for_the_work_that_they_start(id: str) -> None:
    """A check may look at once, so a script uses the helper that waits."""
    for file in sorted((fault_catalogue.FOLDER / id).glob("[ir]*.yml")):
        found = [helper for command, helper in EARLY.items() if re.search(command, file.read_text())]
        assert [] == found, file.name


def run_helpers(script: str) -> list[str]:
    """Run the helpers and a script in the strictest shell, without pauses, and return what it says."""
    pauses = 'sleep() { pauses="$pauses."; }; pauses=""\n'
    done = subprocess.run(
        ["sh", "-eu"], input=HELPERS + pauses + script, capture_output=True, text=True, timeout=60
    )
    return [*done.stdout.split(), *done.stderr.splitlines()[-1:]]


def test_await_waits_for_a_condition() -> None:
    """It tries again, and names what does not come true at the end of its limit."""
    assert ["..."] == run_helpers('late() { [ "$pauses" = ... ]; }; await late; echo "$pauses"')
    said = "This did not come true within 60 s: test -e nothing"
    assert [said] == run_helpers("await test -e nothing; echo reached")


SSHD = """
sshd=ssh
systemctl() { asked="$pauses"; }
ss() {
    case "${asked-none}$pauses" in
        none | "") echo "*:22 ino:1 [::]:22 ino:2" ;;
        .) ;;
        ..) echo "[::]:22 ino:4" ;;
        *) echo "*:22 ino:3 [::]:22 ino:4" ;;
    esac | tr " " "\\n"
}
reload_sshd
echo "$pauses"
"""


def test_reload_of_sshd_ends_with_all_new_sockets() -> None:
    """sshd first has its old ones, then none, then one, then both."""
    assert ["..."] == run_helpers(SSHD)


def test_restart_leaves_a_unit_alone_that_another_fault_has_stopped() -> None:
    """Two faults may be about one service: its start would repair the other one."""
    assert ["--quiet"] == run_helpers(
        'systemctl() { echo "$1"; [ "$2" = nothing ]; }\nrestart unbound 53; echo "$pauses"'
    )
    assert ["--quiet", "reset-failed", "restart", "."] == run_helpers(
        'systemctl() { echo "$1"; }\nlistens() { [ "$pauses$1" = .53 ]; }\nrestart unbound 53; echo "$pauses"'
    )


def test_reapply_leaves_a_card_alone_that_is_off() -> None:
    """NetworkManager applies the connection when the card comes up."""
    stubs = 'card=lan\nnmcli() { case "$*" in *GENERAL*) echo $state ;; *reapply*) echo yes >&2 ;; esac; }\n'
    assert [] == run_helpers(f"{stubs}state=''; reapply false")
    assert ["yes"] == run_helpers(f"{stubs}state=lan; reapply true")


def test_every_two_faults_of_one_service_that_can_meet_were_measured_together() -> None:
    """A new fault is measured with them by benchmarks/fault_pairs.py, or shares a word of `touches`."""
    known = [fault_catalogue.find(id) for id in fault_catalogue.names()]
    meeting = {
        f"{one.id} {other.id}"
        for one, other in combinations(known, 2)
        if (one.side, one.id.partition("-")[0]) == (other.side, other.id.partition("-")[0])
        and not one.touches & other.touches
    }
    assert meeting == set((paths.ROOT / "benchmarks" / "fault_pairs.txt").read_text().splitlines())


def test_find_of_an_unknown_fault_raises_key_error() -> None:
    """The id of no folder is no fault, whatever file it points to."""
    for id in ("fw-nonsense", "..", ""):
        with pytest.raises(KeyError):
            fault_catalogue.find(id)


@pytest.mark.parametrize(
    ("id", "side", "expected"),
    [
        ("mail", "client", "client"),
        ("mail", "server", "server"),
        ("mail", "router", ""),
        ("archive", "server", "archive"),
        ("archive", "router", "router"),
        ("backup", "server", "client"),
    ],
)
def test_host_of_finds_the_side_of_a_conversation(id: str, side: str, expected: str) -> None:
    """A router is there only where client and server have no network in common."""
    assert expected == fault_catalogue.host_of(sample.lab(), exercise(id), side)


def test_host_of_an_exercise_without_conversation_is_none() -> None:
    """Nothing tells which host is meant."""
    assert "" == fault_catalogue.host_of(sample.lab(), replace(exercise("mail"), conversation=None), "server")


def test_hosts_of_are_all_that_a_list_may_change() -> None:
    """The faults of two sides count with both, and the router's with the router."""
    hosts = {id: fault_catalogue.hosts_of(sample.lab(), exercise(id)) for id in ("mail", "login", "archive")}
    assert {
        "mail": {"server"},
        "login": {"client", "server"},
        "archive": {"client", "router", "archive"},
    } == hosts


@pytest.mark.parametrize(
    ("id", "host", "expected"),
    [
        ("mail", "server", "lan"),
        ("archive", "client", "lan"),
        ("archive", "archive", "dmz"),
        ("archive", "router", "lan"),
    ],
)
def test_link_is_the_network_towards_the_other_side(id: str, host: str, expected: str) -> None:
    """Behind a router it is the network of the router."""
    assert expected == fault_catalogue.link(sample.lab(), exercise(id), host)


def test_link_without_a_way_is_the_first_network() -> None:
    """Without a conversation, or between networks that nothing joins, the host's first network counts."""
    alone = replace(exercise("mail"), conversation=None)
    assert "lan" == fault_catalogue.link(sample.lab(), alone, "router")
    hosts = tuple(host for host in sample.lab().hosts if host.name != "router")
    apart = replace(exercise("mail"), conversation=ExpectedConversation("client", "archive"))
    assert "dmz" == fault_catalogue.link(replace(sample.lab(), hosts=hosts), apart, "archive")
