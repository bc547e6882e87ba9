"""The commands that a page of the documentation shows with their output, typed for real.

A block of `console` has commands after `$ `, each with its output. A command that ends with ` &` goes on:
below it stands its output so far, and below `$ wait` the rest.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sharklab import paths

LIMIT = 300
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MOVING = (
    (re.compile(r"\d+\.\d+\.\d+\.\d+(:\d+)?"), "ADDRESS"),
    (re.compile(r"\b(?=[a-f]*\d)[0-9a-f]{8}\b"), "DIGITS"),
    (re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?( \(UTC.\d\d:\d\d\))?"), "TIME"),
    (re.compile(r"\d+(\.\d+)? (s|min|KiB|MiB)\b"), r"NUMBER \2"),
    (re.compile(r" {2,}"), "  "),
)
"""Parts of an output that differ from seat to seat, and the width of a column."""

SLOW = re.compile(r"\[ *\d+(\.\d+)? s\] ")
"""The start of a line that says how far the work is. Only slow work has such lines, so a page has none."""


@dataclass(frozen=True)
class TypedCommand:
    """A command of an example, and its output on the page."""

    words: str
    output: tuple[str, ...]


def commands(page: str) -> list[TypedCommand]:
    """Return the commands of the first example of a page."""
    found = BLOCK.search((paths.ROOT / "docs" / page).read_text(encoding="utf-8"))
    assert found, f"{page} has no block of console"
    words, *outputs = re.split(r"^\$ ", found[1], flags=re.MULTILINE)
    assert not words and outputs, f"{page}: an example begins with a command"
    return [TypedCommand(first, tuple(rest)) for first, *rest in (each.splitlines() for each in outputs)]


def replay(
    page: str, folder: Path, env: Mapping[str, str], names: Mapping[str, str], lab: tuple[str, str] = ("", "")
) -> Iterator[tuple[list[str], list[str]]]:
    """Type the commands of a page in `folder`; yield of each its lines on the page, and those that it prints.

    `names` has the words to type for those of the page: its students, its lab. `lab` has the name of the
    page's lab, and the name that is printed here.
    """
    program = folder / "sharklab"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m sharklab "$@"\n')
    program.chmod(0o700)
    own = {**os.environ, "PYTHONPATH": str(paths.ROOT / "src"), "LC_ALL": "C.UTF-8", **env}
    going: subprocess.Popen[str] | None = None
    for typed in commands(page):
        if typed.words == "wait":
            assert going
            printed = going.communicate(timeout=LIMIT)[0].splitlines()
        else:
            process = _start(_replace(typed.words.removesuffix(" &"), names), folder, own)
            if typed.words.endswith(" &"):
                going = process
                printed = [_line(process) for _ in typed.output]
            else:
                printed = process.communicate(timeout=LIMIT)[0].splitlines()
        back = {theirs: ours for ours, theirs in [*names.items(), lab] if theirs}
        lines = [_settle(_replace(line, back)) for line in printed if not SLOW.match(line)]
        yield [_settle(line) for line in typed.output], lines


def _start(words: str, folder: Path, env: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["bash", "-c", words],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().rstrip("\n")


def _replace(text: str, names: Mapping[str, str]) -> str:
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, names[name])
    return text


def _settle(line: str) -> str:
    """Return a line of output with a word for each part that moves."""
    for pattern, word in MOVING:
        line = pattern.sub(word, line)
    return line.rstrip()
