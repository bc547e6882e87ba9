"""How the command line speaks: text for people, or JSON for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

from sharklab import i18n, untrusted
from sharklab.cli.options import Options
from sharklab.message import Message

SCHEMA = "sharklab/1"
"""The version of the envelope of `--output json`."""


def envelope(verb: str, **content: Any) -> dict[str, Any]:
    """Return the object that `--output json` prints for `verb`: schema name, verb and content."""
    return {"schema": SCHEMA, "verb": verb, **content}


def say(args: Options, text: str, **content: Any) -> None:
    """Print `content` as JSON when a script reads, else `text`; words of hosts may be a part of it."""
    if getattr(args, "output", "text") == "json":
        print(json.dumps(envelope(args.verb, **content), ensure_ascii=False, indent=1))
    elif text:
        print(untrusted.visible(text))


def warn(args: Options, sentences: Iterable[Message]) -> None:
    """Print sentences on standard error, in the reader's language."""
    for sentence in sentences:
        print(untrusted.visible(translate(args).say(sentence)), file=sys.stderr)


def translate(args: Options) -> i18n.Translator:
    """Return the translator for the language of the reader."""
    return i18n.translator(args.language)


def languages(args: Options) -> tuple[str, ...]:
    """Return the report's languages: all, the reader's first."""
    return (args.language, *(language for language in i18n.languages() if language != args.language))
