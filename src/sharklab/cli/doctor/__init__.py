"""Tell what this machine can run and what is missing. Whatever is tried is cleaned up again."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any

from sharklab import i18n
from sharklab.cli.doctor import computer, kernel
from sharklab.cli.doctor.diagnosis import Diagnosis, DiagnosisStatus
from sharklab.i18n import Translator

MARKS = {DiagnosisStatus.OK: "✓", DiagnosisStatus.WARNING: "!", DiagnosisStatus.MISSING: "✗"}
WIDTH = 110

__all__ = ["Diagnosis", "DiagnosisStatus", "examine", "render", "to_plain"]


def examine(network: bool = False) -> list[Diagnosis]:
    """Return the diagnoses, in the order for reading; `network` asks the package registries too."""
    return [*computer.examine(network), *kernel.examine()]


def render(diagnoses: Iterable[Diagnosis], words: Translator) -> str:
    """Return `diagnoses` as text for a person: a line each, and its remedy below it where there is one."""
    rows = [
        (MARKS[each.status], words.say(each.name), words.say(each.meaning), words.say(each.remedy))
        for each in diagnoses
    ]
    width = max(len(name) for _, name, _, _ in rows)
    return "\n".join(_row(mark, name.ljust(width), meaning, remedy) for mark, name, meaning, remedy in rows)


def _row(mark: str, name: str, meaning: str, remedy: str) -> str:
    start = f"{mark} {name}  "
    lines = textwrap.wrap(meaning, WIDTH, initial_indent=start, subsequent_indent=" " * len(start))
    if remedy:
        lines += textwrap.wrap(
            f"→ {remedy}", WIDTH, initial_indent=" " * len(start), subsequent_indent=" " * (len(start) + 2)
        )
    return "\n".join(lines)


def to_plain(diagnoses: Iterable[Diagnosis], words: Translator | None = None) -> dict[str, Any]:
    """Return `diagnoses` for a script, in English unless `words` speaks another language."""
    words = words or i18n.translator(i18n.SOURCE)
    return {
        "findings": [
            {
                "name": words.say(each.name),
                "status": each.status.value,
                "meaning": words.say(each.meaning),
                "remedy": words.say(each.remedy),
            }
            for each in diagnoses
        ]
    }
