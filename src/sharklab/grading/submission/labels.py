"""Read the labels of answers in a text: which values of which end a label names, and the parts of a line.

"Port local : 51234" and "port que j'ouvre en local -> 51234" say the same. Nothing is guessed: a label with a
word that is neither of a value, nor of an end, nor a little word names nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice

from sharklab.checks.question import End, Value
from sharklab.grading.submission import answers, socket_line

_SERVER = "server serveur dst dest destination distant distante remote foreign peer cible"
_CLIENT = "client local locale localement src source pc ordinateur ordi laptop"
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
    ouvrir connecte connectes connectee connectez connecter connectons connexion cote se s it its uses machine
    machines host hote vm
"""
_OWN = frozenset(["my", "mon", "ma", "mes"])
"""Words of an own thing: they are of the client where no other word names an end."""
_LITTLE = frozenset(_LITTLE_WORDS.split())
_SPELLED = sorted(word for word in TELLING if len(word) > 5)
_LIKENESS = 0.85
"""How near a mistyped word must be to a telling one (difflib)."""
_SIGN = re.compile(r"[-=]+>|[:=→⇒➜]|\s(?:est|is)\s+(?:(?:le|la|the|du)\s+)?")
"""The signs and words between a label and its value."""
_LABELS, _PARTS, _LONGEST = 4, 8, 300
"""Signs and parts of a line that are tried, and characters of a line that may have a label."""
_WITHOUT_SIGN = re.compile(r"(?P<label>.+?)\s+(?P<value>\S*\d\S*)")
"""A label and a value with a number, without a sign between them: port local 51234."""
_BETWEEN = re.compile(r"\s*[,;]\s+|\s+[/|–—-]\s+|\.\s+(?=[^\W\d_a-z])")
"""The signs between several answers on a line."""
_QUOTES = "\"'`“”„«»‘’"
_APART = re.compile(
    r"(?P<address>\d+(?:\.\d+){3})(?:\s*[,;]\s*|\s+(?:/|et|and|on|sur)\s+|\s+)"
    r"(?:(?:le|the)\s+)?(?:port\s+)?(?P<port>\d{1,5})",
    re.IGNORECASE,
)
"""An address and a port that other signs than a colon keep apart."""
_TRANSPORTS = frozenset({"tcp", "udp", "quic"})

Named = tuple[Value, End | None]
"""A value of one end; the transport is of none."""


def find_values(label: str, text: str, other_words: Collection[str] = ()) -> set[Named]:
    """Return the values that a label names before `text`; `other_words` are those of its exercise.

    "Server" before an address is enough, and an address with a port gives both.
    """
    every = {_correct_word(word) for word in words(label)}
    rest = every - _LITTLE - ({*other_words} - TELLING)
    if rest and rest - {"or", "ou"} == {"tcp", "udp"}:
        return {(Value.TRANSPORT, None)}
    ends = {_ENDS[word] for word in rest & _ENDS.keys()} or ({End.CLIENT} if every & _OWN else set())
    if rest - TELLING or len(ends) > 1:
        return set()
    values = {_VALUES[word] for word in rest & _VALUES.keys()}
    if ends and values <= {Value.ADDRESS} and answers.address(text):
        place = socket_line.place(text.strip().rstrip("."))
        values = {Value.ADDRESS, Value.PORT} if not values or (place and place.port) else values
    end = next(iter(ends), None)
    return {(value, None if value is Value.TRANSPORT else end) for value in values}


def is_end(text: str) -> bool:
    """Tell whether a line names one end of a conversation and nothing else: "Côté serveur :"."""
    said = {_correct_word(word) for word in words(text)} - _LITTLE
    return bool(said) and said <= _ENDS.keys() and len({_ENDS[word] for word in said}) == 1


def has_label(line: str) -> bool:
    """Tell whether a line may hold a label: it is short, and has a word that labels have, or a transport."""
    said = words(line) if len(line) <= _LONGEST else ()
    return any(_correct_word(word) in TELLING or word in _TRANSPORTS for word in said)


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
    return [part for part in _BETWEEN.split(line, _PARTS)[:_PARTS] if part.strip()]


def value(text: str) -> str:
    """Return a value without quotes around it, and an address with its port as one: 192.0.2.7, port 22."""
    bare = text.strip().strip(_QUOTES).strip()
    joined = _APART.fullmatch(bare)
    return f"{joined['address']}:{joined['port']}" if joined else bare


def words(text: str) -> tuple[str, ...]:
    """Return the words and numbers of a text in small letters and without accents."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return tuple(re.findall(r"[^\W\d_]+\d*|\d+", bare))


@lru_cache(maxsize=4096)
def _correct_word(word: str) -> str:
    """Return the telling word of which `word` is a slip of the keyboard, or the word itself."""
    if word in TELLING or word in _LITTLE or len(word) < 6:
        return word
    near = [each for each in _SPELLED if each[0] == word[0] and abs(len(each) - len(word)) <= 1]
    return next(iter(get_close_matches(word, near, 1, _LIKENESS)), word)


def _is_transport(line: str) -> bool:
    """Tell whether a line says the transport and nothing else: "C'est du TCP."."""
    left = {*words(line)} - _LITTLE
    return len(left) == 1 and left <= _TRANSPORTS
