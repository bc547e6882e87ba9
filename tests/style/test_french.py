"""French has one word and one form for one thing: the rules of docs/architecture.md, "In French"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest
import yaml
from babel.messages.pofile import read_po

from sharklab import i18n
from sharklab.cli.grammar import GROUPS, VERBS
from sharklab.cli.options import OPTIONS
from sharklab.paths import ROOT

CATALOGUE = i18n.LOCALE / "fr" / "LC_MESSAGES" / "sharklab.po"
SECTION = re.compile(r"^### In French$(.*?)^## ", re.MULTILINE | re.DOTALL)
ROW = re.compile(
    r"^\| (?!word)(?P<word>[\w, ]+) \| (?P<french>[^|]+) \| (?P<refused>[^|]+) \|$", re.MULTILINE
)
FIXED = re.compile(r"clés? d'hôte|Sonde ARP|Sonde d'une fenêtre|machines? virtuelles?|\{\w+\}|`[^`]*`")
"""Terms of SSH, ARP and TCP, fields and code, which no rule reads."""
INFINITIVE = re.compile(r"(?:[bcdfglmnprstuvy]er|[^y]ir|ttre|[ae]ndre|crire|[aldfu]ire)$")
CODE = re.compile(r"```.*?```|`[^`]*`|\{[{%].*?[%}]\}", re.DOTALL)


@cache
def _catalogue() -> tuple[tuple[str, str], ...]:
    """Return the English and the French of each text of the catalogue, plurals as texts of their own."""
    found: list[tuple[str, str]] = []
    with CATALOGUE.open("rb") as file:
        for message in read_po(file, locale="fr"):
            ids = message.id if isinstance(message.id, tuple | list) else [message.id]
            texts = message.string if isinstance(message.string, tuple | list) else [message.string]
            found += [(ids[-1], str(text)) for text in texts if ids[-1]]
    return tuple(found)


@cache
def _labs() -> tuple[tuple[str, str], ...]:
    """Return the English and the French of each text of the labs and of the catalogue of faults."""
    files = (*ROOT.glob("labs/*/lab.yml"), *ROOT.glob("roles/faults/catalogue/*/meta.yml"))
    return tuple(pair for file in files for pair in _pairs(yaml.load(file.read_text(), yaml.CSafeLoader)))


def _pairs(node: object) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for each in node:
            yield from _pairs(each)
    elif isinstance(node, dict):
        if isinstance(node.get("fr"), str):
            yield str(node.get("en")), node["fr"]
        for each in node.values():
            yield from _pairs(each)


def _rows() -> list[dict[str, str]]:
    section = SECTION.search((ROOT / "docs" / "architecture.md").read_text())
    assert section is not None
    return [row.groupdict() for row in ROW.finditer(section[1])]


def _pattern(words: str) -> re.Pattern[str]:
    """Return a pattern of whole words, singular or plural, that are listed with commas between."""
    listed = "|".join(re.escape(word.strip()).replace("\\ ", r"\s+") + "e?s?" for word in words.split(","))
    return re.compile(rf"\b(?:{listed})\b", re.IGNORECASE)


def _refused(row: dict[str, str], texts: tuple[tuple[str, str], ...]) -> list[str]:
    word, refused = _pattern(row["word"]), _pattern(row["refused"])
    return [
        f"{english!r}: {french!r}"
        for english, french in texts
        if word.search(english) and refused.search(FIXED.sub(" ", french))
    ]


@pytest.mark.parametrize("row", _rows(), ids=lambda row: row["word"])
def test_french_has_one_word_for_one_thing(row: dict[str, str]) -> None:
    """No text of the program, of a lab or of a fault has a word that the table of terms refuses."""
    assert [] == _refused(row, (*_catalogue(), *_labs()))


def test_table_of_terms_refuses_its_words_alone() -> None:
    """A refused word is found in both numbers, where English has the word, and not within a fixed term."""
    row = {"word": "host", "refused": "hôte"}
    texts = (("two hosts", "deux hôtes"), ("a ghost", "un hôte"), ("a host key", "une clé d'hôte"))
    assert ["'two hosts': 'deux hôtes'"] == _refused(row, texts)
    assert len(_rows()) > 20


def _helps() -> Iterator[str]:
    yield from (verb.help for verb in VERBS.values())
    yield from GROUPS.values()
    yield from (str(keywords["help"]) for _, keywords in OPTIONS.values() if keywords.get("help"))


def test_helps_are_in_the_third_person() -> None:
    """The help of no verb and no option begins with an infinitive: `Démarre un poste`."""
    french = dict(_catalogue())
    helps = {french[text].partition(" ")[0]: french[text] for text in _helps() if text in french}
    assert len(helps) > 40
    assert [] == [text for word, text in helps.items() if INFINITIVE.search(word)]


@pytest.mark.parametrize(
    ("word", "wanted"),
    [("Démarrer", True), ("Écrire", True), ("Remettre", True), ("montre", False), ("retire", False)],
)
def test_infinitive_is_known_by_its_end(word: str, wanted: bool) -> None:
    """An infinitive is found, and a verb in the third person is not."""
    assert wanted == bool(INFINITIVE.search(word))


def test_french_signs_have_their_space() -> None:
    """`;`, `!`, `?` and `»` follow a space, `«` is before one; it has plain spaces and apostrophes."""
    briefs = tuple(("", path.read_text()) for path in ROOT.glob("labs/*/brief.fr.md.j2"))
    wrong = re.compile(r"[^\s!?.(][;!?»](?=[\s)*]|$)|«(?! )|[’\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]")
    texts = [CODE.sub(" ", french) for _, french in (*_catalogue(), *_labs(), *briefs)]
    assert [] == [found[0] for text in texts for found in re.finditer(rf".*?(?:{wrong.pattern})", text)]


def test_catalogue_has_each_message_once() -> None:
    """A message that is there twice would be read as both translations, one after the other."""
    blocks = CATALOGUE.read_text().split("\n\n")
    ids = [block[block.index("msgid ") :].partition("\nmsgstr")[0] for block in blocks if "msgid " in block]
    assert [] == sorted({each for each in ids if ids.count(each) > 1})
