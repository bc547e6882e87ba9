"""The names that students, browsers and file managers give to captures."""

from __future__ import annotations

import unicodedata

import pytest

from sharklab.grading.submission.capture_names import NameMatch, has_ending, match, words

IDS = ("web", "web-refused", "s0", "s96", "time", "half", "3way")


@pytest.mark.parametrize("name", ["web.pcap", "web.pcapng"])
def test_the_name_of_the_form_has_no_distance(name: str) -> None:
    """Both endings are the form's own."""
    assert match(name, IDS) == NameMatch("web", 0)


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("WEB.PCAP", "web"),
        ("Web.pcap", "web"),
        ("web.PCAP", "web"),
        ("web", "web"),
        ("web.cap", "web"),
        ("web.dmp", "web"),
        ("web.pcang", "web"),
        ("web.pcapng.pcap", "web"),
        ("web.pcang.pcapng", "web"),
        ("web.pcapng.gz", "web"),
        ("web.pcap.zst", "web"),
        (" web .pcap", "web"),
        ("web..pcap", "web"),
        ("wéb.pcap", "web"),
        (unicodedata.normalize("NFD", "wéb.pcap"), "web"),
        ("web refused.pcap", "web-refused"),
        ("WebRefused.pcapng", "web-refused"),
        ("web_refused.pcap", "web-refused"),
        ("3-way.pcap", "3way"),
        ("S96.PCAP", "s96"),
    ],
)
def test_another_spelling_of_the_same_words_is_near(name: str, id: str) -> None:
    """Case, accents, blanks, signs and endings do not count."""
    assert match(name, IDS) == NameMatch(id, 1)


@pytest.mark.parametrize(
    ("name", "id", "distance"),
    [
        ("web (1).pcap", "web", 2),
        ("web(2).pcapng", "web", 2),
        ("web.pcap (1)", "web", 3),
        ("web2.pcap", "web", 2),
        ("web - Copie.pcap", "web", 2),
        ("Copy of web.pcap", "web", 3),
        ("tp4_web.pcapng", "web", 3),
        ("TP 4 - Web refused.pcapng", "web-refused", 3),
        ("tp5_3way_Handshake.pcap", "3way", 4),
        ("web.png", "web", 2),
        ("captureWeb.pcap", "web", 2),
        ("trameWEB.pcapng", "web", 2),
        ("webcapture.pcapng", "web", 2),
        ("captures web.pcapng", "web", 2),
    ],
)
def test_each_word_more_is_one_step_further(name: str, id: str, distance: int) -> None:
    """The id with the most words of the name is meant."""
    assert match(name, IDS) == NameMatch(id, distance)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "…",
        ".pcap",
        "dhcp.pcap",
        "webs.pcap",
        "s9.pcap",
        "web and half.pcap",
        "way3.pcap",
        "capture.pcap",
    ],
)
def test_a_name_without_an_id_or_with_several_means_none(name: str) -> None:
    """Part of a word is no match, and nobody guesses between two."""
    assert match(name, IDS) is None


def test_an_id_that_exists_is_never_taken_for_a_numbered_copy() -> None:
    """The nearest id is meant."""
    assert match("web2.pcap", ("web", "web2")) == NameMatch("web2", 0)
    assert match("WEB 2.pcap", ("web", "web2")) == NameMatch("web2", 1)


def test_ids_that_differ_in_signs_alone_need_their_own_name() -> None:
    """Between equals only the exact name decides."""
    assert match("a_b.pcap", ("a-b", "a_b")) == NameMatch("a_b", 0)
    assert match("A B.pcap", ("a-b", "a_b")) is None


def test_an_id_may_be_given_twice() -> None:
    """An exercise and its capture often have one id."""
    assert match("WEB.pcap", ("web", "web")) == NameMatch("web", 1)


def test_no_id_no_match() -> None:
    """A lab without captures, and an id without letters."""
    assert match("web.pcap", ()) is None
    assert match("--.pcap", ("-",)) is None


def test_words_read_the_beginning_of_a_long_name_only() -> None:
    """A stranger chooses the name."""
    assert words("a" * 1000 + ".pcap") == ("a" * 255,)


def test_has_ending_knows_those_that_only_captures_have() -> None:
    """With the slips of a keyboard, and compressed."""
    names = ("a.PCAP", "a.pcang ", "a.pcapng.gz", "a.cap", "a.tar.gz", "a.dump", "a.png", "pcap")
    assert [True] * 4 + [False] * 4 == [has_ending(name) for name in names]
