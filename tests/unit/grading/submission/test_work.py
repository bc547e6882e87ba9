"""The folder that a student works in, as it lies there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.grading.submission import work
from sharklab.grading.submission.model import Seal
from sharklab.limits import BundleLimits
from tests.support import submission_sample as sample


def problems(place: Path, limits: BundleLimits | None = None) -> dict[str, str]:
    """Return what is said of the files of a folder."""
    found = work.read(place, sample.plan(), limits or BundleLimits())
    return {problem.file: str(problem.reason) for problem in found.problems}


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


def test_read_of_no_folder_is_an_input_error(tmp_path: Path) -> None:
    """The hint says how to make one."""
    with pytest.raises(InputError, match="the folder does not exist") as caught:
        work.read(tmp_path / "none", sample.plan())
    assert "sharklab form" in caught.value.hint


def test_read_leaves_other_files_alone(tmp_path: Path) -> None:
    """A git repository with notes and pictures is a folder like another."""
    place = sample.folder(tmp_path)
    for name in (".git/config", "README.md", "captures/notes.txt"):
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text("x")
    assert {} == problems(place)


def test_read_says_what_the_lab_does_not_ask_for(tmp_path: Path) -> None:
    """A slip in a name is told with the name that was meant, and is not handed in."""
    place = sample.folder(tmp_path)
    (place / "captures" / "ssh.pcap").rename(place / "captures" / "shh.pcap")
    (place / "answers.yml").write_text("sssh: {transport: TCP}\nssh: {server_prot: 22}\n")
    expected = {
        "captures/shh.pcap": "the lab does not ask for this capture; did you mean ssh?",
        "answers.yml sssh": "the lab has no exercise of this name with questions; did you mean ssh?",
        "answers.yml ssh.server_prot": "the exercise does not ask this question; did you mean server_port?",
    }
    assert expected == problems(place)
    assert ["time"] == list(work.read(place, sample.plan()).captures)


def test_read_of_one_capture_in_two_formats_takes_the_first(tmp_path: Path) -> None:
    """Which of two files is meant is for the student to say."""
    place = sample.folder(tmp_path)
    (place / "captures" / "ssh.pcapng").write_bytes(b"")
    assert {"captures/ssh.pcapng": "ssh.pcap is a capture with the same id: keep one of the two"} == problems(
        place
    )


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


def test_read_asks_whether_a_name_was_misspelt(tmp_path: Path) -> None:
    """A name that is nearly one of the lab's is told with it."""
    place = sample.folder(tmp_path / "work")
    (place / "captures" / "shs.pcap").write_bytes((place / "captures" / "ssh.pcap").read_bytes())
    [problem] = work.read(place, sample.plan()).problems
    assert {"near": "ssh"} == problem.reason.values["meant"].values
    (place / "captures" / "shs.pcap").rename(place / "captures" / "qqqqqqqq.pcap")
    [problem] = work.read(place, sample.plan()).problems
    assert "the lab does not ask for this capture" == problem.reason.msgid
