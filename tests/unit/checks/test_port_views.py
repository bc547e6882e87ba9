"""The inside of a host explains what a neighbour sees of its ports."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharklab.checks.outcome import Status
from sharklab.evidence.run_folder import SocketLine
from sharklab.message import Message
from tests.support.checks_sample import ASKED, Sample, result
from tests.support.scans_sample import SOCKETS, scanned, xml

ZONE = """public (active)
  target: default
  services: ssh
  ports: 22/tcp 113/tcp 3306/tcp 514/udp
  rich rules:
\trule family="ipv4" port port="8080" protocol="tcp" drop
"""
SCAN = xml(
    "22/tcp open syn-ack ssh",
    "110/tcp filtered admin-prohibited pop3",
    "113/tcp closed reset ident",
    "3306/tcp closed reset mysql",
    "8080/tcp filtered no-response http-proxy",
    "514/udp open|filtered no-response syslog",
)
EXPECTED = {
    "22/tcp": "open",
    "110/tcp": "filtered",
    "113/tcp": "closed",
    "3306/tcp": "closed",
    "8080/tcp": "filtered",
    "514/udp": "open|filtered",
}


def view_sample(scan: str = SCAN, zone: str = ZONE, sockets: tuple[SocketLine, ...] = SOCKETS) -> Sample:
    """Return an exercise with a scan, a zone and the server's sockets."""
    results = [result("scan", stdout=scan), result("zone", host="server", stdout=zone)]
    return Sample(["scan"], ASKED, sockets=sockets, results=results, facts={"scan": scanned()})


def test_views_passes_when_the_inside_explains_the_outside() -> None:
    """Each port has its reason, and the packets of the capture beside it."""
    outcome = view_sample().check("views", outside="scan", zone="zone", ports=EXPECTED)
    assert Status.PASSED is outcome.status
    assert outcome.table
    rows = {str(entry.cells[0]): [str(cell) for cell in entry.cells[1:]] for entry in outcome.table.lines}
    assert ["sshd, 0.0.0.0:22", "lets in", "open (syn-ack), ssh"] == rows["22/tcp"][:3]
    assert "A program listens, and the firewall lets no packet through." == rows["110/tcp"][-1]
    assert "A program listens on 127.0.0.1 alone, and on no other address." == rows["3306/tcp"][-1]
    assert "The firewall lets packets in, but no program listens: the kernel refuses." == rows["113/tcp"][-1]
    assert ["no program listens", "drops"] == rows["8080/tcp"][:2]
    assert "SYN, then RST" == rows["113/tcp"][3]


@pytest.mark.parametrize(
    ("sample", "wrong"),
    [
        (
            view_sample(SCAN.replace('portid="22"><state state="open"', 'portid="22"><state state="closed"')),
            "22/tcp",
        ),
        (view_sample(sockets=SOCKETS[1:]), "22/tcp"),
        (view_sample(zone=ZONE.replace("22/tcp ", "")), "22/tcp"),
        (view_sample(zone=ZONE.replace("22/tcp", "22/tcp 110/tcp")), "110/tcp"),
        (view_sample(xml("22/tcp open syn-ack ssh")), "110/tcp"),
        (view_sample(zone=""), "22/tcp"),
    ],
    ids=["nmap", "no socket", "not let in", "let in", "not scanned", "no zone"],
)
def test_views_fails_where_they_do_not_agree(sample: Sample, wrong: str) -> None:
    """nmap, the sockets and the zone must tell the same story; what is missing is no pass."""
    outcome = sample.check("views", outside="scan", zone="zone", ports=EXPECTED)
    assert Status.FAILED is outcome.status
    assert wrong in outcome.found.values["wrong"]


def test_views_fails_where_the_lab_expects_something_else() -> None:
    """The inside explains it, and it is still not what was asked for."""
    outcome = view_sample().check("views", outside="scan", zone="zone", ports={"22/tcp": "closed"})
    assert Status.FAILED is outcome.status


def test_views_fails_when_nothing_tells_what_the_firewall_does() -> None:
    """A port that looks filtered is not explained by a zone that was not read."""
    outcome = view_sample(zone="").check("views", outside="scan", zone="zone", ports={"8080/tcp": "filtered"})
    assert Status.FAILED is outcome.status
    assert outcome.table and isinstance(why := outcome.table.lines[0].cells[-1], Message)
    assert "The record of the firewall was not readable: its part is unknown." == str(why)


@pytest.mark.parametrize("scan", ["", "Nmap done"])
def test_views_is_inconclusive_without_xml(scan: str) -> None:
    """What cannot be read says nothing."""
    outcome = view_sample(scan).check("views", outside="scan", zone="zone", ports=EXPECTED)
    assert Status.INCONCLUSIVE is outcome.status


@pytest.mark.parametrize(("id", "status"), [("scan", Status.INCONCLUSIVE), ("zone", Status.FAILED)])
@pytest.mark.parametrize("cut", [False, True])
def test_views_needs_both_probes_whole(id: str, status: Status, cut: bool) -> None:
    """A result that is not there or that is cut explains nothing: without nmap's, no port was seen."""
    sample = view_sample()
    results = [replace(each, truncated=each.id == id) for each in sample.results if cut or each.id != id]
    outcome = replace(sample, results=results).check("views", outside="scan", zone="zone", ports=EXPECTED)
    assert status is outcome.status
    assert {each.id for each in results} == {each.probe for each in outcome.evidence if each.probe}


def test_views_tells_a_socket_whose_process_is_hidden() -> None:
    """ss without root names no process; the socket still explains the open port."""
    bare = SocketLine("server", "tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:*", 0.0, 1.0)
    sample = view_sample(sockets=(bare,))
    outcome = sample.check("views", outside="scan", zone="zone", ports={"22/tcp": "open"})
    assert Status.PASSED is outcome.status
    assert outcome.table
    assert "?, 0.0.0.0:22" == str(outcome.table.lines[0].cells[1])
