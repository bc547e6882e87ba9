"""Both hosts' lists of sockets show the captured conversation, or do not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharklab.checks.outcome import Status
from sharklab.checks.socket_pair import find
from sharklab.evidence.packets.model import Endpoint
from sharklab.evidence.run_folder import SocketLine
from sharklab.evidence.sockets import sockets
from tests.support.checks_sample import Sample, lines, said, words

SSH = Sample(["ssh.pcap"], sockets=lines("ssh"))
VOICE = Sample(["voice.pcap"], sockets=lines("voice"))


def test_socket_pair_that_ss_shows_on_both_hosts_passes() -> None:
    """The evidence is the line of each host, with its process."""
    outcome = SSH.check("sockets")
    found = "On client the socket is ESTAB, of ssh (18743). On server the socket is ESTAB, of sshd (18745)."
    assert (Status.PASSED, found) == (outcome.status, words(outcome))
    assert ["client", "server"] == [reference.host for reference in outcome.evidence if reference.line]


def test_socket_pair_of_datagrams_to_an_open_socket_passes() -> None:
    """A UDP server's socket is not connected: the outcome says that it is the open one."""
    outcome = VOICE.check("sockets")
    assert Status.PASSED is outcome.status
    client = said(outcome)["On {host} the socket is {state}, of {process}."]
    server = said(outcome)["On {host} {process} has the unconnected socket {local}."]
    assert ("ESTAB", "turnutils_uclie (30943)") == (client["state"], client["process"])
    assert ("turnserver (30920)", "10.77.5.2:3478") == (server["process"], server["local"])


def test_socket_pair_of_another_client_fails() -> None:
    """A server's UDP socket that is connected to another client does not take this one's datagrams."""
    other = tuple(
        replace(line, line=line.line.replace("0.0.0.0:*", "10.77.5.3:9")) for line in lines("voice")
    )
    assert Status.FAILED is replace(VOICE, sockets=other).check("sockets").status


def test_socket_pair_that_ss_does_not_show_fails() -> None:
    """A listening socket is no connection."""
    listening = tuple(line for line in lines("ssh") if line.host == "client" or "LISTEN" in line.line)
    outcome = replace(SSH, sockets=listening).check("sockets")
    assert Status.FAILED is outcome.status
    missing = said(outcome)["ss shows no socket from {local} to {peer} on {host}."]
    assert {"host": "server", "local": "10.77.5.2:22", "peer": "10.77.5.1:34898"} == missing


def test_socket_pair_without_a_list_of_sockets_is_inconclusive() -> None:
    """A host whose sockets were not listed proves nothing."""
    half = tuple(line for line in lines("ssh") if line.host == "client")
    outcome = replace(SSH, sockets=half).check("sockets")
    assert Status.INCONCLUSIVE is outcome.status
    assert {"host": "server"} == said(outcome)["The sockets of {host} were not recorded."]


def test_sockets_fail_without_a_conversation() -> None:
    """Lists of sockets alone show no conversation of the capture."""
    outcome = Sample(["icmp.pcap"], sockets=lines("ssh")).check("sockets")
    found = "No capture of the exercise shows a conversation between client and server."
    assert (Status.FAILED, found) == (outcome.status, words(outcome))


def ends(*, local: str = "10.77.5.2:22", peer: str = "10.77.5.1:34898") -> str:
    """Return the ends of a socket as ss prints them."""
    return f"0 0 {local} {peer}"


@pytest.mark.parametrize(
    ("printed", "chosen"),
    [
        ([f"tcp FIN-WAIT-1 {ends()}", f"tcp ESTAB {ends()}"], 1),
        ([f"tcp ESTAB {ends()}", f'tcp CLOSE-WAIT {ends()} users:(("sshd",pid=7,fd=3))'], 1),
        ([f"tcp ESTAB {ends(peer='10.77.5.1:9')}", f"udp ESTAB {ends()}"], None),
        ([f"tcp LISTEN {ends(peer='0.0.0.0:*')}"], None),
    ],
    ids=["connected", "with its process", "another one", "listens"],
)
def test_find_takes_the_socket_that_tells_most(printed: list[str], chosen: int | None) -> None:
    """A process first, then a connected state."""
    seen = sockets(SocketLine("server", line, 0.0, 1.0) for line in printed)
    found = find(seen, "tcp", Endpoint("10.77.5.2", 22), Endpoint("10.77.5.1", 34898))
    assert (None if chosen is None else seen[chosen]) == found


def test_sockets_without_a_process_say_so() -> None:
    """Only root sees the processes of others."""
    bare = tuple(replace(line, line=line.line.partition(" users:")[0]) for line in lines("ssh"))
    outcome = replace(SSH, sockets=bare).check("sockets")
    assert Status.PASSED is outcome.status
    sentences = [f"On {host} the socket is ESTAB, without a process." for host in ("client", "server")]
    assert " ".join(sentences) == words(outcome)


def test_sockets_that_the_kernel_reported_at_their_end_pass() -> None:
    """A socket that no sample shows is in the list as `ss --events` printed it."""
    bare = [line.line.partition(" users:")[0].replace("ESTAB", "UNCONN") for line in lines("ssh")]
    closed = tuple(replace(old, line=new) for old, new in zip(lines("ssh"), bare, strict=True))
    outcome = replace(SSH, sockets=closed).check("sockets")
    assert Status.PASSED is outcome.status
    sentences = [f"On {host} the kernel reported the socket when it closed." for host in ("client", "server")]
    assert " ".join(sentences) == words(outcome)
