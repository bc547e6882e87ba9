"""States, verdicts and patterns in words: each name has one, and details stay beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sharklab.checks import phrases
from sharklab.evidence.packets import knocks
from sharklab.evidence.packets.knocks import Pattern
from sharklab.i18n import translator
from sharklab.message import Message


@pytest.mark.parametrize(
    ("words", "value", "english", "french"),
    [
        (phrases.step, "one_side", "the FIN of one side", "le FIN d'un côté"),
        (phrases.state, "prohibited", "prohibited", "interdit"),
        (phrases.verdict, "timeout", "timed out", "délai dépassé"),
        (phrases.packets, "syn_rst", "SYN, then RST", "SYN, puis RST"),
        (phrases.packets, "syn_icmp 3/13", "SYN, then ICMP 3/13", "SYN, puis ICMP 3/13"),
        (phrases.pattern, Pattern("syn_rst", 1), "SYN, then RST", "SYN, puis RST"),
        (phrases.pattern, Pattern("syn_rst", 3), "SYN, then RST (×3)", "SYN, puis RST (×3)"),
        (
            phrases.pattern,
            Pattern("udp_icmp", 2, (3, 3)),
            "datagram, then ICMP 3/3 (×2)",
            "datagramme, puis ICMP 3/3 (×2)",
        ),
    ],
)
def test_word_is_said_in_both_languages(
    words: Callable[[Any], Message], value: Any, english: str, french: str
) -> None:
    """The type and the code of ICMP, and how often the client knocked, are added."""
    message = words(value)
    assert (english, french) == (translator("en").say(message), translator("fr").say(message))


def test_either_joins_choices() -> None:
    """One choice is itself."""
    one, two, three = map(Message, ("a", "b", "c"))
    assert ("a", "a or b or c") == (str(phrases.either([one])), str(phrases.either(iter((one, two, three)))))


def test_each_pattern_has_a_word() -> None:
    """What `knocks` may find can be said."""
    names = {value for name, value in vars(knocks).items() if name.isupper() and isinstance(value, str)}
    assert names == set(phrases.PATTERNS)


def test_traffic_counts_each_side() -> None:
    """One byte is no bytes."""
    told = phrases.traffic(phrases.BYTES, 1, 20)
    assert {"client": "1 byte", "server": "20 bytes"} == {side: str(said) for side, said in told.items()}
