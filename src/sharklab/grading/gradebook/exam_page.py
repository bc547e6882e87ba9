"""The record of one student's exam, for the instructor: commands, reboots, changes and journals of the hosts.

A submission is hostile, so all of its text is shown as text. Nothing here is graded.
"""

from __future__ import annotations

from dataclasses import dataclass

from sharklab.grading.gradebook.feedback import SEALS, template
from sharklab.grading.gradebook.model import Entry
from sharklab.grading.submission import bundle, contents, manifest, work
from sharklab.grading.submission.manifest import RebootRecord
from sharklab.grading.submission.model import Submission
from sharklab.i18n import languages, translator
from sharklab.lab.model import Plan
from sharklab.untrusted import visible


@dataclass(frozen=True)
class HostRecord:
    """The record of a host: how it rebooted, its changes as a diff, its journal; each may be missing."""

    name: str
    reboot: RebootRecord | None
    changes: str
    journal: str


@dataclass(frozen=True)
class ExamPage:
    """The record of an exam in one language; `checks` are epoch seconds, `refused` also has the commands."""

    language: str
    title: str
    entry: Entry
    made: float
    seal: str
    checks: tuple[float, ...]
    refused: tuple[tuple[float, str], ...]
    hosts: tuple[HostRecord, ...]
    tool: str

    @property
    def commands(self) -> list[tuple[float, str, bool]]:
        """The commands in their order: the moment, the words after sharklab, and True if it was refused."""
        checks = [(moment, "check", False) for moment in self.checks]
        return sorted([*checks, *((moment, what, True) for moment, what in self.refused)])

    @property
    def digits(self) -> str:
        """The digits of the file's SHA-256 that the student wrote down; "" for a folder."""
        return self.entry.digest[: contents.DIGITS] if self.entry.file.endswith(bundle.ENDING) else ""


def files(entry: Entry, plan: Plan, submission: Submission, tool: str) -> dict[str, str]:
    """Return the record by file name, one page for each language; nothing for a lab that is no exam."""
    if plan.lab.exam is None:
        return {}
    pages = [page(entry, plan, submission, tool, language) for language in languages()]
    return {name(each.language): lay_out(each) for each in pages}


def name(language: str) -> str:
    """Return the name of the file in the student's folder."""
    return f"exam.{language}.html"


def lay_out(content: ExamPage) -> str:
    """Return the page as a file's text."""
    return template(content.language, "exam.html.j2").render(page=content)


def page(entry: Entry, plan: Plan, submission: Submission, tool: str, language: str) -> ExamPage:
    """Return the content of the page; the files of the submission's folder are read."""
    said, speak = submission.manifest, translator(language)
    changes, journals = (work.texts(submission.folder, each) for each in (work.CHANGES, work.JOURNAL))
    reboots = said.get(manifest.REBOOTS, {})
    return ExamPage(
        language=language,
        title=speak.prose(plan.lab.title),
        entry=entry,
        made=submission.made,
        seal=speak.gettext(SEALS[submission.seal]),
        checks=tuple(said.get(manifest.CHECKS, ())),
        refused=tuple((moment, visible(what)) for moment, what in said.get(manifest.REFUSED, ())),
        hosts=tuple(
            HostRecord(
                host.name,
                reboots.get(host.name),
                visible(changes.get(host.name, "")),
                visible(journals.get(host.name, "")),
            )
            for host in plan.hosts
        ),
        tool=tool,
    )
