"""Read the labels of answers in a text: which values of which end a label names, and the parts of a line.

"Port local : 51234" and "port que j'ouvre en local -> 51234" say the same. Nothing is guessed: a label with a
word that is neither of a value, nor of an end, nor a little word names nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from itertools import islice

from sharklab.checks.question import End, Value
from sharklab.grading.submission import answers, pasted

_SERVER = "server serveur dst dest destination distant distante remote foreign peer cible"
_CLIENT = "client local locale localement src source"
_ENDS: Mapping[str, End] = {
    **dict.fromkeys(_SERVER.split(), End.SERVER),
    **dict.fromkeys(_CLIENT.split(), End.CLIENT),
}
_VALUES: Mapping[str, Value] = {
    **dict.fromkeys(("ip", "ipv4", "ipv6", "address", "adresse", "addr"), Value.ADDRESS),
    **dict.fromkeys(("port", "ports"), Value.PORT),
    **dict.fromkeys(("transport", "protocol", "protocole", "proto"), Value.TRANSPORT),
}
TELLING = _ENDS.keys() | _VALUES.keys()
"""The words that name a value or an end."""
_LITTLE_WORDS = """
    the of a an de du des d l le la les et and number numero no n to on in for by my your our which that we i
    you is used use opened open connect connected connecting connects connection side
    au aux en sur par pour mon ma mes son sa votre notre ce cet cette ces c j je on nous vous me qui que quel
    quelle auquel laquelle lequel est sont utilise utilisee utiliser ouvre ouvrez ouvrons ouvert ouverte
    ouvrir connecte connectes connectee connectez connecter connectons connexion cote se
"""
_LITTLE = frozenset(_LITTLE_WORDS.split())
_SPELLED = sorted(word for word in TELLING if len(word) > 5)
_LIKENESS = 0.85
"""How near a mistyped word must be to a telling one (difflib)."""
_SIGN = re.compile(r"[-=]+>|[:=→⇒➜]")
"""The signs between a label and its value."""
_LABELS = 4
"""Signs of a line that are tried."""
_WITHOUT_SIGN = re.compile(r"(?P<label>.+?)\s+(?P<value>\S*\d\S*)")
"""A label and a value with a number, without a sign between them: port local 51234."""
_BETWEEN = re.compile(r"\s*[,;]\s+|\s+[/|–—-]\s+")
"""The signs between several answers on a line."""
_TRANSPORTS = frozenset({"tcp", "udp", "quic"})

Named = tuple[Value, End | None]
"""A value of one end; the transport is of none."""


def named(label: str, text: str, other_words: Collection[str] = ()) -> set[Named]:
    """Return the values that a label names before `text`; `other_words` are those of its exercise.

    "Server" before an address is enough, and an address with a port gives both.
    """
    said = {_corrected(word) for word in words(label)} - _LITTLE
    rest = said - ({*other_words} - TELLING)
    if rest and rest - {"or", "ou"} == {"tcp", "udp"}:
        return {(Value.TRANSPORT, None)}
    ends = {_ENDS[word] for word in rest & _ENDS.keys()}
    if rest - TELLING or len(ends) > 1:
        return set()
    values = {_VALUES[word] for word in rest & _VALUES.keys()}
    if ends and values <= {Value.ADDRESS} and answers.address(text):
        place = pasted.place(text.strip().rstrip("."))
        values = {Value.ADDRESS, Value.PORT} if not values or (place and place.port) else values
    end = next(iter(ends), None)
    return {(value, None if value is Value.TRANSPORT else end) for value in values}


def is_end(text: str) -> bool:
    """Tell whether a line names one end of a conversation and nothing else: "Côté serveur :"."""
    said = {_corrected(word) for word in words(text)} - _LITTLE
    return bool(said) and said <= _ENDS.keys() and len({_ENDS[word] for word in said}) == 1


def pairs(line: str) -> Iterator[tuple[str, str]]:
    """Yield each way in which a line or a part of it may be a label and its value, the likeliest first."""
    for mark in islice(_SIGN.finditer(line), _LABELS):
        yield line[: mark.start()], line[mark.end() :]
    if _is_transport(line):
        yield "transport", " ".join(set(words(line)) & _TRANSPORTS)
    elif said := _WITHOUT_SIGN.fullmatch(line):
        yield said["label"], said["value"]


def parts(line: str) -> list[str]:
    """Return the parts of a line that may be answers of their own: port dst : 22 / port src : 50101.

    Labels and values may be in two rows: port dst / port src : 22 / 50101.
    """
    label, sign, value = line.partition(":")
    both = [[part.strip() for part in text.split("/")] for text in (label, value)]
    if sign and 1 < len(both[0]) == len(both[1]):
        return [f"{name}: {said}" for name, said in zip(*both, strict=True)]
    return [part for part in _BETWEEN.split(line) if part.strip()]


def words(text: str) -> tuple[str, ...]:
    """Return the words and numbers of a text in small letters and without accents."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return tuple(re.findall(r"[^\W\d_]+\d*|\d+", bare))


def _corrected(word: str) -> str:
    """Return the telling word of which `word` is a slip of the keyboard, or the word itself."""
    if word in TELLING or word in _LITTLE or len(word) < 6:
        return word
    return next(iter(get_close_matches(word, _SPELLED, 1, _LIKENESS)), word)


def _is_transport(line: str) -> bool:
    """Tell whether a line says the transport and nothing else: "C'est du TCP."."""
    left = {*words(line)} - _LITTLE
    return len(left) == 1 and left <= _TRANSPORTS
