"""A student's whole way: a seat from the instructor, work by hand, one file; and the instructor's end."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sharklab import paths, state
from sharklab.author.reference import reference
from sharklab.cli import flow
from sharklab.grading.marking.marks import grade
from sharklab.grading.submission import bundle, contents, manifest
from sharklab.grading.submission.model import Seal, Submission
from sharklab.lab import seat
from tests.conftest import call_sharklab
from tests.support import doc_console

RECORD = """
tcpdump --immediate-mode -i lan -U -w /tmp/hand.pcap port 22 2>/tmp/hand.log & pid=$!
until grep -q listening /tmp/hand.log; do sleep 0.1; done
runuser -l student -c 'ssh server.{domain} hostname'
show() {{ tcpdump -nr /tmp/hand.pcap 2>/dev/null; }}
until [ "$(show | grep -c 'Flags .F')" -ge 2 ] && show | tail -n 1 | grep -qF 'Flags [.]'; do sleep 0.1; done
kill $pid; wait $pid
"""
"""What a student types on their own PC to record a connection."""


@dataclass(frozen=True)
class Student:
    """One student with a machine of their own, and the folder they work in."""

    name: str
    machine: Path
    folder: Path

    def call(self, *words: str, expect: int = 0) -> str:
        """Type a command on the student's machine and return what it printed."""
        done = call_sharklab(*words, env={"SHARKLAB_STATE": str(self.machine)})
        assert expect == done.returncode, done.stderr
        return done.stdout

    def told(self, *words: str, expect: int = 0) -> dict[str, Any]:
        """Type a command and return what it tells a script."""
        content: dict[str, Any] = json.loads(self.call(*words, "--output", "json", expect=expect))
        return content

    def work(self, *words: str, expect: int = 0) -> dict[str, Any]:
        """Type a command about the folder of the work."""
        return self.told(*words, "--folder", str(self.folder), expect=expect)


@pytest.fixture(scope="module")
def alice(student: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Student]:
    """Give a student a seat made by the instructor, and bring it up on a machine of their own."""
    place, name = tmp_path_factory.mktemp("class"), student("alice")
    (place / "roster.csv").write_text(
        f"Prénom,Nom,Nom d'utilisateur\nAlice,Durand,{name}\nBob,Petit,{name}2\n"
    )
    words = [str(place / "roster.csv"), "--lab", "tp4", "-o", str(place / "seats")]
    made = call_sharklab("seats", "create", *words)
    assert 0 == made.returncode, made.stderr
    own = Student(name, place / "machine", place / "work")
    state.folder(own.machine)
    (own.machine / "images").symlink_to(state.images_folder())
    own.call("seats", "import", str(place / "seats" / f"{name}.seat"))
    own.call("up", "tp4", "--solved")
    yield own
    own.call("down", "tp4")


def ssh(own: Student, host: str, command: str) -> bytes:
    """Return what a command prints on a host of the seat."""
    config = own.machine / "seats" / "tp4" / own.name / "ssh" / "config"
    argv = ["ssh", "-F", str(config), host, command]
    return subprocess.run(argv, capture_output=True, check=True, stdin=subprocess.DEVNULL, timeout=60).stdout


def type_example(
    own: Student,
    page: str,
    folder: Path,
    names: Mapping[str, str] | None = None,
    lab: tuple[str, str] = ("", ""),
) -> None:
    """Type the example of a page on the student's machine: it prints what the page shows."""
    env = {"SHARKLAB_STATE": str(own.machine)}
    for shown, printed in doc_console.replay(page, folder, env, {"alice": own.name, **(names or {})}, lab):
        assert shown == printed


def fill_in(file: Path, answers: dict[str, dict[str, Any]]) -> None:
    """Write answers into the form as a student does, each after its colon."""
    exercise, lines = "", []
    for line in file.read_text().splitlines():
        found = re.fullmatch(r"(  )?(\w+):", line)
        if found and not found[1]:
            exercise = found[2]
        elif found:
            line += f" {json.dumps(answers[exercise][found[2]])}"
        lines.append(line)
    file.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def done(alice: Student) -> Student:
    """Do the work: one connection recorded by hand on the student's PC, the other captures of a run."""
    alice.call("form", "tp4", "--folder", str(alice.folder))
    run = Path(alice.told("run", "tp4")["run"])
    for file in run.glob("hosts/*/captures/*.pcap"):
        shutil.copy(file, alice.folder / "captures")
    _, model = reference(run)
    answers = {exercise: dict(given) for exercise, given in model.answers.items()}
    domain = json.loads((run / "plan.json").read_text())["seat"]["domain"]
    ssh(alice, "desktop", RECORD.format(domain=domain))
    hand = alice.folder / "captures" / "ssh.pcap"
    [arrival] = alice.work("fetch", "tp4", "desktop:/tmp/hand.pcap", "--as", "ssh")["captures"]
    assert (True, str(hand)) == (arrival["shows_exercise"], arrival["file"])
    answers["ssh"]["local_port"] = f"{first_port(hand)}/tcp"
    fill_in(alice.folder / "answers.yml", answers)
    return alice


def first_port(capture: Path) -> str:
    """Return the port of who speaks first, by tshark."""
    argv = ["tshark", "-n", "-r", str(capture), "-c", "1", "-T", "fields", "-e", "tcp.srcport"]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def test_page_on_recording_records_an_exercise(alice: Student, tmp_path: Path) -> None:
    """The capture shows the exercise."""
    type_example(alice, "recording.md", tmp_path)


def test_check_of_a_wrong_answer_costs_it_alone(done: Student, tmp_path: Path) -> None:
    """What is wrong is said, the right value is not."""
    shutil.copytree(done.folder, tmp_path / "wrong")
    sheet = tmp_path / "wrong" / "answers.yml"
    right = first_port(done.folder / "captures" / "ssh.pcap")
    sheet.write_text(sheet.read_text().replace(f'"{right}/tcp"', "1"))
    wrong = Student(done.name, done.machine, tmp_path / "wrong")
    result = wrong.work("check", "tp4", expect=1)["result"]
    assert result["worth"] - 1 == result["points"]
    marks = [(e["id"], mark) for e in result["exercises"] for mark in e["criteria"]]
    [(exercise, lost)] = [(id, mark) for id, mark in marks if mark["status"] != "passed"]
    assert ("ssh", "local_port", "failed") == (exercise, lost["id"], lost["status"])
    assert right not in json.dumps(result)


def test_submit_hands_in_what_the_instructor_grades(done: Student, tmp_path: Path) -> None:
    """By the page on it: nothing is missing. On the instructor's machine the file is whole, and earns all."""
    shutil.copytree(done.folder, tmp_path / "tp4")
    type_example(done, "submitting.md", tmp_path)
    found = bundle.unpack(tmp_path / f"tp4-{done.name}.sharklab", tmp_path / "unpacked")
    assert (done.name, "tp4", Seal.WHOLE, ()) == (found.student, found.lab, found.seal, found.problems)
    assert 0 < found.begun < found.made
    result = grade(flow.prepare("tp4", done.name), found)
    assert result.worth == result.points


def test_submit_of_another_seat_shows(done: Student, tmp_path: Path) -> None:
    """A file that is signed by one student is not another's."""
    file = tmp_path / "alice.sharklab"
    done.work("submit", "tp4", "-o", str(file))
    other = seat.key("tp4", f"{done.name}2")
    found: Submission = bundle.unpack(file, tmp_path / "unpacked", key_of=lambda lab, student: other)
    assert Seal.BROKEN is found.seal


def test_report_of_the_folder_shows_the_students_packets(done: Student) -> None:
    """The report has the answers as they were written and a ladder of the student's own connection."""
    files = done.work("report", "tp4")["reports"]
    page = (done.folder / "report.fr.html").read_text()
    port = first_port(done.folder / "captures" / "ssh.pcap")
    assert 4 == len(files)
    assert f"{port}/tcp" in page and 'id="packet-ssh-1"' in page and "<svg" in page


def test_seat_keeps_its_secrets_to_itself(done: Student, tmp_path: Path) -> None:
    """The key and the password are in no file that others may read, nor is any of it in what is handed in."""
    content = json.loads((done.machine / "imported" / "tp4" / f"{done.name}.json").read_text())
    secrets = [content["key"].encode(), content["seat"]["password"].encode()]
    file = tmp_path / "alice.sharklab"
    done.work("submit", "tp4", "-o", str(file))
    bundle.unpack(file, tmp_path / "unpacked")
    handed_in = [path for path in (tmp_path / "unpacked").rglob("*") if path.is_file()]
    assert [] == [path for path in handed_in if any(secret in path.read_bytes() for secret in secrets)]
    open_to_all = [path for path in own_files(done.machine) if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert [] == [path for path in open_to_all if any(secret in path.read_bytes() for secret in secrets)]


def test_submit_of_an_exam_reboots_the_hosts(done: Student, tmp_path: Path) -> None:
    """The page on exams: a reboot, one file that holds after it and earns all points, and no second file."""
    shutil.copytree(paths.LABS / "tp4", tmp_path / "tp4")
    with (tmp_path / "tp4" / "lab.yml").open("a") as lab:
        lab.write("exam: {minutes: 90}\n")
    shutil.copytree(done.folder, tmp_path / "work")
    names = {"myexam": str(tmp_path / "tp4")}
    type_example(done, "exam.md", tmp_path / "work", names=names, lab=("myexam", "tp4"))
    file, hosts = tmp_path / "work" / f"tp4-{done.name}.sharklab", ["client", "desktop", "server"]
    found = bundle.unpack(file, tmp_path / "unpacked")
    assert (Seal.WHOLE, ()) == (found.seal, found.problems)
    assert hosts == sorted(host for host in hosts if manifest.came_back(found.manifest, host))
    result = grade(flow.prepare(str(tmp_path / "tp4"), done.name), found)
    missed = [
        (e.id, m.criterion, str(m.decision.found))
        for e in result.exercises
        for m in e.marks
        if m.points < m.worth
    ]
    assert ([], result.worth) == (missed, result.points)
    assert [set(hosts)] * 2 == [
        {file.stem for file in (tmp_path / "unpacked" / part).iterdir()}
        for part in ("after_reboot", "journal")
    ]
    words = ("grade", str(file), "--lab", str(tmp_path / "tp4"), "-o", str(tmp_path / "gradebook"))
    assert 0 == call_sharklab(*words).returncode
    for language in ("fr", "en"):
        page = (tmp_path / "gradebook" / done.name / f"exam.{language}.html").read_text()
        digits = manifest.digest(file.read_bytes())[: contents.DIGITS]
        assert f"<code>{digits}</code>" in page and 3 == page.count('<section id="host-')


def own_files(machine: Path) -> Iterator[Path]:
    """Yield the files that sharklab keeps on a machine, without the hosts' own file systems."""
    for place, folders, files in os.walk(machine):
        folders[:] = [name for name in folders if name not in ("hosts", "images")]
        yield from (path for name in files if (path := Path(place) / name).is_file())
