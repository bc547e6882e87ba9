"""The folder that a student works in, as it lies there."""

from __future__ import annotations

import gzip
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.grading.submission import work
from sharklab.grading.submission.model import Seal
from sharklab.lab.model import Plan
from sharklab.limits import BUNDLE, BundleLimits
from sharklab.message import N_
from tests.support import submission_sample as sample
from tests.support.errors import error_of


def problems(place: Path, limits: BundleLimits | None = None) -> dict[str, str]:
    """Return what is said of the files of a folder."""
    found = work.read(place, sample.plan(), limits or BundleLimits())
    return {problem.file: str(problem.reason) for problem in found.problems}


def of_seats_alone() -> Plan:
    """Return the plan of a lab that takes captures from its folder alone."""
    plan = sample.plan()
    exercises = tuple(replace(each, anywhere=False) for each in plan.lab.exercises)
    return replace(plan, lab=replace(plan.lab, exercises=exercises))


def test_read_gives_captures_and_answers_of_the_seat(tmp_path: Path) -> None:
    """Captures go by the lab's ids; whose they are is the plan's."""
    found = work.read(sample.folder(tmp_path / "work"), sample.plan())
    captures = {id: file.name for id, file in found.captures.items()}
    assert {"ssh": "ssh.pcap", "time": "time.pcapng"} == captures
    assert {"server_port": 22, "transport": "TCP"} == found.answers["ssh"]
    assert ("tp4", "alice", sample.plan().seat.id, Seal.NONE, ()) == (
        found.lab,
        found.student,
        found.seat,
        found.seal,
        found.problems,
    )


def test_read_of_an_empty_folder_is_an_empty_submission(tmp_path: Path) -> None:
    """Nothing handed in is no fault."""
    found = work.read(tmp_path, sample.plan())
    assert ({}, {}, ()) == (found.captures, found.answers, found.problems)


@pytest.mark.parametrize("anywhere", [True, False])
def test_read_finds_captures_in_other_folders_where_the_lab_takes_them_from_anywhere(
    tmp_path: Path, anywhere: bool
) -> None:
    """The folder of any other lab may be a git repository, whose other files are nobody's business."""
    plan = sample.plan()
    exercises = tuple(replace(each, anywhere=anywhere) for each in plan.lab.exercises)
    plan = replace(plan, lab=replace(plan.lab, exercises=exercises))
    place = sample.folder(tmp_path / "work")
    (place / "wireshark").mkdir()
    for name in ("web.pcap", "thing.pcap"):
        shutil.copy(place / "captures" / "ssh.pcap", place / "wireshark" / name)
    found = work.read(place, plan)
    assert anywhere is ("web" in found.captures)
    assert (["wireshark/thing.pcap"] if anywhere else []) == [problem.file for problem in found.problems]


def test_read_of_a_folder_in_captures_names_it_only_if_nothing_in_it_is_taken(tmp_path: Path) -> None:
    """The student reads either that a capture in the folder counts, or why it does not."""
    for name, is_named in (("dns.pcap", False), ("notes.txt", True)):
        place = sample.folder(tmp_path / name)
        (place / "captures" / "sub").mkdir()
        (place / "captures" / "sub" / name).write_bytes((sample.DATA / "dns.pcap").read_bytes()[is_named:])
        found = work.read(place, sample.plan())
        assert is_named is ("captures/sub" in [problem.file for problem in found.problems])


@pytest.mark.parametrize("place", ["", "captures", "TP4"])
def test_read_finds_captures_in_unpacked_archives_in_any_lab(tmp_path: Path, place: str) -> None:
    """Other files there are nobody's business; the student's own capture of that name comes first."""
    plan = of_seats_alone()
    work_place = sample.folder(tmp_path / "work" / place if place == "TP4" else tmp_path / "work")
    box = tmp_path / "work" / ("" if place == "TP4" else place) / "all.zip" / "in"
    box.mkdir(parents=True)
    for name in ("web.pcap", "thing.pcap", "ssh.pcap", "notes.txt"):
        shutil.copy(work_place / "captures" / "ssh.pcap", box / name)
    (box / "notes.txt").write_text("x")
    found = work.read(tmp_path / "work", plan)
    assert (box / "web.pcap", work_place / "captures" / "ssh.pcap") == (
        found.captures["web"],
        found.captures["ssh"],
    )
    assert ["ssh.pcap", "thing.pcap"] == sorted(Path(each.file).name for each in found.problems)


@pytest.mark.parametrize("place", ["answers.zip", "mine", "captures", "captures/all.zip", "captures/TP4"])
def test_read_finds_captures_beside_the_answers_and_in_the_whole_folder(tmp_path: Path, place: str) -> None:
    """Answers in an archive or a subfolder leave captures/ as it is; no file is told twice."""
    own = sample.folder(tmp_path / "work")
    (own / place).mkdir(exist_ok=True, parents=True)
    (own / "answers.yml").rename(own / place / "answers.yml")
    (own / place / "captures").mkdir()
    shutil.copy(own / "captures" / "ssh.pcap", own / place / "captures" / "web.pcap")
    (own / "captures" / "notes.txt").write_text("x")
    found = work.read(own, of_seats_alone())
    captures = {id: file.relative_to(own).as_posix() for id, file in found.captures.items()}
    assert {
        "ssh": "captures/ssh.pcap",
        "time": "captures/time.pcapng",
        "web": f"{place}/captures/web.pcap",
    } == captures
    notes = "notes.txt" if place == "captures" else "captures/notes.txt"
    assert (22, [notes]) == (found.answers["ssh"]["server_port"], [each.file for each in found.problems])


def test_read_takes_answers_from_a_text_where_the_form_has_none(tmp_path: Path) -> None:
    """They are answers like others: a capture is found by them, and a bundle has them."""
    place = sample.folder(tmp_path / "work")
    (place / "README.md").write_text("# WEB\n| server IP | 10.77.5.2 |\n# SSH\nserver port: 23\n")
    shutil.copy(place / "captures" / "ssh.pcap", place / "thing.pcap")
    found = work.read(place, sample.plan())
    assert ({"server_address": "10.77.5.2"}, 22) == (
        found.answers["web"],
        found.answers["ssh"]["server_port"],
    )
    assert place / "thing.pcap" == found.captures["web"]
    assert [("web", "README.md", 2)] == [(each.exercise, each.file, each.line) for each in found.written]


def test_read_of_no_folder_is_an_input_error(tmp_path: Path) -> None:
    """The hint says how to make one."""
    error = error_of(InputError, work.read, tmp_path / "none", sample.plan())
    assert (N_("the folder does not exist"), str(tmp_path / "none")) == (error.message_id, error.place)
    assert N_("make it with: sharklab form LAB --folder DIR") == error.hint_id


def test_read_leaves_other_files_alone(tmp_path: Path) -> None:
    """A git repository with notes is a folder like another; systems leave files in any folder."""
    place = sample.folder(tmp_path)
    leftovers = [
        "Thumbs.db",
        ".DS_Store",
        "._ssh.pcap",
        "ssh.annotated.pcapng",
        "desktop.ini",
        "~$notes.docx",
    ]
    for name in (".git/config", "README.md", *(f"captures/{name}" for name in leftovers)):
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text("x")
    assert {} == problems(place)
    assert {"ssh", "time"} == set(work.read(place, sample.plan()).captures)


TEXT = N_("the file is a text, not a capture; it begins: {text}")
EMPTY = N_("the capture is empty")
UNKNOWN = N_("the lab does not ask for this capture")
NEARER = N_("{first} is taken for {id}: its name is nearer. Keep one of the two")
ALPHABET = N_("{first} is taken for {id}: it is the first in the alphabet. Keep one of the two")
READABLE = N_("{first} is taken for {id}, and this file cannot be read: {fault}")


def refusals(place: Path) -> dict[str, str]:
    """Return the message of each problem, by the name of its file."""
    found = work.read(place, sample.plan()).problems
    return {each.file: str(each.reason.values.get("reason", each.reason).msgid) for each in found}


@pytest.mark.parametrize(
    "name",
    [
        "SSH.PCAP",
        "ssh (1).pcap",
        "ssh.cap",
        "ssh",
        "ssh.pcapng.pcap",
        "Ssh.dmp",
        "tp4 ssh - Copie.pcapng",
        "šsh.pcap",
    ],
)
def test_read_takes_a_capture_of_nearly_the_right_name(name: str, tmp_path: Path) -> None:
    """The content is a capture, and one id is in the name."""
    place = sample.folder(tmp_path)
    (place / "captures" / "ssh.pcap").rename(place / "captures" / name)
    found = work.read(place, sample.plan())
    assert (name, ()) == (found.captures["ssh"].name, found.problems)


def test_read_takes_a_compressed_capture(tmp_path: Path) -> None:
    """gzip is read as what it holds."""
    place = sample.folder(tmp_path)
    file = place / "captures" / "ssh.pcap"
    (place / "captures" / "ssh.pcapng.gz").write_bytes(gzip.compress(file.read_bytes()))
    file.unlink()
    found = work.read(place, sample.plan())
    assert ("ssh.pcapng.gz", ()) == (found.captures["ssh"].name, found.problems)


def test_read_says_which_of_two_files_is_taken(tmp_path: Path) -> None:
    """A capture comes before a file that is none, then the nearest name, then the alphabet."""
    place = sample.folder(tmp_path)
    whole = (place / "captures" / "ssh.pcap").read_bytes()
    contents = {
        "ssh.pcapng": whole,
        "ssh (1).pcap": whole,
        "ssh.png": b"\x89PNG\r\n",
        "DNS.pcap": b"",
        "dns (2).pcap": whole,
        "web.txt": b"I looked at it",
    }
    for name, content in contents.items():
        (place / "captures" / name).write_bytes(content)
    expected = {
        "captures/ssh.pcapng": ALPHABET,
        "captures/ssh (1).pcap": NEARER,
        "captures/ssh.png": N_("the file is a picture ({format}), not a capture"),
        "captures/DNS.pcap": READABLE,
        "captures/web.txt": TEXT,
    }
    assert expected == refusals(place)
    found = work.read(place, sample.plan())
    assert {"ssh": "ssh.pcap", "dns": "dns (2).pcap", "time": "time.pcapng"} == {
        id: file.name for id, file in found.captures.items()
    }


def test_read_names_what_is_no_capture_of_the_lab(tmp_path: Path) -> None:
    """Each file in the folder of captures is taken, or named with the reason."""
    place = sample.folder(tmp_path)
    (place / "captures" / "ssh.pcap").unlink()
    for name in ("shh.pcap", "qqqqqqqq.pcap"):
        shutil.copy(sample.DATA / "icmp.pcap", place / "captures" / name)
    (place / "captures" / "old").mkdir()
    (place / "captures" / "notes.txt").write_text("a note")
    (place / "answers.yml").write_text("sssh: {transport: TCP}\nssh: {server_prot: 22}\n")
    expected = {
        "captures/shh.pcap": UNKNOWN,
        "captures/qqqqqqqq.pcap": UNKNOWN,
        "captures/notes.txt": TEXT,
        "captures/old": N_("it is a folder: put its captures into {folder}/"),
        "answers.yml sssh": N_("the lab has no exercise of this name with questions"),
        "answers.yml ssh.server_prot": N_("the exercise does not ask this question"),
    }
    found = work.read(place, sample.plan())
    assert (expected, ["time"]) == (refusals(place), list(found.captures))
    near = {
        each.file: each.reason.values["meant"].values["near"]
        for each in found.problems
        if "meant" in each.reason.values
    }
    assert {
        "captures/shh.pcap": "ssh",
        "answers.yml sssh": "ssh",
        "answers.yml ssh.server_prot": "server_port",
    } == near


def test_read_takes_a_capture_of_a_mistyped_name_by_its_packets(tmp_path: Path) -> None:
    """Its largest conversation is with the service of the exercise, whatever the answers are."""
    place = sample.folder(tmp_path)
    (place / "captures" / "ssh.pcap").rename(place / "captures" / "shh.pcap")
    (place / "answers.yml").write_text("ssh: {server_port: 23}\n")
    found = work.read(place, sample.plan())
    assert ("shh.pcap", ()) == (found.captures["ssh"].name, found.problems)


def test_read_of_a_file_that_is_no_capture_under_its_name_takes_it(tmp_path: Path) -> None:
    """It was meant: the marks say what is wrong with it."""
    place = sample.folder(tmp_path)
    (place / "captures" / "ssh.pcap").write_bytes(b"")
    found = work.read(place, sample.plan())
    assert ("ssh.pcap", ()) == (found.captures["ssh"].name, found.problems)


def test_read_of_answers_under_another_name(tmp_path: Path) -> None:
    """The form's own name comes first, and the other file is named."""
    place = sample.folder(tmp_path)
    (place / "answers.yml").rename(place / "answers.yml.txt")
    assert 22 == work.read(place, sample.plan()).answers["ssh"]["server_port"]
    (place / "answers.yml").write_text("ssh: {server_port: 23}\n")
    found = work.read(place, sample.plan())
    assert 23 == found.answers["ssh"]["server_port"]
    assert [("answers.yml.txt", {"first": "answers.yml"})] == [
        (each.file, each.reason.values) for each in found.problems
    ]


@pytest.mark.parametrize("name", ["Captures", "CAPTURES", "capture"])
def test_read_takes_a_folder_of_captures_in_another_spelling(name: str, tmp_path: Path) -> None:
    """Not every file system tells capitals apart."""
    place = sample.folder(tmp_path)
    (place / "captures").rename(place / name)
    (place / name / "notes.txt").write_text("x")
    found = work.read(place, sample.plan())
    assert ({"ssh", "time"}, [f"{name}/notes.txt"]) == (
        set(found.captures),
        [each.file for each in found.problems],
    )


def test_gather_takes_plain_names_for_any_lab(tmp_path: Path) -> None:
    """Without a lab nobody knows what another name means."""
    place = sample.folder(tmp_path)
    (place / "captures" / "ssh.pcap").rename(place / "captures" / "ssh (1).pcap")
    found = work.gather(place)
    assert ["time"] == list(found.captures)
    assert [("captures/ssh (1).pcap", N_("a submission has no file of this name"))] == [
        (each.file, each.reason.msgid) for each in found.problems
    ]


def test_read_follows_no_link_and_waits_for_no_pipe(tmp_path: Path) -> None:
    """A link could lead to what is not the student's; a pipe would never end."""
    place = sample.folder(tmp_path)
    (place / "captures" / "dns.pcap").symlink_to("/dev/zero")
    os.mkfifo(place / "captures" / "web.pcap")
    (place / "answers.yml").unlink()
    (place / "answers.yml").symlink_to("/etc/passwd")
    expected = {
        "answers.yml": "the path is a link, not a file",
        "captures/dns.pcap": "the path is a link, not a file",
        "captures/web.pcap": "the path is not a regular file",
    }
    assert expected == problems(place)


def test_read_of_captures_behind_a_link_is_a_problem(tmp_path: Path) -> None:
    """The folder of captures is a folder of the student's."""
    elsewhere = sample.folder(tmp_path / "elsewhere")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "captures").symlink_to(elsewhere / "captures")
    assert {"captures": "it is not a folder"} == problems(tmp_path / "work")


def test_read_of_a_large_file_is_a_problem(tmp_path: Path) -> None:
    """Four gigabytes of nothing cost no more than a look at their size."""
    place = sample.folder(tmp_path)
    with (place / "captures" / "web.pcap").open("wb") as file:
        file.truncate(4 << 30)
    with (place / "answers.yml").open("wb") as file:
        file.truncate(1 << 20)
    expected = {
        "answers.yml": "the file is larger than 64 KiB",
        "captures/web.pcap": "the file is larger than 64 MiB",
    }
    assert expected == problems(place)


def test_read_of_too_many_files_is_a_problem(tmp_path: Path) -> None:
    """How many files are looked at is a limit like the others."""
    place = sample.folder(tmp_path)
    (place / "captures" / "third").write_text("")
    assert {"captures": "it has more than 2 files"} == problems(place, BundleLimits(entries=2))


def test_states_gives_what_was_observed_by_host(tmp_path: Path) -> None:
    """What is no JSON object, or lies too deep, is a problem of its own."""
    (tmp_path / "state").mkdir()
    contents = {
        "server": '{"mounts": []}',
        "client": "{",
        "desktop": "[" * 10_000,
        "deep": '{"a":' * 20 + "1" + "}" * 20,
        "list": "[]",
        "nan": '{"a": NaN}',
    }
    for host, content in contents.items():
        (tmp_path / "state" / f"{host}.json").write_text(content)
    found, refused = work.states(tmp_path)
    assert {"server": {"mounts": []}} == found
    assert [f"state/{host}.json" for host in ("client", "deep", "desktop", "list", "nan")] == [
        problem.file for problem in refused
    ]


def test_texts_are_files_of_hosts(tmp_path: Path) -> None:
    """A link, a large file and another name are left out; bytes that are no text are replaced."""
    folder = tmp_path / work.JOURNAL
    folder.mkdir()
    (folder / "server.log").write_bytes(b"a\xff\n")
    (folder / "client.log").symlink_to("server.log")
    (folder / "large.log").write_bytes(b"x" * (BUNDLE.state + 1))
    (folder / "notes.txt").write_text("x")
    assert {"server": "a\ufffd\n"} == work.texts(tmp_path, work.JOURNAL)
    assert {} == work.texts(tmp_path, work.CHANGES)


def test_states_are_objects_of_hosts(tmp_path: Path) -> None:
    """What has another name is left alone; what is no object, or no file, is a problem of its own."""
    folder = tmp_path / work.STATE
    folder.mkdir()
    for name, content in {
        "server.json": "{}",
        "client.json": "[]",
        "desktop.json": "{",
        "notes.txt": "x",
    }.items():
        (folder / name).write_text(content)
    (folder / "router.json").symlink_to("server.json")
    found, refused = work.states(tmp_path)
    assert {"server": {}} == found
    assert ["state/client.json", "state/desktop.json", "state/router.json"] == [each.file for each in refused]
    assert "the file is damaged: {fault}" == refused[0].reason.msgid
