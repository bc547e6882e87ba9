"""Read the labels of answers in a text: which values of which end a label names, and the parts of a line.

"Port local : 51234" and "port que j'ouvre en local -> 51234" say the same. Nothing is guessed: a label with a
word that is neither of a value, nor of an end, nor a little word names nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from itertools import islice

from sharklab.checks.question import End, Value
from sharklab.grading.submission import answers, socket_line

_SERVER = """
    server servers serveur serveurs dst dest destination distant distante distants distantes remote foreign
    peer cible
"""
_CLIENT = "client clients local locale locaux locales localement src source pc ordinateur ordi laptop"
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
OWN = frozenset(["my", "mon", "ma", "mes"])
"""Words of an own thing: they are of the client where no other word names an end."""
LITTLE = frozenset(_LITTLE_WORDS.split())
"""Words that change nothing."""
_SHORTEST = 6
"""Letters of a word in which a slip of the keyboard is looked for."""
_SIGN = re.compile(r"[-=]+>|[:=→⇒➜]|\s(?:est|is)\s+(?:(?:le|la|the|du)\s+)?")
"""The signs and words between a label and its value."""
_LABELS, _PARTS, _LONGEST = 4, 8, 300
"""Signs and parts of a line that are tried, and characters of a line that may have a label."""
_DIGIT = re.compile(r"\d")
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
    rest = every - LITTLE - ({*other_words} - TELLING)
    if rest and rest - {"or", "ou"} == {"tcp", "udp"}:
        return {(Value.TRANSPORT, None)}
    ends = {_ENDS[word] for word in rest & _ENDS.keys()} or ({End.CLIENT} if every & OWN else set())
    if rest - TELLING or len(ends) > 1:
        return set()
    values = {_VALUES[word] for word in rest & _VALUES.keys()}
    if (ends or values) and values <= {Value.ADDRESS} and answers.address(text):
        place = next((found for word in text.split() if (found := socket_line.place(word.rstrip(".")))), None)
        values = {Value.ADDRESS, Value.PORT} if not values or (place and place.port) else values
    end = next(iter(ends), None)
    return {(value, None if value is Value.TRANSPORT else end) for value in values}


def end_of(word: str) -> End | None:
    """Return the end that a plain word names, None for another word."""
    return _ENDS.get(word)


def is_end(text: str) -> bool:
    """Tell whether a line names one end of a conversation and nothing else: "Côté serveur :"."""
    said = {_correct_word(word) for word in words(text)} - LITTLE
    return bool(said) and said <= _ENDS.keys() and len({_ENDS[word] for word in said}) == 1


def has_label(line: str) -> bool:
    """Tell whether a line may hold a label: it is short, and has a word that labels have, or a transport."""
    said = words(line) if len(line) <= _LONGEST else ()
    return any(_correct_word(word) in TELLING or word in _TRANSPORTS for word in said)


def has_transport(text: str) -> bool:
    """Tell whether a text has the name of a transport among its words."""
    return not _TRANSPORTS.isdisjoint(words(text))


def is_labelled(line: str) -> bool:
    """Tell whether a line begins with a label of its own and a sign: local_port: 50101."""
    label, sign, _ = line.replace("=", ":").partition(":")
    return bool(sign) and not _DIGIT.search(label) and not TELLING.isdisjoint(words(label))


def pairs(line: str) -> Iterator[tuple[str, str]]:
    """Yield each way in which a line or a part of it may be a label and its value, the likeliest first."""
    for mark in islice(_SIGN.finditer(line), _LABELS):
        yield line[: mark.start()], line[mark.end() :]
    label, _, value = line.strip().rpartition(" ")
    if _is_transport(line):
        yield "transport", " ".join(set(words(line)) & _TRANSPORTS)
    elif label and (_DIGIT.search(value) or (_is_transport(value) and not TELLING.isdisjoint(words(label)))):
        yield label.strip(), value  # port local 51234, protocole tcp


def tells_endpoint(line: str) -> bool:
    """Tell whether a line has a label with an end of a conversation, and its address or port as the value."""
    return any(
        answers.FORMATS[named].canonical(value(text))
        for label, text in (pairs(line) if has_label(line) else ())
        for named, end in find_values(label, text)
        if end
    )


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
    bare = text.casefold()
    if not bare.isascii():
        plain = unicodedata.normalize("NFKD", text).casefold()
        bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return tuple(re.findall(r"[^\W\d_]+\d*|\d+", bare))


def _shorter(word: str) -> Iterator[str]:
    """Yield the word without each of its letters but the first."""
    return (word[:at] + word[at + 1 :] for at in range(1, len(word)))


_FORMS = [
    (form, word) for word in sorted(TELLING) if len(word) >= _SHORTEST for form in (word, *_shorter(word))
]
_SLIPS = {form: [word for other, word in _FORMS if other == form] for form, _ in _FORMS}
"""The longer telling words, by themselves and by each form without a letter."""


def _correct_word(word: str) -> str:
    """Return the telling word of which `word` is a slip of the keyboard, or the word itself.

    A slip is a letter too many or one too few; in a word of seven letters or more also another letter, or
    two letters in the other order. The first letter is right. It costs one look in a table for each letter,
    since a page may have many words that nobody knows.
    """
    if len(word) < _SHORTEST or word in TELLING or word in LITTLE:
        return word
    near = (known for form in (word, *_shorter(word)) for known in _SLIPS.get(form, ()))
    return next((known for known in near if _is_slip(word, known)), word)


def _is_slip(word: str, known: str) -> bool:
    """Tell whether a word, which is `known` but for a letter in each, is so by one slip."""
    if len(word) != len(known):
        return True
    other = [(a, b) for a, b in zip(word, known, strict=True) if a != b]
    return len(word) > _SHORTEST and (len(other) == 1 or (len(other) == 2 and other[0] == other[1][::-1]))


def _is_transport(line: str) -> bool:
    """Tell whether a line says the transport and nothing else: "C'est du TCP."."""
    left = {*words(line)} - LITTLE
    return len(left) == 1 and left <= _TRANSPORTS
