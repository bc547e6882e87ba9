"""What a host says of its own sockets, by commands that write differently."""

from __future__ import annotations

import pytest

from sharklab.checks import listeners
from sharklab.checks.outcome import Status
from tests.support.checks_sample import Sample, result, words

SS = "State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n" + "\n".join(
    f'LISTEN 0      128    {local} 0.0.0.0:*    users:(("{name}",pid=7,fd=3))'
    for local, name in (("0.0.0.0:22", "sshd"), ("[::]:80", "nginx"))
)
NETSTAT = (
    "Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name\n"
    + "\n".join(
        f"{kind}        0      0 {local}              {peer}               LISTEN      7/{name}"
        for kind, local, peer, name in (
            ("tcp ", "0.0.0.0:22", "0.0.0.0:*", "sshd: /usr/sbin"),
            ("tcp6", ":::80", ":::*", "nginx: master"),
        )
    )
)
NETSTAT_UDP = "udp        0      0 0.0.0.0:53              0.0.0.0:*                           294/unbound\n"
SS_UDP = 'UNCONN 0      0            0.0.0.0:53        0.0.0.0:*    users:(("unbound",pid=294,fd=5))\n'


@pytest.mark.parametrize(
    ("ss", "netstat", "ports"), [(SS, NETSTAT, [22, 80]), (SS_UDP, NETSTAT_UDP, [53])], ids=["tcp", "udp"]
)
def test_listeners_passes_when_both_show_the_process(ss: str, netstat: str, ports: list[int]) -> None:
    """ss and netstat write differently and mean the same."""
    sample = Sample(results=[result("ss", stdout=ss), result("netstat", stdout=netstat)])
    assert Status.PASSED is sample.check("listeners", probes=["ss", "netstat"], ports=ports).status


def test_listeners_fails_without_a_process_or_a_port() -> None:
    """A port that one of them lacks, or has without its process (as for who is not root), is named."""
    bare = NETSTAT.replace("7/nginx: master", "-")
    sample = Sample(results=[result("ss", stdout=SS), result("netstat", stdout=bare)])
    outcome = sample.check("listeners", probes=["ss", "netstat"], ports=[22, 80])
    lacking = [str(port) for port in outcome.found.values["lacking"]]
    assert (Status.FAILED, ["80"]) == (outcome.status, lacking)


def test_listeners_is_inconclusive_without_a_result() -> None:
    """A command that did not run shows nothing and denies nothing."""
    sample = Sample(results=[result("ss", stdout=SS)])
    assert Status.INCONCLUSIVE is sample.check("listeners", probes=["ss", "netstat"], ports=[22]).status


@pytest.mark.parametrize(
    ("printed", "chosen", "status"),
    [
        ("net.ipv4.ip_local_port_range = 32768\t60999\n", "40000\n50000\n", Status.PASSED),
        ("net.ipv4.ip_local_port_range = 49152\t65535\n", "50000\n", Status.PASSED),
        ("net.ipv4.ip_local_port_range = 32768\t60999\n", "40000\n61000\n", Status.FAILED),
        ("net.ipv4.ip_local_port_range = 32768\t60999\n", "", Status.INCONCLUSIVE),
        ("", "40000\n", Status.INCONCLUSIVE),
    ],
)
def test_local_range_holds_every_port(printed: str, chosen: str, status: Status) -> None:
    """Each port that the kernel gave is in the range of the kernel."""
    sample = Sample(results=[result("range", stdout=printed), result("chosen", stdout=chosen)])
    assert status is sample.check("local_range", range="range", chosen="chosen").status


def test_local_range_says_how_it_differs_from_ianas() -> None:
    """The difference is said where there is one."""
    texts = []
    for low, high in ((32768, 60999), listeners.IANA_DYNAMIC):
        results = [result("range", stdout=f"x = {low} {high}"), result("chosen", stdout="50000")]
        texts.append(words(Sample(results=results).check("local_range", range="range", chosen="chosen")))
    assert ("reserves 49152 to 65535" in texts[0], "as IANA recommends" in texts[1]) == (True, True)


PATH = "/run/mysqld/mysqld.sock"
UNIX = {
    "find": f"/run/dbus/system_bus_socket\n{PATH}\n",
    "list": f"srwxrwxrwx 1 mysql mysql 0 Nov 24 09:20 {PATH}\n",
    "file": f"{PATH}: socket\n",
}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("", ""),
        ("find", "/run/mysqld/mysqld.sock.lock\n"),
        ("list", f"-rw-r--r-- 1 mysql mysql 0 Nov 24 09:20 {PATH}\n"),
        ("file", f"{PATH}: cannot open (No such file or directory)\n"),
    ],
)
def test_unix_socket_needs_all_three(name: str, text: str) -> None:
    """find, ls and file must all take it for a socket."""
    printed = {**UNIX, **({name: text} if name else {})}
    sample = Sample(results=[result(id, stdout=text) for id, text in printed.items()])
    outcome = sample.check("unix_socket", path=PATH, find="find", list="list", file="file")
    assert (Status.FAILED if name else Status.PASSED) is outcome.status


def test_unix_socket_says_what_ls_and_file_show() -> None:
    """The mode and the kind are those of the commands, or a dash; agreement is another sentence."""
    found = {}
    for lacking in ("", "list", "file"):
        results = [result(id, stdout="" if id == lacking else text) for id, text in UNIX.items()]
        outcome = Sample(results=results).check(
            "unix_socket", path=PATH, find="find", list="list", file="file"
        )
        found[lacking] = outcome.found
    assert {"path": PATH, "mode": "srwxrwxrwx", "file": f"{PATH}: socket"} == found[""].values
    assert ("-", "-") == (found["list"].values["mode"], found["file"].values["file"])
    assert found["list"].msgid == found["file"].msgid != found[""].msgid
    assert "{file}" in found["file"].msgid
