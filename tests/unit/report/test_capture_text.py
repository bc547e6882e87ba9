"""A capture explained on a terminal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.evidence.packets.model import Endpoint
from sharklab.evidence.packets.streams import Stream
from sharklab.i18n import languages, translator
from sharklab.report import capture_text
from sharklab.report.capture_story import CaptureStory, Choice
from sharklab.untrusted import is_visible
from tests.support import packets_made
from tests.support.packets_made import LINKS, Way, udp
from tests.support.stories import told, told_of


def lines(shown: CaptureStory, width: int = 100, language: str = "en") -> list[str]:
    """Return the lines of a story."""
    return list(capture_text.lines(shown, width, translator(language)))


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", ["dns.pcap", "reject.pcap", "icmp.pcap"])
def test_small_capture_is_told_whole(name: str, language: str) -> None:
    """Each packet has its line, in each language."""
    text = "\n".join(lines(told(name, language=language), language=language))
    shown = told(name)
    assert [n for n in shown.numbers if f"\n{n:>6} " not in text] == []


def test_large_conversation_is_listed_only() -> None:
    """The list has it; its packets are told when it is chosen."""
    small, chosen = (lines(told("ssh.pcap", choice)) for choice in (Choice(), Choice(conversations=(1,))))
    assert len(small) < 6
    assert len(chosen) > 46
    hidden = capture_text.find_hidden(told("ssh.pcap"))
    assert hidden and 1 == hidden.number
    assert capture_text.find_hidden(told("ssh.pcap", Choice(conversations=(1,)))) is None
    assert capture_text.find_hidden(told("dns.pcap")) is None


def test_list_counts_the_conversations_that_it_leaves_out() -> None:
    """At its end."""
    assert "     … 3 more conversations" in lines(replace(told("ssh.pcap"), talks_left=3))


def test_conversation_that_is_told_in_part_counts_the_rest() -> None:
    """The last line of a conversation says how many packets are not explained."""
    shown = told("ssh.pcap", Choice(conversations=(1,)))
    part = [replace(each, left=3) for each in shown.talks]
    whole = lines(shown)
    text = lines(replace(shown, talks=tuple(part)))
    assert len(whole) + 1 == len(text)
    [more] = [line for line in text if line not in whole]
    assert "3" in more.split()


def test_list_is_cut_with_the_number_of_the_rest() -> None:
    """A capture of many conversations does not fill the terminal."""
    shown = told("dns.pcap")
    many = replace(shown, talks=shown.talks * 20, talks_left=7)
    text = lines(many)
    assert any(str(60 - capture_text.LISTED + 7) in line for line in text)


@pytest.mark.parametrize("width", [60, 100])
def test_lines_fit_the_terminal(width: int) -> None:
    """Words wrap under the packet's own text."""
    assert [line for line in lines(told("dns.pcap"), width) if len(line) > width] == []


def test_arrows_tell_the_direction() -> None:
    """The client's packets go right, the server's left, also where both have one address."""
    text = lines(told("tls_quic.pcap"))
    quic = [line[18] for line in text if line[:6].strip() in ("1", "2", "3")]
    assert ["→", "←", "←"] == [sign for sign in quic if sign in "→←"]


def test_hostile_names_are_shown_without_their_effect(tmp_path: Path) -> None:
    """Terminal escapes in a DNS name and in the file's own name do nothing."""
    label = b"\x1b[2J\x07\r\n\xe2\x80\xae"
    question = b"\0\x01\x01\0\0\x01\0\0\0\0\0\0" + bytes([len(label)]) + label + b"\0\0\x01\0\x01"
    frame = LINKS["ethernet"].wrap(Way("10.0.0.1", "10.0.0.2").ip(17, udp(40_000, 53, question)), "<")
    file = packets_made.pcap(tmp_path / "evil\x1b[31m\n.pcap", 1, [frame], "<", 1000)
    text = lines(told_of(file))
    assert [line for line in text if not is_visible(line) or "\n" in line] == []


def test_cut_capture_says_so() -> None:
    """Before its conversations."""
    assert lines(told("refused.cut"))[1].startswith("! ")


def test_large_capture_lists_each_conversation_with_its_filter() -> None:
    """The first ones, and how many more there are."""
    ends = (Endpoint("10.0.0.1", 40_000), Endpoint("10.0.0.2", 443))
    found = [Stream("tcp", number, ends, 8) for number in range(capture_text.LISTED + 5)]
    text = list(capture_text.large("big\x1b[31m.pcap", found, translator("en")))
    assert capture_text.LISTED == sum("--filter 'tcp.stream == " in line for line in text)
    assert any("5" in line and "…" in line for line in text)
    assert [line for line in text if not is_visible(line)] == []
    few = list(capture_text.large("big.pcap", found[:1], translator("en")))
    assert not any("…" in line for line in few)
