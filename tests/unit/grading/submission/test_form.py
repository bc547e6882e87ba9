"""The form: everything that is asked, in the student's language, and never over an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab import i18n
from sharklab.checks import QUESTIONS
from sharklab.errors import InputError
from sharklab.grading.submission import answers, form, sheet, work
from sharklab.lab import fault_choice
from sharklab.message import N_
from tests.support import faults_sample
from tests.support import submission_sample as sample
from tests.support.errors import error_of


def write(folder: Path, language: str = "en") -> bool:
    """Write the form of tp4."""
    return form.write(sample.plan(), folder, i18n.translator(language))


def test_write_asks_every_question_and_names_every_capture(tmp_path: Path) -> None:
    """All questions of the lab are there without an answer, and each capture with its place."""
    assert write(tmp_path)
    text = (tmp_path / "answers.yml").read_text()
    exercises = sample.plan().lab.exercises
    for exercise in exercises:
        for capture in exercise.captures:
            assert f"captures/{capture.id}.pcap" in text
    asked = {exercise.id for exercise in exercises if exercise.questions}
    assert asked == sheet.names(text.encode(), tmp_path)
    assert sum(len(e.questions) for e in exercises) == sum(
        line.startswith("  ") and line.endswith(":") for line in text.splitlines()
    )
    found = work.read(tmp_path, sample.plan())
    assert ({}, ()) == ({k: v for k, v in found.answers.items() if v}, found.problems)


@pytest.mark.parametrize(
    ("language", "words"), [("fr", "Adresse IP du serveur"), ("en", "IP address of the server")]
)
def test_write_speaks_the_students_language(language: str, words: str, tmp_path: Path) -> None:
    """Comments are in the language of the reader."""
    write(tmp_path, language)
    assert words in (tmp_path / "answers.yml").read_text()


def test_write_gives_no_answer_away(tmp_path: Path) -> None:
    """No comment holds the address or the name that an answer may be."""
    write(tmp_path)
    text = (tmp_path / "answers.yml").read_text()
    own = sample.plan().seat
    values = {
        str(ip.ip) for places in own.addresses.values() for at in places.values() for ip in (at.ipv4, at.ipv6)
    }
    assert [] == [value for value in (*values, own.token, own.password) if value in text]
    for question in QUESTIONS.values():
        example = answers.FORMATS[question.value].example.split(",")[0]
        assert not answers.same(question.name, "443", example)


def test_write_again_changes_nothing(tmp_path: Path) -> None:
    """Answers, comments and even faults of the student's own stay."""
    write(tmp_path)
    file = tmp_path / "answers.yml"
    mine = file.read_text().replace("  server_port:", "  server_port: 443 # I think", 1) + "# mine\n"
    file.write_text(mine)
    assert (False, mine) == (write(tmp_path, "fr"), file.read_text())


def test_write_adds_exercises_that_are_lacking(tmp_path: Path) -> None:
    """An older form gets what the lab asks now, below what is there."""
    there = "ssh:\n  server_port: 22\n"
    (tmp_path / "answers.yml").write_text(there)
    assert write(tmp_path)
    text = (tmp_path / "answers.yml").read_text()
    assert text.startswith(there)
    found = work.read(tmp_path, sample.plan())
    assert (22, ()) == (found.answers["ssh"]["server_port"], found.problems)
    assert {exercise.id for exercise in sample.plan().lab.exercises if exercise.questions} == sheet.names(
        text.encode(), tmp_path
    )


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8-sig"])
def test_write_adds_to_a_form_in_another_encoding(encoding: str, tmp_path: Path) -> None:
    """One file has one encoding, whatever an editor saved it in."""
    (tmp_path / "answers.yml").write_bytes("# réponses\r\nssh:\r\n  server_port: 22\r\n".encode(encoding))
    assert write(tmp_path)
    text = (tmp_path / "answers.yml").read_text(encoding="utf-8")
    assert text.startswith("# réponses\n")
    assert 22 == work.read(tmp_path, sample.plan()).answers["ssh"]["server_port"]


def test_write_adds_to_the_form_under_its_present_name(tmp_path: Path) -> None:
    """A second file would hide the first one."""
    (tmp_path / "Answers.yaml").write_text("ssh:\n  server_port: 22\n")
    assert write(tmp_path)
    assert ["Answers.yaml", "captures"] == sorted(path.name for path in tmp_path.iterdir())


def test_write_over_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A slip in the student's YAML is theirs to mend; nothing is lost."""
    (tmp_path / "answers.yml").write_text("ssh: server_port: 22\n")
    error = error_of(InputError, write, tmp_path)
    assert N_("line {line}: not valid YAML: {fault}") == error.message_id
    assert (str(tmp_path / "answers.yml"), 1) == (error.place, error.values["line"])
    assert "ssh: server_port: 22\n" == (tmp_path / "answers.yml").read_text()


def test_place_is_here_or_below_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A student stands in the folder or above it, or names it."""
    monkeypatch.chdir(tmp_path)
    error = error_of(InputError, form.place, None, "tp4")
    assert (str(tmp_path), {"file": "answers.yml", "lab": "tp4"}) == (error.place, error.values)
    write(tmp_path / "tp4")
    assert Path("tp4") == form.place(None, "tp4")
    monkeypatch.chdir(tmp_path / "tp4")
    assert [Path(), Path("x")] == [form.place(None, "tp4"), form.place("x", "tp4")]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_write_offers_the_causes_to_choose_from(language: str) -> None:
    """Each cause has its name and its meaning. The form does not tell which one is the seat's."""
    plan, words = faults_sample.plan(), i18n.translator(language)
    text = form.text(plan, words)
    for exercise in plan.lab.exercises:
        offered = fault_choice.choices(exercise, plan.seat)
        assert all(f"  #   {name}: {words.prose(meaning)}\n" in text for name, meaning in offered.items())
    assert "  #   router: " in text
    others = [faults_sample.plan(mail=fault) for fault in plan.lab.exercises[0].faults[0]]
    assert {text} == {form.text(other, words) for other in others}
