"""Tell what this machine can run and what is missing. Whatever is tried is cleaned up again."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from enum import Enum
from typing import Any

from sharklab import i18n
from sharklab.cli.doctor import computer, kernel
from sharklab.cli.doctor.diagnosis import Diagnosis, DiagnosisStatus
from sharklab.i18n import Translator
from sharklab.message import N_, Message

MARKS = {
    DiagnosisStatus.OK: "✓",
    DiagnosisStatus.OPTIONAL: "·",
    DiagnosisStatus.WARNING: "!",
    DiagnosisStatus.MISSING: "✗",
}
GROUPED = {
    DiagnosisStatus.OK: N_("{names}"),
    DiagnosisStatus.OPTIONAL: N_("not installed; sharklab installs them when a lab needs them: {names}"),
    DiagnosisStatus.WARNING: N_("not tried, as that takes root; `sudo ./sharklab doctor` tries: {names}"),
}
"""The sentence on all things of a group that have the same status."""

WIDTH = 80
"""Characters of a line: the smallest terminal that people have."""

DETAILS = N_("Versions and all details: sharklab doctor --output json")


class ExaminedPlace(Enum):
    """Where the examined labs run."""

    HERE = "here"
    CLUSTER = "cluster"


SUMMARIES: Mapping[ExaminedPlace, tuple[str, str, str]] = {
    ExaminedPlace.HERE: (
        N_("Labs do not run here yet. First follow the arrow of each line with ✗."),
        N_("Labs run here. Only some labs use the lines with ·"),
        N_("Labs run here."),
    ),
    ExaminedPlace.CLUSTER: (
        N_("Labs do not run on the cluster yet. First follow the arrow of each line with ✗."),
        N_("Labs run on the cluster. Only some labs use the lines with ·"),
        N_("Labs run on the cluster."),
    ),
}
"""The last line: when something is missing, when something is for some labs alone, and else."""

__all__ = [
    "Diagnosis",
    "DiagnosisStatus",
    "ExaminedPlace",
    "examine",
    "examine_cluster",
    "render",
    "to_plain",
]


def examine(network: bool = False) -> list[Diagnosis]:
    """Return the diagnoses, in the order for reading; `network` asks the package registries too."""
    return [*computer.examine(network), *kernel.examine()]


def examine_cluster(remote: str | None) -> list[Diagnosis]:
    """Return the diagnoses of a cluster, in the order for reading; None is the one that the course uses."""
    from sharklab.cli.doctor import cluster

    return list(cluster.examine(remote))


def render(
    diagnoses: Sequence[Diagnosis], words: Translator, place: ExaminedPlace = ExaminedPlace.HERE
) -> str:
    """Return `diagnoses` as text for a person: a line each or for a group, its remedy below it.

    The last two lines are about all of them. At 80 columns it is one screen where nothing is wrong.
    """
    rows = list(_rows(diagnoses, words))
    width = max(len(name) for _, name, _, _ in rows)
    lines = [_row(MARKS[status], name.ljust(width), *texts) for status, name, *texts in rows]
    statuses = {each.status for each in diagnoses}
    return "\n".join((*lines, "", words.say(_summary(statuses, place)), words.gettext(DETAILS)))


def _rows(
    diagnoses: Sequence[Diagnosis], words: Translator
) -> Iterator[tuple[DiagnosisStatus, str, str, str]]:
    """Yield status, name, meaning and remedy of each line; a group is where its first one is."""
    groups: dict[tuple[str, DiagnosisStatus], list[Message]] = {}
    for each in diagnoses:
        groups.setdefault((each.group.msgid, each.status), []).append(each.name)
    for each in diagnoses:
        if not each.group:
            yield each.status, words.say(each.name), words.say(each.meaning), words.say(each.remedy)
        elif names := groups.pop((each.group.msgid, each.status), None):
            meaning = Message(GROUPED[each.status], {"names": names})
            yield each.status, words.say(each.group), words.say(meaning), ""


def _summary(statuses: Set[DiagnosisStatus], place: ExaminedPlace) -> Message:
    fails, some, works = SUMMARIES[place]
    if DiagnosisStatus.MISSING in statuses:
        return Message(fails)
    return Message(some if DiagnosisStatus.OPTIONAL in statuses else works)


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
