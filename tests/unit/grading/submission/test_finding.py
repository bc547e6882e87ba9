"""Captures found by content in a student's folder as it is, and matched to those of a lab."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sharklab.evidence.packets import records
from sharklab.evidence.packets.container import open_capture
from sharklab.grading.submission import finding
from sharklab.grading.submission.finding import ChosenFiles, answer_sheet, files, is_capture, own_folders
from sharklab.grading.submission.model import Answers
from sharklab.lab.model import Capture, Plan
from tests.support import report_run
from tests.support.checks_sample import DATA, shown

SSH = DATA / "ssh.pcap"


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Return a plan of the lab tp4 with two exercises that take captures from anywhere."""
    made = report_run.seal(tmp_path_factory.mktemp("run"), ["ssh", "dns"])
    exercises = tuple(
        replace(each, anywhere=True, captures=(replace(each.captures[0], names=names),))
        for each, names in zip(made.lab.exercises, [("3way",), ()], strict=True)
    )
    return replace(made, lab=replace(made.lab, name="tp4", exercises=exercises))


def find(folder: Path, plan: Plan, answers: Answers, taken: Mapping[str, Path]) -> ChosenFiles:
    """Return what is found beside the form's own folder of captures."""
    return finding.find(folder, plan, answers, taken, folder / "captures")


def put(folder: Path, *names: str, source: Path = SSH) -> Path:
    """Put a capture below `folder` under each of the names."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, folder / name)
    return folder


def given(**changed: str) -> dict[str, Any]:
    """Return answers that declare the connection in ssh.pcap, but for those that are changed."""
    [talk] = shown("ssh.pcap").conversations
    right = {
        "server_address": talk.server.address,
        "server_port": str(talk.server.port),
        "local_port": str(talk.client.port),
        "transport": "TCP",
    }
    return {"ssh": {**right, **changed}}


@pytest.mark.parametrize(
    "name",
    [
        "ssh.pcapng",
        "TP4/Captures/SSH.PCAP",
        "B1/tp 4/ssh.pcapng.pcap",
        "wireshark/Capture SSH.cap",
        "tp4_3way",
        "TP4/tp4_3way_Été.pcang",
    ],
)
def test_find_takes_a_capture_in_any_folder_by_its_name(plan: Plan, tmp_path: Path, name: str) -> None:
    """Case, blanks, accents and endings do not count; a lab may name other names."""
    found = find(put(tmp_path, name), plan, {}, {})
    assert ({"ssh": tmp_path / name}, ()) == (found.captures, found.unused)


def test_find_prefers_the_folder_of_the_lab_and_leaves_those_of_others(plan: Plan, tmp_path: Path) -> None:
    """A checkout has captures of several labs: the reason is said for each that is not used."""
    put(tmp_path, "ssh.pcap", "TP4/my ssh.pcap", "TP5/ssh.pcap", "TP5/dns.pcap", "TP4/other.pcap")
    found = find(tmp_path, plan, {}, {})
    assert {"ssh": tmp_path / "TP4/my ssh.pcap"} == found.captures
    assert {"ssh.pcap", "TP4/other.pcap", tmp_path.name} == {each.file for each in found.unused}
    copy, count = ({"first": "TP4/my ssh.pcap"}, {"count": 2})
    assert [copy, copy, count] == [each.reason.values for each in found.unused]


def piece(file: Path, first: int, end: int) -> Path:
    """Write the packets of ssh.pcap from number `first` up to, and without, number `end`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    whole = records.read(open_capture(SSH))
    records.write(file, whole.with_records(whole.records[first - 1 : end - 1]))
    return file


def test_find_takes_several_files_of_one_capture_by_their_names(plan: Plan, tmp_path: Path) -> None:
    """The nearest name comes first; the others lie in a folder of the same kind."""
    own = [piece(tmp_path / f"TP4/{name}.pcap", *of) for name, of in (("ssh", (1, 4)), ("ssh_end", (4, 9)))]
    piece(tmp_path / "ssh.pcap", 1, 9)
    put(tmp_path, "TP5/ssh.pcap")
    found = find(tmp_path, plan, {}, {"dns": tmp_path / "dns.pcap"})
    assert {"ssh": own[0], "ssh.2": own[1], "ssh.3": tmp_path / "ssh.pcap"} == found.captures
    seat = replace(plan.lab, exercises=tuple(replace(e, anywhere=False) for e in plan.lab.exercises))
    assert {"ssh": own[0]} == find(tmp_path, replace(plan, lab=seat), {}, {}).captures


def test_find_takes_the_other_files_of_a_capture_that_is_there(plan: Plan, tmp_path: Path) -> None:
    """The form's own folder has the first one."""
    own, more = piece(tmp_path / "captures/ssh.pcap", 1, 4), piece(tmp_path / "captures/ssh (1).pcap", 4, 9)
    assert {"ssh.2": more} == find(tmp_path, plan, {}, {"ssh": own}).captures


def test_find_names_packed_files(plan: Plan, tmp_path: Path) -> None:
    """Their content is not read; those of another lab are nobody's business."""
    put(tmp_path, "TP4/all.ZIP", "TP5/all.zip", "old.7z", "zip.txt", source=Path(__file__))
    put(tmp_path, "capture.zip")
    assert ["capture.zip", "old.7z", "TP4/all.ZIP"] == [
        each.file for each in find(tmp_path, plan, {}, {}).unused
    ]


def test_find_takes_a_damaged_file_in_the_place_of_a_capture(plan: Plan, tmp_path: Path) -> None:
    """Its student hears why; a leftover of a system is nobody's, and the form's own folder is known."""
    for name in ("TP4/ssh.pcapng", "TP4/ssh.png", "TP4/._ssh.pcap", "TP5/dns.pcap", "captures/dns.pcap"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\x89PNG")
    (tmp_path / "TP4/report.pdf").touch()
    found = find(tmp_path, plan, {}, {})
    assert {"ssh": tmp_path / "TP4/ssh.pcapng"} == found.captures
    assert {"TP4/ssh.png", "TP4/report.pdf"} == {each.file for each in found.unused}
    put(tmp_path, "3way.pcap")
    assert {"ssh": tmp_path / "3way.pcap"} == find(tmp_path, plan, given(), {}).captures


def test_find_leaves_a_capture_that_is_there_already(plan: Plan, tmp_path: Path) -> None:
    """The form's own folder comes first, and its file is not found a second time."""
    own = put(tmp_path, "captures/ssh.pcap") / "captures/ssh.pcap"
    found = find(tmp_path, plan, {}, {"ssh": own})
    assert ({}, ()) == (found.captures, found.unused)


@pytest.mark.parametrize(
    ("changed", "is_found"),
    [
        ({}, True),
        ({"local_port": "50990"}, True),
        ({"server_address": "192.0.2.9"}, True),
        ({"server_address": "192.0.2.9", "local_port": "50990"}, True),
        ({"server_address": "192.0.2.9", "local_port": "50990", "transport": "UDP"}, False),
    ],
)
def test_find_takes_a_capture_by_its_packets(
    plan: Plan, tmp_path: Path, changed: dict[str, str], is_found: bool
) -> None:
    """Its name tells nothing; it holds a conversation that the answers declare."""
    put(tmp_path, "a/standard input.pcapng")
    put(tmp_path, "b/untitled.pcap", source=DATA / "voice.pcap")
    found = find(tmp_path, plan, given(**changed), {})
    assert is_found is (found.captures == {"ssh": tmp_path / "a/standard input.pcapng"})
    assert (1 if is_found else 2) == len(found.unused)


def test_find_names_some_and_counts_the_others(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder may hold hundreds of captures."""
    monkeypatch.setattr(finding, "_NAMED", 2)
    found = find(put(tmp_path, *(f"{name}.pcap" for name in "abcde")), plan, {}, {})
    assert ["a.pcap", "b.pcap", tmp_path.name] == [each.file for each in found.unused]
    assert 3 == found.unused[-1].reason.values["count"]


def test_find_reads_nothing_for_an_exercise_with_several_captures(plan: Plan, tmp_path: Path) -> None:
    """Packets do not tell which of two captures one is."""
    several = tuple(
        replace(each, captures=(*each.captures, Capture("second", "client", "lan", "")))
        for each in plan.lab.exercises[:1]
    )
    changed = replace(plan, lab=replace(plan.lab, exercises=several))
    assert {} == find(put(tmp_path, "x.pcap"), changed, given(), {}).captures


def test_is_capture_by_its_first_bytes(tmp_path: Path) -> None:
    """Neither the name nor a link counts; a compressed file must be named as a capture."""
    (tmp_path / "text.pcap").write_text("No. Time Source")
    (tmp_path / "link.pcap").symlink_to(SSH)
    for name in ("a.pcap.gz", "a.tar.gz"):
        (tmp_path / name).write_bytes(gzip.compress(SSH.read_bytes()))
    put(tmp_path, "photo.png", "ssh.annotated.en.pcapng")
    assert ["a.pcap.gz", "photo.png"] == [file.name for file in files(tmp_path) if is_capture(file)]


@pytest.mark.parametrize("folder", ["TP n°4", "tp04", "TP_4", "Réseau/TP N° 04"])
def test_nearness_of_other_spellings_of_a_number(folder: str) -> None:
    """The sign of a number and its zeros do not count."""
    assert (finding.OWN, finding.OTHER) == (
        finding.nearness(folder.split("/"), "tp4"),
        finding.nearness(folder.split("/"), "tp5"),
    )


def test_own_folders_are_those_that_name_the_lab(tmp_path: Path) -> None:
    """Each up to the first name of the lab; other files and other places do not count."""
    names = ("alice/TP 4/web.pcap", "alice/TP 4/more/tp4/dns.pcap", "bob/tp4/ssh.pcap", "x/y.pcap", "z.pcap")
    files = [*(tmp_path / name for name in names), Path("/elsewhere/tp4/a.pcap")]
    assert ["alice/TP 4", "bob/tp4"] == own_folders(tmp_path, files, "tp4")


def test_files_are_those_of_open_folders_up_to_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Objects of git and replaced captures do not count; an endless folder costs no more than the limit."""
    put(tmp_path, ".git/a", "__MACOSX/b", "earlier/web-1.pcap", "x/c", "x/y/d")
    assert ["c", "d"] == [file.name for file in files(tmp_path)]
    monkeypatch.setattr(finding, "DEEPEST", 1)
    assert ["c"] == [file.name for file in files(tmp_path)]
    monkeypatch.setattr(finding, "FILES", 0)
    assert [] == list(files(tmp_path))


def test_answer_sheet_is_in_the_folder_or_in_that_of_the_lab(plan: Plan, tmp_path: Path) -> None:
    """Answers to another lab are not read."""
    assert tmp_path == answer_sheet(tmp_path, plan)
    for name in ("TP5", "TP4", "notes"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "answers.yml").write_text("{}")
    assert tmp_path / "TP4" == answer_sheet(tmp_path, plan)
    (tmp_path / "answers.yml").write_text("{}")
    assert tmp_path == answer_sheet(tmp_path, plan)
