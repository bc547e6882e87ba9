"""The record of an exam: the words and files of a hostile submission, shown as text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.grading.gradebook import exam_page
from sharklab.grading.submission import manifest
from sharklab.grading.submission.model import Seal, Submission
from sharklab.i18n import languages
from sharklab.lab.model import Exam, Plan
from tests.support import gradebook_sample as sample
from tests.support.outline import Outline

HOSTILE = "<script>x</script>\x1b[31m\u202e\n"


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Return the plan of the sample lab as an exam."""
    made = sample.plan(tmp_path)
    return replace(made, lab=replace(made.lab, exam=Exam(90)))


def submission(folder: Path) -> Submission:
    """Return a submission with a hostile text in each part of the record, for the host server."""
    for place in ("changes/server.diff", "journal/server.log", "journal/stranger.log", "journal/x.txt"):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(HOSTILE + place)
    (folder / "journal" / "client.log").symlink_to("/etc/passwd")
    reboot = {"before": "a", "after": "b", "seconds": 9.5, "state": HOSTILE, "reason": ""}
    said = {
        manifest.CHECKS: [sample.MADE],
        manifest.REFUSED: [(sample.MADE, HOSTILE)],
        manifest.REBOOTS: {"server": reboot, "client": {**reboot, "reason": HOSTILE}},
    }
    return Submission("tp", "alice", "0", folder, manifest=said, made=sample.MADE, seal=Seal.WHOLE)


def test_files_are_made_for_an_exam_alone(plan: Plan, tmp_path: Path) -> None:
    """A page for each language."""
    given = (sample.alice(), plan, submission(tmp_path / "in"), sample.TOOL)
    assert {f"exam.{language}.html" for language in languages()} == set(exam_page.files(*given))
    plain = replace(plan, lab=replace(plan.lab, exam=None))
    assert {} == exam_page.files(given[0], plain, *given[2:])


def test_page_has_the_record_of_each_host(plan: Plan, tmp_path: Path) -> None:
    """A link, a strange name and another host are left out."""
    content = exam_page.page(sample.alice(), plan, submission(tmp_path / "in"), sample.TOOL, "en")
    hosts = {host.name: host for host in content.hosts}
    assert [host.name for host in plan.hosts] == list(hosts)
    assert hosts["server"].journal.endswith("journal/server.log")
    assert hosts["server"].changes.endswith("changes/server.diff")
    assert ("", "") == (hosts["client"].journal, hosts["client"].changes)
    assert ((sample.MADE,), 1) == (content.checks, len(content.refused))


def test_page_has_the_commands_in_their_order(plan: Plan, tmp_path: Path) -> None:
    """What was refused stands between the looks; the digits are those that the student wrote down."""
    own = submission(tmp_path / "in")
    said = {manifest.CHECKS: [10.0, 30.0], manifest.REFUSED: [(20.0, "solve")]}
    entry = replace(sample.alice(), file="alice.sharklab", digest="0123456789abcdef")
    content = exam_page.page(entry, plan, replace(own, manifest=said), sample.TOOL, "en")
    assert [(10.0, "check", False), (20.0, "solve", True), (30.0, "check", False)] == content.commands
    assert "01234567" == content.digits
    assert "<code>01234567</code>" in exam_page.lay_out(content)
    assert "" == replace(content, entry=replace(entry, file="alice")).digits


@pytest.mark.parametrize("language", languages())
def test_page_shows_hostile_text_as_text(plan: Plan, tmp_path: Path, language: str) -> None:
    """No element, no control character, no turned letters; the page is well formed."""
    files = exam_page.files(sample.alice(), plan, submission(tmp_path / "in"), sample.TOOL)
    text = files[exam_page.name(language)]
    page = Outline(text)
    assert [] == page.open
    assert not {"\x1b", "\u202e"} & set(text)
    assert "script" not in page.tags
    assert 5 == text.count("&lt;script&gt;")


def test_page_of_a_folder_has_no_record(plan: Plan, tmp_path: Path) -> None:
    """Nothing is known of the exam of a student who packed nothing."""
    empty = Submission("tp", "alice", "0", tmp_path)
    content = exam_page.page(sample.alice(), plan, empty, sample.TOOL, "en")
    assert {(None, "", "")} == {(host.reboot, host.changes, host.journal) for host in content.hosts}
    assert "not signed" in exam_page.lay_out(content)
