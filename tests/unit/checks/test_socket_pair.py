"""Both hosts' lists of sockets show the captured conversation, or do not."""

from __future__ import annotations

from dataclasses import replace

from sharklab.checks.outcome import Status
from tests.support.checks_sample import Sample, lines, words

SSH = Sample(["ssh.pcap"], sockets=lines("ssh"))
VOICE = Sample(["voice.pcap"], sockets=lines("voice"))


def test_judge_passes_a_connection_that_ss_shows_on_both_hosts() -> None:
    """The evidence is the line of each host, with its process."""
    outcome = SSH.check("sockets")
    found = "On client the socket is ESTAB, of ssh (18743). On server the socket is ESTAB, of sshd (18745)."
    assert (Status.PASSED, found) == (outcome.status, words(outcome))
    assert ["client", "server"] == [reference.host for reference in outcome.evidence if reference.line]


def test_judge_passes_datagrams_to_an_open_socket() -> None:
    """A UDP server's socket is not connected: the outcome says that it is the open one."""
    outcome = VOICE.check("sockets")
    assert Status.PASSED is outcome.status
    assert "On client the socket is ESTAB, of turnutils_uclie (30943)." in words(outcome)
    assert "On server turnserver (30920) has the unconnected socket 10.77.5.2:3478." in words(outcome)


def test_judge_fails_datagrams_to_a_socket_of_somebody_else() -> None:
    """A server's UDP socket that is connected to another client does not take this one's datagrams."""
    other = tuple(
        replace(line, line=line.line.replace("0.0.0.0:*", "10.77.5.3:9")) for line in lines("voice")
    )
    assert Status.FAILED is replace(VOICE, sockets=other).check("sockets").status


def test_judge_fails_a_connection_that_ss_does_not_show() -> None:
    """A listening socket is no connection."""
    listening = tuple(line for line in lines("ssh") if line.host == "client" or "LISTEN" in line.line)
    outcome = replace(SSH, sockets=listening).check("sockets")
    assert Status.FAILED is outcome.status
    assert "ss shows no socket from 10.77.5.2:22 to 10.77.5.1:34898 on server." in words(outcome)


def test_judge_is_inconclusive_without_a_list_of_sockets() -> None:
    """A host whose sockets were not listed proves nothing."""
    half = tuple(line for line in lines("ssh") if line.host == "client")
    outcome = replace(SSH, sockets=half).check("sockets")
    assert Status.INCONCLUSIVE is outcome.status
    assert "The sockets of server were not recorded." in words(outcome)
