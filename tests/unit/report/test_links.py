"""The evidence of an outcome, by name, with its place on the page."""

from __future__ import annotations

from sharklab.checks.outcome import Reference
from sharklab.i18n import translator
from sharklab.report.links import links, runs


def found(*references: Reference, language: str = "en") -> list[tuple[str, str]]:
    """Return the text and the place of each link of the exercise `ssh`, whose page shows one command."""
    return [(link.text, link.href) for link in links("ssh", references, ["shown"], translator(language))]


def test_runs_are_of_consecutive_numbers() -> None:
    """Order and repeated numbers do not matter."""
    assert [(1, 3), (7, 7), (9, 10)] == list(runs([10, 2, 1, 3, 7, 9, 2]))
    assert [] == list(runs([]))


def test_links_lead_to_the_first_packet_of_a_run() -> None:
    """Consecutive packets are one link."""
    expected = [("🦈 ssh #1–3", "#packet-ssh-1"), ("🦈 ssh #40", "#packet-ssh-40")]
    assert expected == found(Reference(capture="ssh", packets=(1, 2, 3, 40)))


def test_links_of_many_packets_end_in_the_capture() -> None:
    """Four runs have links of their own."""
    told = found(Reference(capture="ssh", packets=(1, 3, 5, 7, 9, 11)))
    assert (5, ("…", "#capture-ssh")) == (len(told), told[-1])


def test_link_without_packets_is_the_capture() -> None:
    """An outcome may rest on a capture without a packet."""
    assert [("🦈 ssh", "#capture-ssh")] == found(Reference(capture="ssh"))


def test_link_of_a_command_needs_its_place() -> None:
    """A command that the page does not show is named without a link."""
    told = found(Reference(probe="shown"), Reference(probe="elsewhere"))
    assert [("#probe-shown", True), ("", True)] == [
        (href, name in text) for (text, href), name in zip(told, ("shown", "elsewhere"), strict=True)
    ]


def test_links_of_sockets_are_one_for_each_host() -> None:
    """Two lines of ss on one host are in one table."""
    lines = [Reference(host=host, line=line) for host in ("client", "server") for line in ("tcp a", "tcp b")]
    assert ["#ss-ssh-client", "#ss-ssh-server"] == [href for _, href in found(*lines)]


def test_links_speak_the_language_of_the_page() -> None:
    """The words around a name are translated, its place stays."""
    [english], [french] = (found(Reference(probe="shown"), language=code) for code in ("en", "fr"))
    assert english[1] == french[1] and english[0] != french[0]
