"""The lab ports, as users do it, with tshark as a witness of what the report says.

nmap is the other witness: what it printed is held against what the hosts' own sockets and the packets show.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.conftest import Call, misjudged
from tests.e2e.test_tcpdump import tshark

OPEN = {21, 22, 23, 25, 53, 80, 143, 443, 465, 514, 993, 995}
"""The server's ports that a scan of the most frequent ones finds open."""


@pytest.fixture(scope="module")
def folder(sharklab: Call, ports_seat: str) -> Path:
    """Run the lab once, on a seat that the tests of its roles use as well."""
    done = sharklab("run", "ports", "--student", ports_seat, "--output", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert said["achieved"] and len(said["exercises"]) == 18
    return Path(said["run"])


def capture(folder: Path, name: str) -> Path:
    """Return the capture file of that id."""
    return folder / "hosts" / "client" / "captures" / f"{name}.pcap"


def printed(folder: Path, host: str, probe: str) -> str:
    """Return what a probe printed."""
    results = json.loads((folder / "hosts" / host / "probes.json").read_text())
    return str(next(each["stdout"] for each in results if each["id"] == probe))


def states(folder: Path, probe: str) -> dict[int, str]:
    """Return the state of each port in nmap's own table."""
    return table(printed(folder, "client", probe))


def table(said: str) -> dict[int, str]:
    """Return the state of each port in what nmap printed."""
    rows = re.findall(r"^(\d+)/(?:tcp|udp)\s+(\S+)", said, re.MULTILINE)
    return {int(port): state for port, state in rows}


def accepted(file: Path) -> set[int]:
    """Return the ports that send SYN/ACK, by tshark."""
    return set(map(int, tshark(file, "tcp.flags.syn == 1 && tcp.flags.ack == 1", "tcp.srcport")))


def test_scan_begins_with_arp_and_knocks_at_a_hundred_ports(folder: Path) -> None:
    """The first packet asks who has the address; 100 ports get a SYN; nmap's open ones accept."""
    file = capture(folder, "scan")
    assert "1" == tshark(file, "frame.number == 1", "arp.opcode")[0]
    assert 100 == len(set(tshark(file, "tcp.flags == 0x002 && !icmp", "tcp.dstport")))
    nmap = {port for port, state in states(folder, "scan").items() if state == "open"}
    assert OPEN == accepted(file) == nmap


def test_views_are_what_nmap_and_ss_say(folder: Path) -> None:
    """nmap's table, the packets and the server's list of sockets, each read here by other means."""
    nmap, file = states(folder, "views-scan"), capture(folder, "views")
    assert OPEN | {1664} == accepted(file) == {port for port, state in nmap.items() if state == "open"}
    resets = set(map(int, tshark(file, "tcp.flags.reset == 1 && tcp.dstport == 31003", "tcp.srcport")))
    assert {113, 3306} == resets == {port for port, state in nmap.items() if state == "closed"}
    listens = printed(folder, "server", "ss-tcp")
    assert re.search(r" 0\.0\.0\.0:110 .*dovecot", listens) and "filtered" == nmap[110]
    assert re.search(r" 127\.0\.0\.1:3306 .*mariadbd", listens) and not re.search(r":113\s", listens)
    assert not tshark(file, "tcp.srcport == 8080") and "filtered" == nmap[8080]


def test_udp_ports_are_told_apart_by_their_answers(folder: Path) -> None:
    """An answer, an ICMP error, or nothing."""
    nmap = states(folder, "udp-scan")
    assert {53: "open", 123: "open", 161: "open", 162: "closed", 514: "open|filtered"} == nmap
    assert {53, 123, 161} == set(
        map(int, tshark(capture(folder, "udp"), "udp.dstport == 31002", "udp.srcport"))
    )


def test_whole_and_half_connections(folder: Path) -> None:
    """-sT ends its handshake with an ACK before it cuts; -sS never sends one."""
    whole, half = (tshark(capture(folder, name), "tcp", "tcp.flags") for name in ("whole", "half"))
    assert ["0x0002", "0x0012", "0x0010", "0x0014"] == whole
    assert ["0x0002", "0x0012", "0x0004"] == half


def test_printer_is_silent_until_it_is_asked_for_9100(folder: Path) -> None:
    """Nothing comes back from it but from the one port."""
    assert set() == accepted(capture(folder, "absent")) and tshark(
        capture(folder, "absent"), "tcp.flags == 0x002"
    )
    assert {9100} == accepted(capture(folder, "present"))


def test_router_is_open_before_and_closed_after(folder: Path) -> None:
    """The same scan twice; after it telnet refuses by RST, and FTP's port is refused by the firewall."""
    before, after = capture(folder, "router-before"), capture(folder, "router-after")
    assert ({21, 22, 23, 80}, {22, 80}) == (accepted(before), accepted(after))
    assert {21: "filtered", 22: "open", 23: "closed", 80: "open", 443: "closed"} == states(
        folder, "router-after"
    )


def test_snmp_is_one_client_and_three_servers(folder: Path) -> None:
    """One address asks, three answer, each with the seat's token."""
    file = capture(folder, "snmp")
    token = json.loads((folder / "plan.json").read_text())["seat"]["token"]
    assert 1 == len(set(tshark(file, "udp.dstport == 161", "ip.src")))
    assert 3 == len(set(tshark(file, f'udp.srcport == 161 && frame contains "{token}"', "ip.src")))


@pytest.mark.parametrize(
    "display_filter",
    ["ftp", "ssh", "telnet", "smtp", "dns", "http", "ntp", "imap", "syslog"]
    + [f"tls && tcp.port == {port}" for port in (443, 465, 993, 995)],
)
def test_services_speak_their_protocol(folder: Path, display_filter: str) -> None:
    """tshark finds each service's protocol in the capture."""
    assert tshark(capture(folder, "services"), display_filter)


def test_nothing_left_for_elsewhere(folder: Path) -> None:
    """The refused scan sent nothing, the allowed one beside it did."""
    assert not tshark(capture(folder, "elsewhere"), "frame")
    assert tshark(capture(folder, "here"), "tcp")


@pytest.mark.parametrize(
    ("language", "kind", "words"),
    [
        (
            "en",
            "html",
            ["Inside and outside, side by side", "A program listens on 127.0.0.1 alone", "netview-aix-4"],
        ),
        ("fr", "html", ["côte à côte", "programme n&#39;écoute"]),
        ("en", "md", ["| Port | Inside (ss) |", "A program listens on 127.0.0.1 alone"]),
        ("fr", "md", ["| Port | Service |", "Aucun service ne s'appelle toto"]),
    ],
)
def test_report_has_the_tables(folder: Path, language: str, kind: str, words: list[str]) -> None:
    """The inside beside the outside and the ports to know, in each language and form."""
    text = (folder / f"report.{language}.{kind}").read_text()
    assert [word for word in words if word not in text] == []


def test_annotated_copy_of_the_scan(folder: Path) -> None:
    """The router's scan has a comment on each packet, for Wireshark."""
    copy = folder / "captures" / "router-before.annotated.en.pcapng"
    assert tshark(capture(folder, "router-before"), "frame") == tshark(copy, "frame.comment")


def test_run_leaves_the_router_closed(folder: Path, sharklab: Call, ports_seat: str) -> None:
    """What the run closed stays closed, as on a solved seat; the next run opens it for its first scan."""
    own = json.loads((folder / "plan.json").read_text())["seat"]["addresses"]["router"]["lan"]["ipv4"]
    scan = ("nmap", "-n", "-p", "21-23,80,443", own.split("/")[0])
    shown = sharklab("shell", "ports", "client", "--student", ports_seat, "--", *scan)
    assert (0, states(folder, "router-after")) == (shown.returncode, table(shown.stdout)), shown.stderr


def test_grading_is_proved(folder: Path) -> None:
    """What is right earns every point, nothing earns none, and every single fault loses just its own."""
    assert [] == misjudged(folder)
