"""What becomes of a bundle on its way: browsers, Moodle and students rename, zip and unpack it."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.grading.gradebook import inputs, submission_source, work_item
from sharklab.grading.gradebook.pool import Failure, _attempt
from sharklab.grading.gradebook.selection import select
from sharklab.grading.gradebook.submission_source import SubmissionSource
from sharklab.grading.gradebook.work_item import IdentifyItem, Identity
from sharklab.grading.submission.model import Seal
from sharklab.lab import load
from sharklab.lab.roster import Student
from sharklab.message import N_
from tests.support import gradebook_class as handed
from tests.support.zips import tree, unzipped, zipped

ROSTER = tuple(Student(name, name.title(), "") for name in ("alice", "bob", "carol", "dan", "erin"))
PACKED = N_("the file is packed as {format}, and only zip and tar are read")
DAMAGED = N_("the file is not a submission, or it is damaged")


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the bundle that Alice made."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    (tmp_path / "made").mkdir()
    return handed.hand_in("alice", tmp_path / "made", tmp_path / "work")


def identified(place: Path, out: Path) -> dict[SubmissionSource, Identity | Failure]:
    """Return what each submission at a place is, zips opened, as a batch finds it."""
    found: dict[SubmissionSource, Identity | Failure] = {}
    left = list(inputs.find([place], ROSTER))
    while left:
        source = left.pop()
        outcome = _attempt(work_item.identify, IdentifyItem(source, out, ROSTER))
        if isinstance(outcome, tuple):
            left += outcome
        else:
            found[source] = outcome
    return found


def outcomes(place: Path, out: Path) -> dict[str, str | Seal]:
    """Return the seal of each student's submission, or why it is not graded."""
    found = identified(place, out)
    chosen: dict[str, str | Seal] = {}
    for selection in select(tuple(found), ROSTER, found, load.read_named("tp4")):
        if selection.source and isinstance(identity := found[selection.source], Identity):
            chosen[selection.entry.student] = identity.seal
        elif selection.entry.problem:
            chosen[selection.entry.student] = selection.entry.problem.msgid
    return chosen


def _renamed(name: str) -> Callable[[Path, Path, Path], object]:
    return lambda bundle, place, _: shutil.copy(bundle, place / name)


def _zipped_twice(bundle: Path, place: Path, scratch: Path) -> None:
    inner = zipped(scratch / "inner.zip", {"work/tp4-alice.sharklab": bundle.read_bytes()})
    zipped(place / "tp4.zip", {"inner.zip": inner.read_bytes(), "__MACOSX/._inner.zip": b"x"})


def _unpacked(bundle: Path, place: Path, scratch: Path) -> None:
    (unzipped(bundle, place / "tp4-alice") / ".DS_Store").write_bytes(b"x")


def _unpacked_and_zipped(bundle: Path, place: Path, scratch: Path) -> None:
    zipped(place / "tp4.zip", tree(unzipped(bundle, scratch / "unpacked"), "tp4-alice"))


WAYS: dict[str, Callable[[Path, Path, Path], object]] = {
    "renamed by a browser": _renamed("tp4-alice.sharklab.zip"),
    "a second download": _renamed("tp4-alice (1).sharklab"),
    "a second download of a zip": _renamed("tp4-alice.sharklab (1).zip"),
    "with an ending of Windows": _renamed("work.SHARKLAB.txt"),
    "zipped twice": _zipped_twice,
    "unpacked by a browser": _unpacked,
    "unpacked and zipped by hand": _unpacked_and_zipped,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_bundle_is_found_signed_and_whole(way: str, bundle: Path, tmp_path: Path) -> None:
    """Its content tells what it is."""
    (place := tmp_path / "in").mkdir()
    WAYS[way](bundle, place, tmp_path)
    assert {"alice": Seal.WHOLE} == outcomes(place, tmp_path / "out")


def test_moodles_download_is_read_as_it_comes(bundle: Path, tmp_path: Path) -> None:
    """As one zip, in a folder, or unpacked: nobody is missing whose file lies there."""
    work = zipped(tmp_path / "tp4.zip", tree(handed.folder(tmp_path / "folder"), "tp4"))
    nothing = zipped(tmp_path / "nothing.zip", {"notes.txt": b"x"})
    entries = {
        "Alice_101_assignsubmission_file_/tp4 final.sharklab": bundle.read_bytes(),
        "Bob_102_assignsubmission_file_/tp4.zip": work.read_bytes(),
        "Carol_103_assignsubmission_file_/tp4.rar": b"Rar!\x1a\7",
        "Dan_104_assignsubmission_file_report.pdf": b"%PDF-1.7",
        "Dan_104_assignsubmission_onlinetext_/onlinetext.html": b"<p>done</p>",
        "Erin_105_assignsubmission_file_/nothing.zip": nothing.read_bytes(),
        "__MACOSX/Alice_101_assignsubmission_file_/._tp4 final.sharklab": b"x",
    }
    download = zipped(tmp_path / "download" / "Networks-TP4-1234.zip", entries)
    expected = {
        "alice": Seal.WHOLE,
        "bob": Seal.NONE,
        "carol": PACKED,
        "dan": Seal.NONE,
        "erin": N_("the archive holds no submission"),
    }
    for number, place in enumerate((download, download.parent, unzipped(download, tmp_path / "unpacked"))):
        assert expected == outcomes(place, tmp_path / f"out{number}")


def test_a_few_zips_may_lie_in_each_other(tmp_path: Path) -> None:
    """Three are a habit, more are a trap."""
    inner = b"PK\3\4"
    for number in range(7):
        inner = zipped(tmp_path / f"{number}.zip", {"tp4-alice.zip": inner}).read_bytes()
    (place := tmp_path / "in").mkdir()
    (place / "tp4-alice.zip").write_bytes(inner)
    assert {"alice": N_("more than {most} archives lie in each other")} == outcomes(place, tmp_path / "out")


def test_what_did_not_come_out_of_a_zip_is_its_students(tmp_path: Path) -> None:
    """A bundle with a password, and one that is damaged."""
    file = zipped(
        tmp_path / "all.zip", {"tp4-bob.sharklab": bytes(100), "tp4-alice.sharklab": b"PK", "x": b"x"}
    )
    content = bytearray(file.read_bytes())
    for entry in ("tp4-bob.sharklab", "x"):
        content[content.rindex(entry.encode()) - 38] |= 1  # its flags in the list at the end
    file.write_bytes(content)
    assert {"bob": N_("it is encrypted"), "alice": DAMAGED} == outcomes(file, tmp_path / "out")


def test_what_lies_in_a_zip_shares_its_limit(tmp_path: Path) -> None:
    """However many zips lie in it, no more comes out of all of them than of one."""
    zipped(tmp_path / "in" / "a.zip", {"b.zip": bytes(1000), "c.zip": bytes(24)})
    (tmp_path / "out").mkdir()
    [source] = inputs.find([tmp_path / "in"])
    found = inputs.find_unpacked(source, tmp_path / "out")
    assert [(source.most - 1024) // 2] * 2 == [each.most for each in found]
    assert ["a.zip/b.zip", "a.zip/c.zip"] == [each.place for each in found]


STUDENTS = (
    Student("alice", "Alice", "alice@example.org", "Participant 11"),
    Student("bob", "Bob", "bob@example.org", "Participant 12"),
    Student("alice-bob", "Both", "both@example.org", "Participant 13"),
)


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """Return a folder with a packed submission, a student's folder, and other things."""
    (tmp_path / "class" / "sub").mkdir(parents=True)
    (tmp_path / "class" / "sub" / "a.sharklab").write_bytes(b"a")
    (tmp_path / "class" / "notes.txt").write_bytes(b"n")
    handed.folder(tmp_path / "class" / "bob")
    return tmp_path / "class"


MOODLE = "Alice Martin_1234_assignsubmission_file_"


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (("README.md", "ssh.pcap"), [MOODLE]),
        (("README.md", "captures.tgz"), [MOODLE]),
        (("captures.tgz", "captures.zip"), [MOODLE]),
        (("captures.zip",), [f"{MOODLE}/captures.zip"]),
        (("README.md",), [f"{MOODLE}/README.md"]),
        (("README.md", "made.zip"), [f"{MOODLE}/README.md", f"{MOODLE}/made.zip"]),
    ],
)
def test_find_takes_the_loose_files_of_a_student_together(
    files: tuple[str, ...], found: list[str], bundle: Path, tmp_path: Path
) -> None:
    """Moodle puts what a student uploads one by one into a folder; a bundle among them stands by itself."""
    place = tmp_path / "in"
    loose(place / MOODLE, files, bundle)
    loose(place / "somebody", files, bundle)
    sources = [each.place for each in inputs.find([place], ROSTER)]
    assert found == [name for name in sources if not name.startswith("somebody")]
    (place / "somebody").rename(place / "bob")
    if found == [MOODLE]:
        assert ["bob"] == [each.place for each in inputs.find([place], ROSTER) if each.name != MOODLE]


def loose(folder: Path, files: tuple[str, ...], bundle: Path) -> None:
    """Fill the folder with files of these names; made.zip is the bundle."""
    folder.mkdir(parents=True)
    for name in files:
        (folder / name).write_bytes(b"x")
        if name.endswith(".pcap"):
            shutil.copy(handed.DATA / "ssh.pcap", folder / name)
        elif name == "made.zip":
            shutil.copy(bundle, folder / name)


@pytest.mark.parametrize("ending", [".tgz", ".tar", ".zip"])
@pytest.mark.parametrize(
    ("content", "is_read"),
    [
        (("ssh.pcap", "README.md"), True),
        (("TP4/ssh.pcap", "TP4/README.md"), True),
        (("TP4/answers.yml",), True),
        (("README.md",), False),
        (("one/ssh.pcap", "two/ssh.pcap"), False),
    ],
)
def test_a_packed_folder_is_that_of_its_student(
    content: tuple[str, ...], is_read: bool, ending: str, tmp_path: Path
) -> None:
    """A tar as a zip; with several folders it is nobody's."""
    tree = tmp_path / "tree"
    for name in content:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(handed.DATA / "ssh.pcap", tree / name)
        if not name.endswith(".pcap"):
            (tree / name).write_text("x")
    (tmp_path / "in").mkdir()
    packed = tmp_path / "in" / f"alice{ending}"
    if ending == ".zip":
        zipped(packed, {name: (tree / name).read_bytes() for name in content})
    else:
        with tarfile.open(packed, "w:gz" if ending == ".tgz" else "w") as opened:
            opened.add(tree, ".")
    found = identified(tmp_path / "in", tmp_path / "out")
    whole = [source for source, each in found.items() if isinstance(each, Identity)]
    assert ["alice"] * is_read == [submission_source.owner(each, ROSTER).id for each in whole]  # type: ignore[union-attr]


def test_find_takes_files_and_folders_once(places: Path) -> None:
    """Packed files wherever they lie, students' folders; each once, by place."""
    found = inputs.find([places, places / "sub", places / "sub" / "a.sharklab"])
    assert [("bob", False), ("a.sharklab", True)] == [(each.name, each.packed) for each in found]


@pytest.mark.parametrize("place", ["nowhere", "sub/b.sharklab", "empty"])
def test_find_refuses_nothing(places: Path, place: str) -> None:
    """A place that is not there, or without a submission, is the instructor's mistake."""
    (places / "empty").mkdir()
    with pytest.raises(InputError):
        inputs.find([places / place])


def test_find_takes_every_file_that_a_student_may_have_handed_in(tmp_path: Path) -> None:
    """Moodle's folders and names of students tell; files of a system and of the instructor are none."""
    names = {
        "tp4-alice.sharklab": True,
        "tp4-alice.sharklab.zip": True,
        "TP4-ALICE.ZIP": True,
        "tp4-alice.sharklab (1)": True,
        "tp4-alice.sharklab.txt": True,
        "tp4-bob.rar": True,
        "Bob_7_assignsubmission_file_/report.pdf": True,
        "Bob_7_assignsubmission_file_report.pdf": True,
        "Bob_7_assignsubmission_onlinetext_/onlinetext.html": False,
        "._tp4-alice.sharklab": False,
        "__MACOSX/tp4-alice.sharklab": False,
        "Thumbs.db": False,
        "work.tar.gz": True,
        "alice/src/main.c": False,
        "roster.csv": False,
        "notes.zipper": False,
    }
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = {source.path.relative_to(tmp_path).as_posix() for source in inputs.find([tmp_path], STUDENTS)}
    assert {name for name, is_one in names.items() if is_one} == found


def test_find_takes_the_bundle_that_was_written_beside_the_work(places: Path) -> None:
    """The packed file is handed in; a folder that a bundle was unpacked to is one submission."""
    (places / "bob" / "tp4-bob.sharklab").write_bytes(b"x")
    assert ["tp4-bob.sharklab"] == [source.name for source in inputs.find([places / "bob"])]
    (places / "bob" / "manifest.json").write_text("{}")
    (places / "bob" / "manifest.sig").write_text("")
    assert ["bob"] == [source.name for source in inputs.find([places / "bob"])]


def test_find_others_names_the_files_beside_submissions(places: Path) -> None:
    """They may be somebody's; a folder that is a submission has none."""
    (places / ".DS_Store").write_bytes(b"x")
    (places / "a.zip").write_bytes(b"x")
    found = inputs.find([places, places / "bob"])
    assert ("notes.txt",) == inputs.find_others([places, places / "bob", places / "a.zip"], found)


def test_find_follows_no_link_to_a_folder(tmp_path: Path) -> None:
    """It may lead anywhere."""
    handed.folder(tmp_path / "elsewhere" / "alice")
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "alice").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError):
        inputs.find([tmp_path / "class"])


def test_find_folders_takes_each_folder_as_it_is(tmp_path: Path) -> None:
    """Git checkouts, each named after its student; a place with work of its own is one submission."""
    (tmp_path / "alice" / "TP4" / "captures").mkdir(parents=True)
    (tmp_path / "bob").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    assert ["alice", "bob"] == [source.name for source in inputs.find_folders([tmp_path])]
    (tmp_path / "bob" / "answers.yml").write_text("{}")
    assert ["bob"] == [source.name for source in inputs.find_folders([tmp_path / "bob"])]


CAPTURE = bytes.fromhex("d4c3b2a1") + bytes(20)
ONLINE = "Zoe_103_assignsubmission_onlinetext_"
ALL = ["a.zip/alice", "a.zip/bob", f"a.zip/{ONLINE}/x"]


def found_in(place: Path, *folders: str, lab: str = "tp4") -> list[str]:
    """Return the places of the submissions in `place`, made with these folders, by the roster."""
    for folder in folders:
        (place / folder).mkdir(parents=True)
    return [source.place for source in inputs.find_folders([place], ROSTER, lab)]


@pytest.mark.parametrize(
    ("folders", "places"),
    [
        (["class/alice/TP4", "class/bob/TP4"], ["class/alice", "class/bob"]),
        (["repo/alice", "repo/docs"], ["repo/alice"]),
        (["bob/alice", "bob/bob"], ["bob/alice", "bob/bob"]),
        (["bob/alice"], ["bob"]),
        (["alice-bob/alice-1", "alice-bob/x"], ["alice-bob"]),
        (["class/TP4/alice", "class/TP4/bob", "class/TP5/alice"], ["class/TP4/alice", "class/TP4/bob"]),
        (["B1/TP4/alice/captures", "B2/TP4"], ["B1/TP4/alice", "B2"]),
        (["x/TP4", "y/TP4"], ["x", "y"]),
        (["a/b/c/d/alice"], ["a"]),
    ],
)
def test_find_folders_takes_the_folders_of_students_in_a_shared_repository(
    folders: list[str], places: list[str], tmp_path: Path
) -> None:
    """By the names of the roster; those of other labs are left alone, and so is a pair's own folder."""
    assert places == found_in(tmp_path, *folders)


def test_find_folders_takes_the_folders_of_students_in_a_zip(tmp_path: Path) -> None:
    """A class repository that was downloaded as a zip."""
    entries = {f"class-main/{name}/README.md": b"x" for name in ("alice", "bob")}
    [source] = inputs.find_folders([zipped(tmp_path / "a.zip", entries)], ROSTER)
    found = inputs.find_unpacked(source, tmp_path / "out", ROSTER, "tp4")
    assert ["alice", "bob"] == [each.name for each in found]


def test_find_folders_takes_a_zip_for_the_folder_in_it(tmp_path: Path) -> None:
    """Of a student beside folders of others, or alone in Moodle's folder; an empty text online is none."""
    zipped(tmp_path / "bob.zip", {"TP4/ssh.pcap": CAPTURE, "__MACOSX/._x": b"x"})
    zipped(tmp_path / "Al_101_assignsubmission_file_" / "work.zip", {"ssh.pcap": CAPTURE})
    (tmp_path / "carol" / "TP4").mkdir(parents=True)
    (tmp_path / ONLINE).mkdir()
    found = inputs.find_folders([tmp_path])
    assert [("Al_101_assignsubmission_file_/work.zip", True), ("bob.zip", True), ("carol", False)] == [
        (each.place, each.packed) for each in found
    ]
    for number, source in enumerate(found[:2]):
        into = tmp_path / "out" / str(number)
        into.mkdir(parents=True)
        [one] = inputs.find_unpacked(source, into)
        assert (source.place, into, False) == (one.place, one.path, one.packed)


@pytest.mark.parametrize(
    ("top", "found"),
    [
        ({"alice/TP4/ssh.pcap": CAPTURE, "bob/x": b"x", f"{ONLINE}/x": b""}, ALL),
        ({"Al_101_assignsubmission_file_/w.zip": b"x"}, ["a.zip/Al_101_assignsubmission_file_/w.zip"]),
        ({"ssh.pcap": CAPTURE, "TP4/x": b"x"}, ["a.zip"]),
    ],
    ids=["folders", "Moodle", "one student"],
)
def test_find_folders_takes_a_zip_for_the_class_in_it(
    top: dict[str, bytes], found: list[str], tmp_path: Path
) -> None:
    """The same rules as for a folder that is named."""
    [source] = inputs.find_folders([zipped(tmp_path / "a.zip", top)])
    (tmp_path / "out").mkdir()
    assert found == [each.place for each in inputs.find_unpacked(source, tmp_path / "out")]


def test_a_zip_of_any_name_is_that_of_the_folder_around_it(tmp_path: Path) -> None:
    """Every student calls it TP4.zip; the folder, or the outer zip, is named after the student."""
    inner = zipped(tmp_path / "made" / "TP4.zip", {"TP4/ssh.pcap": CAPTURE}).read_bytes()
    zipped(tmp_path / "class" / "alice" / "TP4.zip", {"TP4/ssh.pcap": CAPTURE})
    zipped(tmp_path / "class" / "bob.zip", {"bob/TP4.zip": inner})
    zipped(tmp_path / "class.zip", {"alice/TP4.zip": inner, "bob/x/TP4.zip": inner, "carol.zip": inner})
    opened: list[str] = []
    for place in ("class", "class.zip"):
        left = list(inputs.find_folders([tmp_path / place]))
        while left:
            source = left.pop()
            (into := tmp_path / "out" / f"{len(opened)}-{len(left)}-{source.nested}").mkdir(parents=True)
            if source.packed:
                left += inputs.find_unpacked(source, into)
            else:
                opened.append(source.name)
    assert ["alice", "alice", "bob", "bob", "carol"] == sorted(map(submission_source.stem, opened))


def test_find_folders_without_a_folder_says_so(tmp_path: Path) -> None:
    """A place that is missing, and an empty folder."""
    for place in (tmp_path / "missing", tmp_path):
        with pytest.raises(InputError) as raised:
            inputs.find_folders([place])
        assert str(place) == raised.value.place


TEXT = "_assignsubmission_onlinetext_/onlinetext.html"
FILE = "_assignsubmission_file_/"
DOWNLOAD = {
    f"Alice_1{FILE}README.md": b"x",
    f"Alice_1{FILE}captures.zip": b"x",
    f"Alice_1{TEXT}": b"<p>a</p>",
    f"Bob_2{TEXT}": b"<p>b</p>",
    "Carol_3_assignsubmission_onlinetext_onlinetext.html": b"<p>c</p>",
    f"Dan_4{FILE}tp4.zip": b"x",
    f"Dan_4{TEXT}": b"<p>d</p>",
}


def texts_of(sources: tuple[SubmissionSource, ...]) -> dict[str, list[str]]:
    """Return the names of the online texts of each submission, by the name that stands for its student."""
    return {source.name: [text.read_text() for text in source.texts] for source in sources}


def test_an_online_text_belongs_to_the_submission_of_its_participant(tmp_path: Path) -> None:
    """Unpacked or as a zip; who typed a text and handed in no file is not missing."""
    expected = {
        "Alice_1_assignsubmission_file_": ["<p>a</p>"],
        "Bob_2_assignsubmission_onlinetext_": ["<p>b</p>"],
        "Carol_3_assignsubmission_onlinetext_onlinetext.html": ["<p>c</p>"],
        "Dan_4_assignsubmission_file_": ["<p>d</p>"],
    }
    file = zipped(tmp_path / "all.zip", DOWNLOAD)
    place = unzipped(file, tmp_path / "class")
    assert expected == texts_of(found := inputs.find_folders([place], ROSTER))
    assert ["1", "2", "3", "4"] == [submission_source.participant(source) for source in found]
    assert () == inputs.find_others([place], found)
    [packed] = inputs.find_folders([file])
    assert expected == texts_of(inputs.find_unpacked(packed, tmp_path / "out", ROSTER))


def test_an_online_text_stays_with_the_zip_of_its_student(tmp_path: Path) -> None:
    """The zip is opened first; its folder gets the text."""
    entries = {f"Dan_4{FILE}tp4.zip": zipped(tmp_path / "tp4.zip", {"x.md": b"x"}).read_bytes()}
    place = unzipped(zipped(tmp_path / "all.zip", {**DOWNLOAD, **entries}), tmp_path / "class")
    *_, dan = inputs.find_folders([place])
    [one] = inputs.find_unpacked(dan, tmp_path / "out")
    assert (dan.texts, False) == (one.texts, one.packed)


def test_find_folders_takes_a_tar_that_is_the_only_file_for_its_folder(tmp_path: Path) -> None:
    """It is unpacked there."""
    (tmp_path / "class" / "alice").mkdir(parents=True)
    with tarfile.open(tmp_path / "class" / "alice" / "tp4.tar.gz", "w:gz") as opened:
        opened.add(__file__, "x.py")
    [source] = inputs.find_folders([tmp_path / "class"])
    assert ("alice", False) == (source.place, source.packed)
