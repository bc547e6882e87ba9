"""A page on captures without a lab, and their copies with comments."""

from __future__ import annotations

import itertools
import re
import subprocess
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from sharklab.i18n import languages, translator
from sharklab.message import Message
from sharklab.report import capture_page
from sharklab.report.capture_story import Choice
from tests.support import packets_made
from tests.support.outline import Outline
from tests.support.packets_made import LINKS, Way, udp
from tests.support.stories import told, told_of

NAMES = ("dns.pcap", "icmp.pcap")


def files(*names: str, language: str = "en", choice: Choice = Choice()) -> dict[str, str | bytes]:  # noqa: B008 (frozen)
    """Return the page on recorded captures."""
    stories = [told(name, choice, language) for name in names]
    return dict(capture_page.files(stories, translator(language), "dns", [Message("a note")]))


@pytest.mark.parametrize("language", languages())
def test_page_has_html_markdown_and_a_copy_of_each_capture(language: str) -> None:
    """All are of one language, and the page links to the copies."""
    made = files(*NAMES, language=language)
    copies = [f"{name}.annotated.{language}.pcapng" for name in ("dns", "icmp")]
    assert [f"explained.{language}.html", f"explained.{language}.md", *copies] == list(made)
    for page in list(made.values())[:2]:
        assert [copy for copy in copies if copy not in str(page)] == []
        assert "a note" in str(page)


@pytest.mark.parametrize("language", languages())
def test_html_is_sound(language: str) -> None:
    """Elements are closed, ids are unique, links lead somewhere, no level of headings is left out."""
    page = Outline(str(files(*NAMES, language=language)[f"explained.{language}.html"]))
    assert page.open == []
    assert sorted(set(page.ids)) == sorted(page.ids)
    assert set(page.targets) <= set(page.ids)
    assert page.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(page.headings))
    assert page.sources == []


def test_every_packet_is_on_the_page_once() -> None:
    """Each explained packet is a row, in HTML and in Markdown."""
    made = files("dns.pcap")
    assert list(range(1, 23)) == sorted(
        int(number) for number in re.findall(r'<tr id="packet-dns-(\d+)">', str(made["explained.en.html"]))
    )
    assert len(re.findall(r"^\| \d+ \| `\S+` → ", str(made["explained.en.md"]), re.M)) == 22


def test_copy_has_a_comment_on_each_chosen_packet(tmp_path: Path) -> None:
    """Wireshark shows them; the copy has every packet."""
    choice = Choice(packets=frozenset({2, 13}))
    copy = tmp_path / "copy.pcapng"
    copy.write_bytes(files("dns.pcap", choice=choice)["dns.annotated.en.pcapng"])  # type: ignore[arg-type]
    argv = ["tshark", "-n", "-r", str(copy), "-T", "fields", "-e", "frame.number", "-e", "frame.comment"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    rows = re.findall(r"^(\d+)\t(.*)$", done.stdout, re.M)
    assert (22, ["2", "13"]) == (len(rows), [number for number, comment in rows if comment])


def test_capture_without_packets_has_no_copy(tmp_path: Path) -> None:
    """Its page says that it has a header alone."""
    file = packets_made.pcap(tmp_path / "empty.pcap", 1, [], "<", 1000)
    made = capture_page.files([told_of(file)], translator("en"))
    assert ["explained.en.html", "explained.en.md"] == list(made)
    assert "warning" in str(made["explained.en.html"])


def test_hostile_content_stays_text(tmp_path: Path) -> None:
    """Neither a name of DNS nor that of the file becomes an element, a heading or a row."""
    label = b"<script>alert(1)</script>|`x`\n# h"
    question = b"\0\x01\x01\0\0\x01\0\0\0\0\0\0" + bytes([len(label)]) + label + b"\0\0\x01\0\x01"
    frame = LINKS["ethernet"].wrap(Way("10.0.0.1", "10.0.0.2").ip(17, udp(40_000, 53, question)), "<")
    file = packets_made.pcap(tmp_path / "<b>|x.pcap", 1, [frame], "<", 1000)
    made = capture_page.files([told_of(file)], translator("en"))
    html, markdown = (str(made[f"explained.en.{kind}"]) for kind in ("html", "md"))
    assert "script" not in Outline(html).tags and "b" not in Outline(html).tags
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(markdown)
    assert [token.content for token in tokens if token.type == "html_block"] == []
    parts = itertools.chain.from_iterable(token.children or [] for token in tokens)
    assert [part.content for part in parts if part.type == "html_inline"] == []
