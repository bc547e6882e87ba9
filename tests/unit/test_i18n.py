"""Languages: which one is spoken, how messages become words, and that French is whole."""

from __future__ import annotations

import ast
import gettext
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from sharklab import i18n
from sharklab.errors import InputError
from tests.support.errors import error_of

ROOT = Path(__file__).resolve().parents[2]


pytestmark = pytest.mark.usefixtures("own_state")
"""Compiled catalogues of a test stay in its own folder."""


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "fr"}, "fr"),
        ({"LANG": "fr_FR.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "fr_CA"}, "fr"),
        ({"LANG": "fr_FR", "LC_ALL": ""}, "fr"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_choose_without_option_takes_the_locale(environ: dict[str, str], language: str) -> None:
    """The first variable that is set counts, and English stands in for languages that are not there."""
    assert language == i18n.choose(None, environ)


def test_choose_with_option_overrides_the_locale() -> None:
    """--lang wins."""
    assert i18n.choose("en", {"LANG": "fr_FR.UTF-8"}) == "en"


def test_choose_with_unknown_option_names_the_languages() -> None:
    """A language that is not there is bad input, and the message says which are."""
    error = error_of(InputError, i18n.choose, "tlh", {})
    assert ("--lang", {"code": "tlh", "known": "en, fr"}) == (error.place, error.values)


def test_translator_keeps_what_it_compiled(tmp_path: Path) -> None:
    """The second start reads the compiled catalogue and does not compile."""
    i18n.translator("fr")
    [compiled] = (tmp_path / "state" / "locale").glob("fr-*.mo")
    stamp = compiled.stat().st_mtime_ns
    i18n.translator.cache_clear()
    assert i18n.translator("fr").gettext("Summary") == "Bilan"
    assert compiled.stat().st_mtime_ns == stamp


def test_translator_never_lets_a_line_break_before_a_sign() -> None:
    """French has a no-break space before a colon; a colon of a command stays as it is."""
    speak = i18n.translator("fr")
    assert speak.gettext("Captures:") == "Captures\N{NO-BREAK SPACE}:"
    assert "lab_address: " in speak.gettext(
        "give each machine its address on the lab's network, as in lab_address: 192.168.56.11"
    )


def test_translator_mends_a_damaged_catalogue(tmp_path: Path) -> None:
    """Half a file is compiled anew."""
    i18n.translator("fr")
    [compiled] = (tmp_path / "state" / "locale").glob("fr-*.mo")
    compiled.write_bytes(b"half")
    i18n.translator.cache_clear()
    assert i18n.translator("fr").gettext("Summary") == "Bilan"


def test_translator_without_a_place_to_write_still_speaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be kept, French is compiled each time."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "file" / "state"))
    assert i18n.translator("fr").gettext("Summary") == "Bilan"


@pytest.mark.parametrize("before", [None, "de"])
def test_lent_speaks_in_its_block_alone(before: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other users of Python's gettext, and programs that are started, keep their language."""
    monkeypatch.delenv("LANGUAGE", raising=False)
    if before:
        monkeypatch.setenv("LANGUAGE", before)
    with i18n.lent("fr"):
        inside = gettext.gettext("positional arguments")
    after = gettext.gettext("positional arguments")
    assert ("arguments ", "positional arguments", before) == (inside, after, os.environ.get("LANGUAGE"))


def test_lent_without_a_place_to_write_still_speaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be kept, argparse is French all the same."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "file" / "state"))
    with i18n.lent("fr"):
        assert "arguments " == gettext.gettext("positional arguments")


SPOKEN = {"InputError", "MachineryError", "Busy", "SharklabError", "Message", "fault", "unknown"}
"""The calls that take a sentence, and some also a hint, for a reader."""


def _built(file: Path) -> Iterator[str]:
    """Yield the places of sentences that are put together before they could be translated."""
    for call in ast.walk(ast.parse(file.read_text())):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in SPOKEN:
            hints = [word.value for word in call.keywords if word.arg == "hint"]
            for text in (*call.args, *hints):
                if isinstance(text, ast.JoinedStr | ast.BinOp):
                    yield f"{file.relative_to(ROOT)}:{text.lineno}"


def test_sentences_are_translated_before_their_values_are_put_in() -> None:
    """No sentence is an f-string: no catalogue could have it."""
    files = sorted((ROOT / "src").rglob("*.py"))
    assert [place for file in files for place in _built(file)] == []


@cache
def _extracted() -> Catalog:
    """Return every message that the sources mark for translation."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    keywords = {"N_": None, "_": None, "gettext": None, "ngettext": (1, 2), "NN_": (1, 2)}
    catalog = Catalog()
    for _, _, msgid, _, _ in extract_from_dir(ROOT, methods, options, keywords):
        catalog.add(msgid)
    return catalog


def _french() -> Catalog:
    with (i18n.LOCALE / "fr" / "LC_MESSAGES" / "sharklab.po").open("rb") as file:
        return read_po(file, locale="fr")


def test_french_lacks_no_message() -> None:
    """Every message of the sources has a French translation, in each of its plural forms."""
    french = _french()
    lacking = [m.id for m in _extracted() if m.id and not _is_whole(french.get(m.id))]
    assert lacking == []


def test_french_has_no_obsolete_message() -> None:
    """A message that no source marks any more is removed from the catalogue with its translation."""
    known = _extracted()
    assert [] == [m.id for m in _french() if m.id and known.get(m.id) is None]


def _is_whole(message: object) -> bool:
    string = getattr(message, "string", "")
    return all(string) if isinstance(string, tuple | list) else bool(string)


def test_french_has_the_fields_of_english() -> None:
    """A translation uses just the fields of its message."""
    wrong = [
        m.id
        for m in _french()
        if m.id and {_fields(t) for t in _texts(m.string)} - {_fields(_texts(m.id)[0])}
    ]
    assert wrong == []


def _texts(value: object) -> list[str]:
    return [str(text) for text in value] if isinstance(value, tuple | list) else [str(value)]


def _fields(text: str) -> frozenset[str]:
    """Return the fields of both kinds of message: {name}, and %(name)s in templates."""
    return frozenset(re.findall(r"\{(\w+)[!:}]|%\((\w+)\)", text))


COUNTED = re.compile(
    r"\{(?!most|many|limit)\w+(?::\w*)?\} (?:more |other |additional )?(?:"
    r"bytes|captures|cells|characters|commands|connections|conversations|datagrams|days|digits|exercises|faults|"
    r"files|folders|grades|hints|hosts|instances|keys|lines|links|machines|members|minutes|networks|options|"
    r"packages|packets|people|points|ports|problems|processes|processors|questions|results|rows|seats|seconds|"
    r"students|submissions|terminals|tools|units|words)\b"
)
"""A field before a plural: it may be one. {most}, {many} and {limit} never are."""


def test_no_number_stands_before_a_plural_in_a_sentence_of_one_form() -> None:
    """`NN_` has both forms, so nobody reads "1 packets"."""
    assert [] == [m.id for m in _extracted() if isinstance(m.id, str) and COUNTED.search(m.id)]
