"""Explanations in the report: a table under the ladder, and a copy with the same as comments."""

from __future__ import annotations

import html
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.evidence.capture import RecordedCapture
from sharklab.evidence.packets import facts
from sharklab.evidence.run_folder import Evidence
from sharklab.i18n import languages, translator
from sharklab.lab.model import Plan
from sharklab.report import explanations, render
from sharklab.report import page as report_page
from tests.support import report_sample
from tests.support.capture_files import recording

DATA = Path(__file__).parents[2] / "data"


def sample(folder: Path, name: str) -> tuple[Plan, Evidence]:
    """Return the sample's plan with one capture that is to be explained: the recorded one `name`."""
    plan = report_sample.plan(folder)
    exercise = next(e for e in plan.lab.exercises if e.captures)
    asked = replace(exercise.captures[0], explain=True)
    exercises = (replace(exercise, captures=(asked,)),)
    evidence = Evidence(folder, {}, {}, (), {asked.id: RecordedCapture(asked.id, asked.host, DATA / name)})
    return replace(plan, lab=replace(plan.lab, exercises=exercises)), evidence


@pytest.mark.parametrize("language", languages())
def test_report_explains_each_packet_and_has_a_copy(tmp_path: Path, language: str) -> None:
    """The page, its Markdown and the comments of the copy say the same."""
    plan, evidence = sample(tmp_path, "refused.pcap")
    files = render.compose(plan, evidence, (), language)
    render.write(files)
    [copy] = tmp_path.glob("captures/*.pcapng")
    assert copy.name == f"{next(iter(evidence.captures))}.annotated.{language}.pcapng"
    shown = facts(recording(DATA / "refused.pcap"))
    first = explanations.lines("x", shown, {}, translator(language))[0]
    argv = ["tshark", "-n", "-r", str(copy), "-T", "fields", "-e", "frame.comment"]
    comments = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    for text in (
        comments,
        *((tmp_path / f"report.{language}.{kind}").read_text() for kind in ("html", "md")),
    ):
        assert " ".join(first.what.split()) in " ".join(html.unescape(text).split()) and "1710535618" in text
    assert f"captures/{copy.name}" in (tmp_path / f"report.{language}.html").read_text()


def test_report_without_explanations_has_no_copy(tmp_path: Path) -> None:
    """Who does not ask for it gets the two pages."""
    plan, evidence = sample(tmp_path, "refused.pcap")
    [exercise] = plan.lab.exercises
    plain = replace(exercise, captures=(replace(exercise.captures[0], explain=False),))
    files = render.compose(replace(plan, lab=replace(plan.lab, exercises=(plain,))), evidence, (), "en")
    assert ["report.en.html", "report.en.md"] == [file.name for file in files]
    page = report_page.page(replace(plan, lab=replace(plan.lab, exercises=(plain,))), evidence, (), "en")
    assert [()] == [shot.explained for section in page.sections for shot in section.shots]


def test_compose_is_the_same_each_time(tmp_path: Path) -> None:
    """A report that is written again changes no file."""
    plan, evidence = sample(tmp_path, "retried.pcap")
    assert all(render.write(render.compose(plan, evidence, (), "fr")).values())
    assert not any(render.write(render.compose(plan, evidence, (), "fr")).values())


def test_lines_name_hosts_and_point_to_the_table_of_packets() -> None:
    """Each line has the hosts' names and the anchor of its packet."""
    shown = facts(recording(DATA / "retried.pcap"))
    second = explanations.lines("one", shown, {"10.77.5.1": "client"}, translator("en"))[1]
    assert second.anchor == "packet-one-2"
    assert second.source.startswith("client:") and second.destination == "10.77.5.2:9001"
    assert 1 == len(second.special)
