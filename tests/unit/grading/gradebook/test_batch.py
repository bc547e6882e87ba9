"""A class graded from files: what a bad one does, going on, the same bytes every time."""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sharklab import state
from sharklab.errors import Busy, InputError
from sharklab.grading.gradebook import batch, inputs, pool, work_item
from sharklab.grading.gradebook.batch import Batch
from sharklab.grading.gradebook.model import Class, Entry
from sharklab.grading.gradebook.model import state as state_of
from sharklab.grading.gradebook.pool import Failure
from sharklab.grading.gradebook.work_item import GradeItem
from sharklab.grading.marking.policy import NO_POLICY, Policy
from sharklab.lab.roster import Student
from sharklab.message import N_, NN_, Message
from sharklab.paths import ROOT
from sharklab.progress import Progress
from tests.support import gradebook_class as handed
from tests.support.errors import error_of
from tests.support.zips import tree, zipped

ROSTER = tuple(
    Student(name, name.title(), f"{name}@example.org") for name in ("alice", "bob", "carol", "dan")
)
FEEDBACK = [f"feedback.{code}.{kind}" for code in ("en", "fr") for kind in ("html", "md")] + [
    "gradescope.json"
]
TABLES = [
    *("gradebook.csv", "gradebook.en.csv", "gradebook.fr.csv", "junit.xml", "results.json"),
    *("class.en.html", "class.fr.html"),
]


@dataclass(frozen=True)
class Graded:
    """What was handed in, the gradebook's folder, and what is in it."""

    box: Path
    out: Path
    group: Class


def grade(
    box: Path,
    out: Path,
    progress: Progress | None = None,
    lab: str = "",
    policy: Policy = NO_POLICY,
    processes: int = 1,
) -> Class:
    """Grade what lies in `box` and return the class."""
    group = Batch(inputs.find([box]), ROSTER, out, lab, policy, processes)
    return batch.grade(group, progress or Progress(stream=io.StringIO()))


class Steps(Progress):
    """Progress that keeps the numbers of new and of earlier gradings."""

    def __init__(self) -> None:
        """Begin without a step."""
        super().__init__(stream=io.StringIO())
        self.graded: list[tuple[object, object]] = []

    @contextmanager
    def step(self, title: str, **values: object) -> Iterator[None]:
        """Note the step that grades."""
        if title == NN_(
            "grade {count} submission; graded before: {done}",
            "grade {count} submissions; graded before: {done}",
        ):
            self.graded.append((values["count"], values["done"]))
        with super().step(title, **values):
            yield


def states(group: Class) -> dict[str, str]:
    """Return what came of each student."""
    return {entry.student: state_of(entry) for entry in group.entries}


def content(out: Path) -> dict[str, bytes]:
    """Return every file of a gradebook, but for the lock, which names a process."""
    files = (path for path in out.rglob("*") if path.is_file() and path.name != ".lock")
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graded]:
    """Grade two good submissions, with one that is none and hostile ones, in a course of their own."""
    folder = tmp_path_factory.mktemp("graded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHARKLAB_STATE", str(folder / "state"))
        box = folder / "in"
        box.mkdir()
        handed.hand_in("alice", box, folder)
        handed.hand_in("bob", box, folder, captures={"web": "ssh6.pcap"})
        _add_hostile(box)
        yield Graded(box, folder / "out", grade(box, folder / "out"))


def _add_hostile(box: Path) -> None:
    (box / "tp4-carol.sharklab").write_bytes(b"PK\3\4 and nothing more")
    (box / "empty.sharklab").write_bytes(b"")
    (box / "link.sharklab").symlink_to("/etc/passwd")
    for name, entry, inside in (
        ("bomb", "captures/ssh.pcap", b"\0" * (70 << 20)),
        ("climb", "../../climb", b"x"),
    ):
        with zipfile.ZipFile(box / f"{name}.sharklab", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(entry, inside)


@pytest.fixture
def out(graded: Graded, tmp_path: Path) -> Path:
    """Return a copy of the gradebook that a test may change."""
    return shutil.copytree(graded.out, tmp_path / "out")


def test_grade_writes_a_whole_gradebook(graded: Graded) -> None:
    """Each student has feedback, the class its tables and pages."""
    own = {f"{name}/{file}" for name in ("alice", "bob") for file in FEEDBACK}
    kept = {".kept/alice.json", ".kept/bob.json"}
    assert own | kept | set(TABLES) == set(content(graded.out))


def test_guide_lists_every_file_of_a_gradebook(graded: Graded) -> None:
    """The table of docs/gradebook.md has each file that is written, and beside them only those of an exam."""
    folder = (ROOT / "docs" / "gradebook.md").read_text().split("## The folder")[1].split("**Pages**")[0]
    rows = re.findall(r"^\| (`.*?`) \|", folder, re.MULTILINE)
    students = re.compile(r"^(alice|bob)/")
    written = {students.sub("<student>/", name) for name in content(graded.out)}
    kept = {f"{work_item.KEPT}/{name}.json" for name in ("alice", "bob")}
    exam = {"<student>/exam.fr.html", "<student>/exam.en.html"}
    assert written - kept | {f"{work_item.KEPT}/"} | exam == set(re.findall(r"`(.*?)`", " ".join(rows)))


def test_grade_bears_hostile_bundles(graded: Graded) -> None:
    """Bombs, links, climbing names and nonsense each have an outcome, and the others are graded."""
    expected = {"alice": "graded", "bob": "graded", "dan": "missing"}
    bad = ("bomb", "carol", "climb", "empty", "link")
    assert {**expected, **dict.fromkeys(bad, "unreadable")} == states(graded.group)
    assert not list(graded.out.parent.rglob("climb"))


def test_grade_gives_the_same_bytes(graded: Graded, tmp_path: Path) -> None:
    """The number of processes does not show."""
    grade(graded.box, tmp_path / "out", processes=3)
    assert content(graded.out) == content(tmp_path / "out")


def test_grade_goes_on_where_it_was(graded: Graded, out: Path) -> None:
    """Who was graded from the same submission is not graded again, unless what was written is gone."""
    steps = Steps()
    (out / "alice" / "feedback.fr.md").unlink()
    (out / "gradebook.csv").write_text("old")
    grade(graded.box, out, steps)
    assert [(1, 1)] == steps.graded
    assert content(graded.out) == content(out)


def test_grade_again_on_another_policy(graded: Graded, out: Path) -> None:
    """Lateness is taken off what was earned: everybody is graded anew."""
    steps = Steps()
    group = grade(graded.box, out, steps, policy=Policy(due=handed.MADE - 10, per_day=0.5))
    assert [(2, 0)] == steps.graded
    halves = [entry.result.points / 2 for entry in graded.group.entries[:2] if entry.result]
    assert max(halves) > 0
    assert halves == [entry.result.points for entry in group.entries[:2] if entry.result]


def test_grade_points_out_a_copy(graded: Graded, out: Path, tmp_path: Path) -> None:
    """A new file alone is graded; integrity sees the whole class, also those who were graded before."""
    box, steps = shutil.copytree(graded.box, tmp_path / "in", symlinks=True), Steps()
    handed.hand_in("dan", box, tmp_path)
    found = {entry.student: entry for entry in grade(box, out, steps).entries}
    assert [(1, 2)] == steps.graded
    same = {name: {r.others for r in entry.odd if r.kind == "same_file"} for name, entry in found.items()}
    assert ({("dan",)}, set(), {("alice",)}) == (same["alice"], same["bob"], same["dan"])


def test_grade_takes_folders_of_a_named_lab(graded: Graded, tmp_path: Path) -> None:
    """A student's folder is named like the student, and unsigned."""
    handed.folder(tmp_path / "in" / "alice")
    error = error_of(InputError, grade, tmp_path / "in", tmp_path / "out")
    assert "no submission names its lab" == error.message_id
    group = grade(tmp_path / "in", tmp_path / "out", lab="tp4")
    assert "graded" == states(group)["alice"]
    assert "unsigned" in [remark.kind for remark in group.entries[0].odd]


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do the items here: a process of their own is another test's matter."""

    def run(
        work: Callable[[object], object], items: list[object], *_: object
    ) -> Iterator[tuple[int, object]]:
        for number, one in enumerate(items):
            yield number, pool._attempt(work, one)

    monkeypatch.setattr(pool, "run", run)


@pytest.mark.usefixtures("in_this_process")
def test_grade_names_a_part_that_a_zip_has_damaged(graded: Graded, tmp_path: Path) -> None:
    """The rest of the student's folder is graded."""
    file = zipped(tmp_path / "in" / "alice.zip", tree(handed.folder(tmp_path / "work"), "alice"))
    content = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as archive:
        bad = archive.getinfo("alice/captures/dns.pcap")
    content[bad.header_offset + 30 + len(bad.filename) + 20] ^= 255
    file.write_bytes(content)
    [alice, *_] = grade(tmp_path / "in", tmp_path / "out", lab="tp4").entries
    assert alice.result is not None
    assert [("captures/dns.pcap", N_("it is damaged"))] == [
        (each.file, each.reason.msgid) for each in alice.result.problems
    ]


@pytest.mark.usefixtures("in_this_process")
def test_grade_leaves_no_feedback_of_who_has_no_result(graded: Graded, out: Path, tmp_path: Path) -> None:
    """Bob's file became unreadable, Alice left: what was written about them goes, other files stay."""
    (box := tmp_path / "in").mkdir()
    (box / "tp4-bob.sharklab").write_bytes(b"damaged")
    (out / "bob" / "my notes.txt").write_text("he was ill")
    (out / "gradebook.csv").write_text("old")
    group = Batch(inputs.find([box]), ROSTER[1:], out, "tp4", NO_POLICY, 1)
    assert {"bob": "unreadable", "carol": "missing", "dan": "missing"} == states(
        batch.grade(group, Progress(stream=io.StringIO()))
    )
    assert {*TABLES, "bob/my notes.txt"} == set(content(out))
    assert "alice" not in (out / "gradebook.csv").read_text()


def test_grade_gives_the_mark_of_a_group_to_each_member(graded: Graded, out: Path) -> None:
    """One hand-in of alice: bob has her points with a page of his own, and nobody copied from anybody."""
    box = [source for source in inputs.find([graded.box]) if source.name == "tp4-alice.sharklab"]
    roster = tuple(replace(each, group="G1") for each in ROSTER[:2])
    alice, bob = batch.grade(
        Batch(tuple(box), roster, out, processes=1), Progress(stream=io.StringIO())
    ).entries
    assert alice.result and bob.result
    assert (alice.result.points, "alice", "alice") == (bob.result.points, bob.author, bob.result.student)
    assert [] == [each.kind for entry in (alice, bob) for each in entry.odd if each.others]
    assert "| Handed in by | `alice` |" in (out / "bob" / "feedback.en.md").read_text()
    students = json.loads((out / "results.json").read_text())["students"]
    assert [("G1", ""), ("G1", "alice")] == [(each["group"], each["handed_in_by"]) for each in students]


def test_grade_looks_at_the_class_before_it_grades(graded: Graded, tmp_path: Path) -> None:
    """What an output cannot take ends the batch before anybody is graded."""
    seen: list[str] = []

    def refuse(entries: Sequence[Entry]) -> None:
        seen.extend(entry.student for entry in entries if entry.file)
        raise InputError("refused")

    whole = Batch(inputs.find([graded.box]), ROSTER, tmp_path / "out", processes=1, check=refuse)
    error = error_of(InputError, batch.grade, whole, Progress(stream=io.StringIO()))
    assert "refused" == error.message_id
    assert {"alice", "bob", "carol"} <= set(seen)
    assert {} == content(tmp_path / "out")


def test_grade_leaves_nothing_unpacked(graded: Graded, out: Path) -> None:
    """What was unpacked is gone afterwards, and what an interrupted batch left as well."""
    scratch = out / work_item.SCRATCH / "old"
    scratch.mkdir(parents=True)
    grade(graded.box, out)
    assert not scratch.parent.exists()


def test_grade_waits_for_nobody_else_in_the_folder(graded: Graded, tmp_path: Path) -> None:
    """Two batches do not write into one gradebook."""
    with state.lock(tmp_path / "out" / ".lock", Message("x")), pytest.raises(Busy):
        grade(graded.box, tmp_path / "out")


def test_grade_tries_alone_who_was_in_a_group_that_failed(
    graded: Graded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies takes its whole group along: each is then graded alone, and one fails."""
    sizes: list[int] = []

    def run(work: object, items: list[tuple[GradeItem, ...]], *_: object) -> Iterator[tuple[int, object]]:
        for number, group in enumerate(items):
            if work is work_item.identify:
                yield number, pool._attempt(work_item.identify, group)
                continue
            sizes.append(len(group))
            bad = len(group) > 1 or group[0].entry.student == "bob"
            yield number, Failure(Message("it died")) if bad else work_item.grade(group)

    monkeypatch.setattr(pool, "run", run)
    monkeypatch.setattr(batch, "_group_size", lambda items, processes: 2)
    found = {entry.student: entry for entry in grade(graded.box, tmp_path / "out").entries}
    assert [2, 1, 1] == sizes
    assert ("", "it died") == (str(found["alice"].problem), str(found["bob"].problem))


def test_grade_leaves_the_register_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Grading reads the seats of a class and gives out none."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    (box := tmp_path / "in").mkdir()
    handed.hand_in("alice", box, tmp_path)
    register = tmp_path / "state" / "course" / "seats.json"
    register.unlink()
    assert "graded" == states(grade(box, tmp_path / "out"))["alice"]
    assert not register.exists()
