"""The ladder: its phases, what it leaves out, and the same in SVG and in characters."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from sharklab.evidence.packets.model import Conversation, Facts
from sharklab.i18n import translator
from sharklab.report import ladder
from sharklab.report.conversations import choose_conversations
from sharklab.report.ladder import Arrow, Gap, Phase
from tests.support import report_sample as sample

HOSTS = {"10.31.4.17": "server", "10.31.4.203": "client"}


def _ladder(facts: Facts, **options: object) -> ladder.Ladder:
    [talk] = choose_conversations(facts.conversations, ())
    return ladder.ladder(talk, facts.packets, HOSTS, start=sample.START, **options)  # type: ignore[arg-type]


def _arrows(band: ladder.Band) -> list[Arrow]:
    return [step for step in band.steps if isinstance(step, Arrow)]


def test_ladder_names_the_phases_of_a_connection() -> None:
    """A TCP conversation has a handshake, data and a closing, in this order."""
    assert [band.phase for band in _ladder(sample.ssh_facts()).bands] == [
        Phase.HANDSHAKE,
        Phase.DATA,
        Phase.CLOSING,
    ]


def test_ladder_labels_the_handshake_and_the_fins() -> None:
    """The packets that a student looks for are named by their flags."""
    first, _, last = _ladder(sample.ssh_facts()).bands
    assert [arrow.label for arrow in _arrows(first)] == ["SYN", "SYN, ACK", "ACK"]
    assert [arrow.label for arrow in _arrows(last)] == ["FIN, ACK", "FIN, ACK", "ACK"]


def test_ladder_elides_the_middle_but_counts_it() -> None:
    """Every packet is drawn or counted in a gap."""
    shown = _ladder(sample.ssh_facts(500))
    steps = [step for band in shown.bands for step in band.steps]
    assert sum(step.count if isinstance(step, Gap) else 1 for step in steps) == 506
    assert len(steps) <= 24


def test_ladder_keeps_what_an_outcome_rests_on() -> None:
    """A packet that is evidence is drawn even in the middle, and marked."""
    bands = _ladder(sample.ssh_facts(500), marked={250}).bands
    assert [arrow.number for band in bands for arrow in _arrows(band) if arrow.marked] == [250]


def test_ladder_of_a_short_conversation_has_no_gap() -> None:
    """What fits is shown whole."""
    steps = [step for band in _ladder(sample.ssh_facts(8)).bands for step in band.steps]
    assert not any(isinstance(step, Gap) for step in steps)


def test_ladder_points_from_who_sends() -> None:
    """Arrows go out from the client and come back from the server."""
    assert [arrow.outward for arrow in _arrows(_ladder(sample.ssh_facts()).bands[0])] == [True, False, True]


def test_ladder_of_datagrams_has_one_band() -> None:
    """Datagrams have no opening and no end, and so they lack none."""
    shown = _ladder(sample.dns_facts())
    assert ([Phase.DATAGRAMS], "") == ([band.phase for band in shown.bands], shown.note)
    assert 6 == len(_arrows(shown.bands[0]))


@pytest.mark.parametrize(
    ("lacking", "note"),
    [
        ((), ""),
        (("closing",), "The end of this conversation is not in the capture."),
        (("handshake",), "This conversation has no whole handshake in the capture."),
        (
            ("handshake", "closing"),
            "Neither a handshake nor an end of this conversation is in the capture.",
        ),
    ],
)
def test_ladder_of_a_part_of_a_connection_says_so(lacking: tuple[str, ...], note: str) -> None:
    """A capture that began too late or ended too early is told from one that is whole."""
    facts = sample.ssh_facts(5)
    talk = facts.conversations[0]
    for name in lacking:
        talk = replace(talk, handshake=()) if name == "handshake" else replace(talk, closing=())
    assert note == ladder.ladder(talk, facts.packets, HOSTS).note


def test_ladder_of_a_refused_connection_shows_an_attempt() -> None:
    """A SYN that is answered by RST is no handshake."""
    syn, answer = sample.ssh_facts().packets[:2]
    reset = replace(answer, flags=("RST", "ACK"))
    talk = Conversation(
        "tcp", sample.CLIENT, sample.SERVER, (1, 2), resets=(2,), closing=(2,), closed_by="rst"
    )
    shown = ladder.ladder(talk, (syn, reset), HOSTS)
    assert [band.title for band in shown.bands] == [ladder.ATTEMPT]
    assert [arrow.refusal for arrow in _arrows(shown.bands[0])] == [False, True]
    assert shown.note == ""


def test_svg_has_a_title_a_description_and_the_packets() -> None:
    """The picture is named and described for those who do not see it."""
    root = ElementTree.fromstring(ladder.svg(_ladder(sample.ssh_facts()), translator("en"), "x"))  # noqa: S314
    texts = {element.get("id"): element.text for element in root if element.get("id")}
    assert root.get("aria-labelledby") == "x-title x-desc"
    assert texts["x-title"] == "client 10.31.4.203:40412 → server 10.31.4.17:22, TCP"
    assert texts["x-desc"] == (
        "3-way handshake: SYN, then SYN, ACK, then ACK; data: 60 packets; "
        "closing (FIN): FIN, ACK, then FIN, ACK, then ACK"
    )


def test_svg_escapes_what_packets_say() -> None:
    """A label from the wire cannot become an element."""
    facts = sample.ssh_facts(3)
    packets = tuple(replace(packet, info="<script>x</script>") for packet in facts.packets)
    drawing = ladder.svg(_ladder(replace(facts, packets=packets)), translator("en"), "x")
    assert "<script" not in drawing


def test_text_draws_the_same_steps() -> None:
    """The ladder in characters has all lines of one width, and one per step."""
    shown = _ladder(sample.ssh_facts())
    speak = translator("fr")
    lines = ladder.text(shown, speak).splitlines()
    assert len(lines) == 1 + len(shown.bands) + sum(len(band.steps) for band in shown.bands)
    assert {line.index("│", 15) for line in lines if "│" in line[12:]} == {64}
    titles = [speak.gettext(band.title) for band in shown.bands]
    assert titles == [title for title in titles if any(title in line for line in lines)]
