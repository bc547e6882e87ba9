"""Translate the texts for students into their language, with gettext catalogues.

The `.po` files under `locale/` are the source and the only thing committed. A
catalogue is compiled by Babel the first time that it is needed and kept in the
state folder under a hash of its source, so that nobody runs a build step, an
edited `.po` counts at once, and a read-only installation works too.

Entries are written by hand. tests/unit/test_i18n.py reads the sources as babel.cfg says. It names the
missing messages, and those that nothing uses any more.
"""

from __future__ import annotations

import gettext
import hashlib
import io
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sharklab import state
from sharklab.errors import InputError, SharklabError
from sharklab.message import N_, Message, Plural

if TYPE_CHECKING:
    from sharklab.lab.model import Text

DOMAIN = "sharklab"
SOURCE = "en"
LOCALE = Path(__file__).with_name("locale")


def languages() -> tuple[str, ...]:
    """Return the codes of the languages that there are: the source's first."""
    return SOURCE, *sorted(file.parts[-3] for file in LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


def choose(option: str | None, environ: Mapping[str, str]) -> str:
    """Return the language to speak: `option` (--lang), else the locale's (locale(7)), else English.

    Raises InputError for an option that names no language of `languages()`.
    """
    if option is not None:
        return _check_language(option)
    locale = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    code = locale.replace("-", "_").partition("_")[0].partition(".")[0].lower()
    return code if code in languages() else SOURCE


def _check_language(code: str) -> str:
    if code not in languages():
        raise InputError(
            N_("{code!r} is not a language that sharklab speaks"),
            place="--lang",
            hint=N_("choose one of: {known}"),
            code=code,
            known=", ".join(languages()),
        )
    return code


class Translator:
    """Speaks one language; `language` is its code."""

    def __init__(self, language: str, catalogue: gettext.NullTranslations) -> None:
        self.language = language
        self.ngettext = catalogue.ngettext
        self._catalogue = catalogue

    def gettext(self, msgid: str) -> str:
        """Return a sentence in this language, in the form that its count asks for."""
        if isinstance(msgid, Plural):
            return self.ngettext(msgid, msgid.many, msgid.number)
        return self._catalogue.gettext(msgid)

    def say(self, message: Message) -> str:
        """Return `message` in words."""
        return message.say(self.gettext)

    def prose(self, text: Text) -> str:
        """Return an author's prose in this language, else in the first that the author wrote."""
        return text.get(self.language) or next(iter(text.values()), "")


@cache
def translator(language: str) -> Translator:
    """Return the translator for `language`. Raises InputError for an unknown language."""
    return Translator(_check_language(language), _catalogue(language))


_KEPT_TOGETHER = re.compile(r" (?=[:;?!%»](?:[\s*)]|$))|(?<=«) ")
"""The spaces beside a French sign; a line never breaks there."""


def _join_signs(text: Any) -> Any:
    """Return the text of a catalogue, or all texts of a plural, with no-break spaces beside French signs."""
    if isinstance(text, str):
        return _KEPT_TOGETHER.sub("\N{NO-BREAK SPACE}", text)
    return tuple(map(_join_signs, text))


@contextmanager
def lent(language: str) -> Iterator[None]:
    """Make Python's process-wide gettext speak `language` in the block; argparse takes its own texts from it.

    gettext.find takes the language from the environment, and the catalogue from a folder with a fixed layout.
    """
    domain, chosen = gettext.textdomain(), os.environ.get("LANGUAGE")
    with tempfile.TemporaryDirectory() as folder:
        if language != SOURCE:
            place = Path(folder, language, "LC_MESSAGES")
            place.mkdir(parents=True)
            (place / f"{DOMAIN}.mo").write_bytes(_compile_catalogue(language))
        gettext.bindtextdomain(DOMAIN, folder)
        gettext.textdomain(DOMAIN)
        os.environ["LANGUAGE"] = language
        try:
            yield
        finally:
            gettext.textdomain(domain)
            os.environ.pop("LANGUAGE")
            if chosen is not None:
                os.environ["LANGUAGE"] = chosen


def _catalogue(language: str) -> gettext.NullTranslations:
    if language == SOURCE:
        return gettext.NullTranslations()
    return gettext.GNUTranslations(io.BytesIO(_compile_catalogue(language)))


def _compile_catalogue(language: str) -> bytes:
    """Return the catalogue of a language, compiled now unless it was before."""
    source = (LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po").read_bytes()
    key = hashlib.sha256(source + repr(_KEPT_TOGETHER).encode()).hexdigest()[:16]
    kept = state.root() / "locale" / f"{language}-{key}.mo"
    try:
        content = kept.read_bytes()
        gettext.GNUTranslations(io.BytesIO(content))
    except (OSError, ValueError, UnicodeDecodeError):
        return _compile(source, kept)
    return content


def _compile(source: bytes, target: Path) -> bytes:
    """Compile a `.po` and keep the result in `target` where that can be written."""
    from babel.messages.mofile import write_mo  # slow to import, needed once per edited catalogue
    from babel.messages.pofile import read_po

    content = io.BytesIO()
    catalogue = read_po(io.BytesIO(source))
    for message in catalogue:
        message.string = _join_signs(message.string)
    write_mo(content, catalogue)
    with suppress(SharklabError):  # a cache that cannot be kept costs time, nothing else
        state.write(state.folder(target.parent) / target.name, content.getvalue())
    return content.getvalue()


def descriptions(file: IO[bytes], *_: Any, **__: Any) -> Iterator[tuple[int, None, str, list[str]]]:
    """Find the descriptions in a JSON schema, which authors read as hints: an extractor for Babel."""
    todo = [json.load(file)]
    while todo:
        part = todo.pop()
        if isinstance(part, list):
            todo += part
        elif isinstance(part, dict):
            todo += part.values()
            if isinstance(text := part.get("description"), str):
                yield 1, None, text, []
