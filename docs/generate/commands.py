"""The page docs/commands.md: every verb of the command line, from `sharklab.cli`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from typing import Any

from docs.generate.markdown import code, fill, link, table
from sharklab.cli.grammar import VERBS, Verb
from sharklab.cli.options import OPTIONS

COLUMNS = ("option", "value", "meaning", "default")
USED = {"*": "[{} ...]", "+": "{} ...", "?": "[{}]", argparse.REMAINDER: "[{} ...]", None: "{}"}
"""How a usage line shows a value that may come once, several times or not at all (argparse's `nargs`)."""
OF_ENVIRONMENT = {"os": "`$SHARKLAB_OS`, or `auto`"}
"""Defaults that depend on the reader's environment, which this page must not."""
DEFAULT = re.compile(r" \(default: (.*)\)$")
"""The end of a help text that tells the default in words."""


def page(text: str) -> str:
    """Return the page with its tables of verbs and options filled in."""
    text = fill(text, "common", table(COLUMNS, [_row("lang")]))
    index = ([link(name), verb.help] for name, verb in VERBS.items())
    text = fill(text, "index", table(("verb", "what it does"), index))
    return fill(text, "verbs", (line for name, verb in VERBS.items() for line in _section(name, verb)))


def _section(name: str, verb: Verb) -> Iterator[str]:
    yield from (f"## {name}", "", verb.help, "", "```", usage(name, verb), "```", "")
    yield from (f"Example: `./sharklab {verb.example}`", "")
    yield from (*table(COLUMNS, map(_row, verb.options)), "")


def usage(name: str, verb: Verb) -> str:
    """Return the usage line of a verb: its arguments and needed options, and whether it has others."""
    words = ["./sharklab", name]
    more = False
    for option in verb.options:
        flags, settings = OPTIONS[option]
        if not flags[0].startswith("-"):
            words.append(USED[settings.get("nargs")].format(settings["metavar"]))
        elif settings.get("required"):
            words.append(f"{flags[0]} {settings['metavar']}")
        else:
            more = True
    return " ".join([*words, "[options]"] if more else words)


def _row(option: str) -> tuple[str, ...]:
    flags, settings = OPTIONS[option]
    meaning = DEFAULT.sub("", settings["help"])
    if not flags[0].startswith("-"):
        return code(settings["metavar"]), "", meaning, _default(option)
    return ", ".join(map(code, flags)), _value(settings), meaning, _default(option)


def _value(settings: Mapping[str, Any]) -> str:
    choices = settings.get("choices", ())
    if not choices and settings.get("metavar", "").startswith("{"):
        choices = settings["metavar"].strip("{}").split(",")
    return ", ".join(map(code, choices or filter(None, [settings.get("metavar")])))


def _default(option: str) -> str:
    flags, settings = OPTIONS[option]
    if told := DEFAULT.search(settings["help"]):
        return str(told[1])
    is_argument = not flags[0].startswith("-")
    if settings.get("required") or (is_argument and settings.get("nargs") in (None, "+")):
        return "required"
    if option in OF_ENVIRONMENT:
        return OF_ENVIRONMENT[option]
    value = settings.get("default")
    if isinstance(value, float):
        return code(f"{value:g}")
    return code(value) if value else ""
