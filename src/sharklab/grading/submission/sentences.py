"""Read sentences about a conversation: which end has which address and port, and which transport it has.

"My laptop 192.0.2.7 talked from port 50101 to 443 of 198.51.100.9 over TCP." Words before a value name its
end (from, depuis, my laptop; to, vers, the server), and a noun behind it does too (of the server, de mon PC).
Nothing is guessed: a sentence with a negation or a question, or with two values for one thing, says nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from sharklab.checks.question import End, Value
from sharklab.grading.submission import labels, socket_line

_LONGEST = 2000
"""Characters of a paragraph that are read."""
_SENTENCE = re.compile(r"(?<=[.!?;])\s+")
_WORD = re.compile(r"[^\s,;()\"'’«»“”]+")
_PORT_OF = re.compile(r"(?P<port>\d{1,5})/(?P<transport>tcp|udp)", re.IGNORECASE)
_FROM = frozenset({"from", "depuis", "avec", "with", "using"})
_TO = frozenset({"to", "towards", "vers", "à", "au", "aux", "auquel"})
_CONNECTS = re.compile(r"(?:re)?(?:connect|contact|joi(?:n|gn)|reach)[a-zéè]*")
_LISTENS = re.compile(r"listen(?:s|ing)?|écoute(?:nt)?|ecoute(?:nt)?|en-écoute")
_OF = frozenset({"of", "de", "du", "d", "on", "sur", "at"})
_SELF = frozenset({"i", "we", "je", "j", "nous"})
_OWN_THINGS = frozenset({"machine", "host", "hôte", "poste", "portable", "mac", "téléphone", "phone", "vm"})
_STRANGER_NAMES = "dns box passerelle gateway routeur router proxy vpn firewall pare-feu dhcp nat"
_STRANGERS = frozenset(_STRANGER_NAMES.split())
"""Things with addresses of their own that are neither end."""
_NOT = "pas not aucun aucune never jamais lieu instead plutôt rather sauf except don doesn isn wasn didn"
_NEGATIONS = frozenset(_NOT.split())
_TRANSPORTS: Mapping[str, str] = {"tcp": "TCP", "udp": "UDP", "quic": "UDP"}
_IS = frozenset({"est", "is"})
_WAS = frozenset({"était", "etait", "étaient", "was", "were", "vaut", "soit"})
_PLACE = (Value.ADDRESS, Value.PORT)
_SHORT = 12
"""Words of a sentence that may tell the transport alone."""
_BETWEEN = frozenset({"and", "et", "in", "en", "over"})
_RESERVED = 512
"""Clients of NFS take a port from here to 1023, which only root may (bindresvport(3))."""
_NEARBY = 6
"""Words between "I" and a port that is then the client's: I use port 50101."""


def values(text: str, own_words: Collection[str] = ()) -> Iterator[Mapping[labels.Named, str]]:
    """Yield the values in each sentence of `text`; `own_words` are those that name its exercise."""
    for sentence in _SENTENCE.split(text[:_LONGEST]):
        words = _WORD.findall(sentence)
        said = {word.casefold().rstrip(".:!?") for word in words}
        if not said & _NEGATIONS and "?" not in sentence:
            reader = _Sentence(_STRANGERS - {*own_words})
            for at, word in enumerate(words):
                reader.read(word, words[at + 1 : at + 2])
            if found := reader.result():
                yield found


@dataclass
class _Told:
    """A value that a sentence tells, and its end; `sure` when a noun names the end."""

    value: Value
    text: str
    end: End | None
    sure: bool
    joined: bool = False
    """An address and a port in one word."""


@dataclass
class _Sentence:
    """A sentence as it is read, word by word."""

    strangers: Collection[str]
    told: list[_Told] = field(default_factory=list)
    transports: set[str] = field(default_factory=set)
    end: End | None = None
    sure: bool = False
    after_port: bool = False
    """The words since "port" leave open which one it is."""
    after_sign: bool = False
    """The word before is one of direction: to 443."""
    of_value: list[_Told] | None = None
    """The values just before, to which a noun may belong; None after other words."""
    is_joined: bool = False
    """Such a word as "of" stands behind these values."""
    is_noun: bool = False
    """The word before names an end, but for little words between them."""
    since_self: int = _NEARBY
    mine: bool = False
    strange: bool = False
    """The sentence is about another thing, too."""
    count: int = 0

    def read(self, raw: str, following: Sequence[str]) -> None:
        """Take a word, which has the word `following` it."""
        word = raw.rstrip(".:!?=").casefold()
        after_sign, self.after_sign = self.after_sign, False
        self.since_self += 1
        self.count += 1
        if not word or self._value(word, following, after_sign):
            return
        if end := End.CLIENT if word == "moi" else self._noun(word, following):
            self._name(end, sure=True)
        elif word in self.strangers:
            self.strange = True
            self._name(None, sure=True)
        elif word in _FROM or word in _TO or _CONNECTS.fullmatch(word):
            self.end, self.sure = (End.CLIENT if word in _FROM else End.SERVER), False
            self.of_value, self.after_sign, self.is_noun = None, True, False
        else:
            self._other(word)

    def _other(self, word: str) -> None:
        """Take a word that names no end by itself."""
        if word in ("port", "ports"):
            if self.mine or (self.end is None and not self.sure and self.since_self <= _NEARBY):
                self.end, self.sure = End.CLIENT, False
            self.after_port, self.of_value = True, None
        elif word in _OF:
            self.is_joined = self.of_value is not None
        elif self.mine and word in _OWN_THINGS:
            self._name(End.CLIENT, sure=True)
        elif word in _SELF:
            self.since_self = 0
        elif word in labels.OWN:
            self.mine = True
            return
        elif word not in labels.LITTLE and word not in _WAS:
            self.after_port, self.of_value = self.after_port and word in labels.TELLING, None
            self.is_noun = False
        self.mine = False

    def _noun(self, word: str, following: Sequence[str]) -> End | None:
        """Return the end that a word names; of an exercise about DNS "the DNS is" names the server."""
        if word == "dns" and word not in self.strangers and {*following} & _IS and not self.is_noun:
            return End.SERVER
        return End.SERVER if _LISTENS.fullmatch(word) else labels.end_of(_plain(word))

    def _name(self, end: End | None, *, sure: bool) -> None:
        """Take a noun: it names the end of the values before it, and of those that follow.

        Two nouns side by side name none: the server and the client.
        """
        end = None if self.is_noun and self.end is not end else end
        for told in self.of_value or () if self.is_joined else ():
            told.end, told.sure = end, sure
        self.end, self.sure, self.of_value, self.mine, self.is_noun = end, sure, None, False, True

    def _value(self, word: str, following: Sequence[str], after_sign: bool) -> bool:
        """Take a value; tell whether the word is one."""
        if word in _TRANSPORTS:
            self.transports.add(_TRANSPORTS[word])
            return True
        if found := _PORT_OF.fullmatch(word):
            self.transports.add(found["transport"].upper())
            return self._tell([(Value.PORT, found["port"])])
        place = socket_line.place(word)
        if place and place.address and place.port:
            return self._tell([(Value.ADDRESS, place.address), (Value.PORT, place.port)])
        if address := socket_line.address(word.partition("/")[0].strip("[]")):
            return self._tell([(Value.ADDRESS, address)])
        port = socket_line.port(word)
        is_port = self.after_port or (after_sign and word.isdigit() and _ends_here(following))
        return bool(port and is_port) and self._tell([(Value.PORT, port or "")])

    def _tell(self, values: Sequence[tuple[Value, str]]) -> bool:
        told = [_Told(value, text, self.end, self.sure, len(values) > 1) for value, text in values]
        self.told += told
        self.of_value = [*(self.of_value or ()), *told]
        self.is_joined = self.after_port = self.mine = self.is_noun = False
        return True

    def result(self) -> Mapping[labels.Named, str]:
        """Return the values by kind and end; nothing where two contradict each other.

        An endpoint that no word names is the server's, if its port is none of a client. A short sentence may
        tell the transport alone.
        """
        for address, port in pairwise(self.told):
            is_place = (address.value, port.value, address.end, port.end) == (*_PLACE, None, None)
            if is_place and port.joined and not address.sure and not socket_line.is_high(port.text):
                address.end = port.end = End.SERVER
        every: dict[labels.Named, set[str]] = {}
        for told in self.told:
            every.setdefault((told.value, told.end), set()).add(told.text)
        named = {key: each for key, each in every.items() if key[1]}
        is_short = not self.told and not self.strange and self.count <= _SHORT
        if any(len(each) > 1 for each in named.values()) or not (named or is_short) or not self._is_likely():
            return {}
        said = {key: each.pop() for key, each in named.items()}
        if len(self.transports) == 1:
            said[Value.TRANSPORT, None] = min(self.transports)
        return said

    def _is_likely(self) -> bool:
        """Tell whether the ports can be of these ends: a client's is high, or one of root's programs."""
        ports = {told.end: told for told in self.told if told.value is Value.PORT}
        client, server = ports.get(End.CLIENT), ports.get(End.SERVER)
        if client is None or socket_line.is_high(client.text):
            return True
        is_high = server is not None and socket_line.is_high(server.text)
        return client.sure and int(client.text) >= _RESERVED and not is_high


def _ends_here(following: Sequence[str]) -> bool:
    """Tell whether a number without the word "port" may be one: it is no count of the thing behind it."""
    word = following[0].rstrip(".:!?").casefold() if following else ""
    return (
        not word
        or word in _OF | _FROM | _TO | _TRANSPORTS.keys()
        or word in ("and", "et", "in", "en", "over")
    )


def _plain(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
