"""The verbs around a student's work, as they are typed: with real captures, and tshark to read them."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sharklab.checks import host_demands
from sharklab.cli import flow, main
from sharklab.errors import GOOD, NOT_ACHIEVED, InputError
from sharklab.grading.submission import bundle
from sharklab.grading.submission.model import Seal
from sharklab.hosts.providers.this_computer import ThisComputer
from sharklab.hosts.ssh_gateway import keys
from sharklab.i18n import translator
from sharklab.lab import diary, exam, load, plan_file, seat
from sharklab.message import Message
from tests.support import labs, packets_made
from tests.support import submission_sample as sample
from tests.support.command import refusal, run, tell

pytestmark = pytest.mark.usefixtures("here")
HINT = "ssh/handshake"


def begun_late() -> None:
    """Hand in an SSH connection of alice's seat that was open when the capture began."""
    call("form", "tp4")
    own = flow.prepare("tp4", "alice").seat
    desktop, server = (str(own.address(name, "lan").ipv4.ip) for name in ("desktop", "server"))
    packets = packets_made.exchange(packets_made.Tcp(packets_made.Way(desktop, server), 40_000, 60_000))[3:]
    frames = [packets_made.LINKS["ethernet"].wrap(packet, "<") for packet in packets]
    packets_made.pcap(Path("tp4/captures/ssh.pcap"), 1, frames, "<", 1000)


def late() -> str:
    """Return the first words of the hint on a capture that began too late."""
    [exercise] = [each for each in load.read_named("tp4").exercises if each.id == "ssh"]
    return exercise.hints["handshake"][2].text["en"][:50]


def call(*words: str) -> int:
    """Run a command for alice."""
    return run(*words, "--student", "alice")


def answered(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """Run a command for alice and return what it tells a script."""
    return tell(capsys, *words, "--student", "alice")


def test_submit_packs_what_check_looks_at(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """From the form to one file: it says what is in it, and the instructor finds it whole."""
    assert 0 == call("form", "tp4")
    shutil.copy(sample.DATA / "ssh.pcap", "tp4/captures")
    Path("tp4/captures/dns.pcap").write_text("no capture")
    content = answered(capsys, "submit", "tp4")
    assert ["dns", "ssh"] == content["captures"]
    assert ["web", "mail", "chat", "time", "voice", "nfs"] == content["missing"]
    assert {"given": 0, "asked": 31} == content["answers"]
    refused = [
        {"file": "captures/dns.pcap", "reason": "the file is a text, not a capture; it begins: no capture"}
    ]
    assert refused == content["problems"]
    found = bundle.unpack(Path("tp4-alice.sharklab"), tmp_path / "unpacked")
    own = flow.prepare("tp4", "alice").seat
    assert ("tp4", "alice", own.id, Seal.WHOLE) == (found.lab, found.student, found.seat, found.seal)


def test_submit_tells_people_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """A person reads the captures, the missing ones and the file."""
    call("form", "tp4")
    shutil.copy(sample.DATA / "ssh.pcap", "tp4/captures")
    content = answered(capsys, "submit", "tp4", "-o", "mine.sharklab")
    assert GOOD == call("submit", "tp4", "-o", "mine.sharklab")
    first, second, *_, last = capsys.readouterr().out.splitlines()
    assert ("ssh", ", ".join(content["missing"])) == (first.split(": ")[1], second.split(": ")[1])
    assert "mine.sharklab" == content["file"] and "mine.sharklab" in last


def test_submit_puts_the_file_into_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    """Under its usual name: the folder of now, or another one."""
    call("form", "tp4")
    Path("hand in").mkdir()
    for folder in (".", "hand in"):
        told = answered(capsys, "submit", "tp4", "-o", folder)
        assert str(Path(folder, "tp4-alice.sharklab")) == told["file"] and Path(told["file"]).is_file()
    error = refusal(InputError, "submit", "tp4", "-o", "nowhere/mine.sharklab", *ALICE)
    assert ("the folder does not exist", "--out nowhere") == (error.message_id, error.place)
    assert ("make it with: mkdir -p {folder}", "nowhere") == (error.hint_id, error.values["folder"])


def test_submit_says_when_the_seat_began_and_which_hints_were_taken(tmp_path: Path) -> None:
    """The manifest has what a course may ask for; times are of this machine."""
    own = flow.prepare("tp4", "alice").seat
    diary.begin(own)
    diary.take_hint(own, "ssh/fin")
    call("form", "tp4")
    call("submit", "tp4")
    found = bundle.unpack(Path("tp4-alice.sharklab"), tmp_path / "unpacked")
    assert ["ssh/fin"] == found.manifest["hints"]
    assert 0 < diary.read_begin(own) == found.begun <= found.made


def test_check_says_what_is_missing_and_gives_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a wrong answer it is said that it is wrong; the value that the packets show is nowhere."""
    call("form", "tp4")
    Path("tp4/answers.yml").write_text("ssh:\n  server_port: 2222\n  transport: UDP\n")
    shutil.copy(sample.DATA / "ssh.pcap", "tp4/captures")
    capsys.readouterr()
    assert NOT_ACHIEVED == call("check", "tp4")
    told = capsys.readouterr().out
    result = answered(capsys, "check", "tp4")["result"]
    exercises = {each["id"]: each for each in result["exercises"]}
    assert exercises["ssh"]["points"] < exercises["ssh"]["worth"] and 0 == exercises["dns"]["points"]
    assert exercises["ssh"]["title"]["en"] in told
    local_port = "57142"
    assert local_port.encode() not in Path("tp4/answers.yml").read_bytes()
    assert local_port not in told and " 22 " not in told


def test_check_without_a_seat_says_what_grade_says(capsys: pytest.CaptureFixture[str]) -> None:
    """Here without any answer: one connection to the service leaves no doubt. A seat is judged as a seat."""
    call("form", "tp4", "--folder", "class/alice")
    packets = packets_made.exchange(packets_made.Tcp(packets_made.Way("192.0.2.1", "192.0.2.7"), 50_000, 443))
    frames = [packets_made.LINKS["ethernet"].wrap(packet, "<") for packet in packets]
    packets_made.pcap(Path("class/alice/captures/web.pcap"), 1, frames, "<", 1000)
    told = answered(capsys, "check", "tp4", "--folder", "class/alice")
    assert GOOD == run("grade", "class", "--without-seats", "--lab", "tp4", "-o", "book", "--jobs", "1")
    [graded] = json.loads(Path("book/results.json").read_text())["students"]
    found, right = (
        [(each["id"], each["worth"], each["points"]) for each in result["exercises"]]
        for result in (told["result"], graded["result"])
    )
    assert (False, right) == (told["seat"], found)
    assert 0 < told["result"]["points"] == graded["result"]["points"]
    diary.begin(flow.prepare("tp4", "alice").seat)
    told = answered(capsys, "check", "tp4", "--folder", "class/alice")
    assert (True, 0) == (told["seat"], told["result"]["points"])


def test_check_says_what_was_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is no capture is told with the reason, in the student's language."""
    call("form", "tp4")
    Path("tp4/captures/shh.pcap").write_bytes(b"shh\n")
    [problem] = answered(capsys, "check", "tp4")["result"]["problems"]
    assert "captures/shh.pcap" == problem["file"]
    assert problem["reason"]["fr"] != problem["reason"]["en"]
    main.main(["check", "tp4", "--student", "alice", "--lang", "fr"])
    assert f"! captures/shh.pcap: {problem['reason']['fr']}" in capsys.readouterr().out


def test_check_of_a_hint_that_is_not_there_is_refused() -> None:
    """A hint is noted only when there is one."""
    call("form", "tp4")
    for name, message, near in (
        ("ssh/fin", "there is no hint for {name!r} now", None),
        ("ssh/handshak", "the lab has no criterion {name!r}", "ssh/handshake"),
        ("web/bogus", "the lab has no criterion {name!r}", ""),
    ):
        error = refusal(InputError, "check", "tp4", "--hint", name, "--student", "alice")
        assert (message, name, near) == (error.message_id, error.values["name"], error.values.get("near"))
    known = str(error.values["known"])
    assert "web/handshake" in known and "ssh/handshake" not in known
    assert () == diary.hints(flow.prepare("tp4", "alice").seat)


def test_check_names_a_hint_and_keeps_it_back(capsys: pytest.CaptureFixture[str]) -> None:
    """Until it is taken it is nowhere, for scripts neither; where else to look is told at once."""
    begun_late()
    content = answered(capsys, "check", "tp4")
    assert HINT in content["hints"]
    assert late() not in json.dumps(content)
    call("check", "tp4")
    told = " ".join(capsys.readouterr().out.split())
    [ssh] = [each for each in content["result"]["exercises"] if each["id"] == "ssh"]
    [look] = [each["look"]["en"] for each in ssh["criteria"] if each["id"] == "handshake"]
    assert look and f"→ {look}" in told
    assert f"--hint {HINT}" in told and late() not in told


def test_check_shows_a_hint_from_when_it_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """Who took it once reads it again without asking, as long as the situation is there."""
    begun_late()
    capsys.readouterr()
    call("check", "tp4", "--hint", HINT)
    assert late() in capsys.readouterr().out
    assert (HINT,) == diary.hints(flow.prepare("tp4", "alice").seat)
    call("check", "tp4")
    told = capsys.readouterr().out
    assert late() in told
    assert f"--hint {HINT}" not in told


def test_check_offers_no_hint_that_does_not_fit(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody takes a hint that has nothing to say: here nothing was handed in."""
    call("form", "tp4")
    assert [] == answered(capsys, "check", "tp4")["hints"]
    refusal(InputError, "check", "tp4", "--hint", HINT, "--student", "alice")


def test_check_and_submit_say_first_that_the_seat_is_not_up(capsys: pytest.CaptureFixture[str]) -> None:
    """They say it without a folder, too."""
    for verb in ("check", "submit"):
        shutil.rmtree("pannes", ignore_errors=True)
        refusal(InputError, verb, "pannes", "--student", "alice")
        call("form", "pannes")
        assert "sharklab up pannes --student alice" in capsys.readouterr().err
        call(verb, "pannes")
        assert "sharklab up pannes --student alice" in capsys.readouterr().err


def test_check_needs_a_folder() -> None:
    """Without the form, it says how to make it."""
    error = refusal(InputError, "check", "tp4", "--student", "alice")
    assert ("make it with: sharklab form {lab}; or name its folder: --folder DIR", "tp4") == (
        error.hint_id,
        error.values["lab"],
    )


def test_report_of_a_folder_shows_the_students_own(capsys: pytest.CaptureFixture[str]) -> None:
    """Their answers and their packets, in each language, beside their work; nothing of a run."""
    call("form", "tp4")
    Path("tp4/answers.yml").write_text("ssh:\n  server_port: 4242\n  transport: tcp\n")
    shutil.copy(sample.DATA / "ssh.pcap", "tp4/captures")
    assert 0 == call("report", "tp4", "--folder", "tp4")
    page = Path("tp4/report.en.html").read_text()
    assert "4242" in page and "captures/ssh.pcap" in page and 'id="packet-ssh-1"' in page
    of_a_run = ["Measured answer", "Dropped", "Filter", "Done on", "Commands"]
    assert of_a_run == [word for word in of_a_run if translator("fr").gettext(word) != word]
    assert [] == [word for word in of_a_run if word in page]
    assert {"report.en.html", "report.en.md", "report.fr.html", "report.fr.md"} == {
        file.name for file in Path("tp4").glob("report.*")
    }


def test_seats_create_makes_a_file_for_each_student(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A class from a list, each with a seat of their own; a student's machine takes one."""
    Path("class.csv").write_text("student,name\nalice,Alice\nbob,Bob\n")
    assert 0 == run("seats", "create", "class.csv", "--lab", "tp4", "-o", "seats")
    said = capsys.readouterr().out
    assert f"  bob    {keys.password('bob')}  Bob" in said.splitlines() and "ssh -p 2222 NAME" in said
    assert ["alice.seat", "bob.seat"] == sorted(file.name for file in Path("seats").iterdir())
    own, key = flow.prepare("tp4", "bob").seat, seat.key("tp4", "bob")
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "student"))
    assert 0 == run("seats", "import", "seats/bob.seat")
    assert (own.token, key) == (flow.prepare("tp4", "bob").seat.token, seat.key("tp4", "bob"))


def test_form_leaves_the_folder_of_the_lab_alone(mylab: Path) -> None:
    """The form's folder is named like the lab, whose own folder is here already."""
    error = refusal(InputError, "form", "./mylab", "--student", "alice")
    assert ("this is the folder of the lab, not of a student's work", "mylab") == (
        error.message_id,
        error.place,
    )
    assert not (mylab / "answers.yml").exists()


def fill_in(folder: Path) -> None:
    """Fill in a form of `mylab`: the captured page and the answer."""
    own = seat.register(load.read_named("./mylab"), "alice")
    client, server = (str(own.address(name, "lan").ipv4.ip) for name in ("client", "server"))
    packets = packets_made.exchange(packets_made.Tcp(packets_made.Way(client, server), 40_000, 80))
    frames = [packets_made.LINKS["ethernet"].wrap(packet, "<") for packet in packets]
    packets_made.pcap(folder / "captures/page.pcap", 1, frames, "<", 1000)
    (folder / "answers.yml").write_text("page:\n  server_port: 80\n")


@pytest.mark.usefixtures("mylab")
def test_work_is_checked_handed_in_and_graded_by_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    """From the form to the gradebook; the submission names its lab, which is not in `labs/`."""
    Path("roster.csv").write_text("student,name,email\nalice,Alice,alice@example.org\n")
    assert GOOD == call("form", "./mylab", "--folder", "work")
    fill_in(Path("work"))
    assert GOOD == run("seats", "create", "roster.csv", "--lab", "./mylab", "-o", "seats")
    for verb in ("check", "report", "submit"):
        assert GOOD == call(verb, "./mylab", "--folder", "work")
    grade = ("grade", "mylab-alice.sharklab", "-o", "book", "--jobs", "1")
    told = tell(capsys, *grade, "--lab", "./mylab")
    assert (GOOD, ["alice"]) == (told["code"], list(told["students"]))
    [student] = json.loads(Path("book/results.json").read_text())["students"]
    assert student["result"]["points"] == student["result"]["worth"] > 0
    shutil.rmtree("book")
    labs.start("./mylab")
    assert GOOD == run(*grade)


@pytest.fixture
def myexam(mylab: Path) -> Path:
    """Make the lab `mylab` an exam, with the work of alice in `work`."""
    with (mylab / "lab.yml").open("a") as file:
        file.write("exam: {minutes: 90}\n")
    assert GOOD == call("form", "./mylab", "--folder", "work")
    fill_in(Path("work"))
    return mylab


WORK = ("./mylab", "--folder", "work")
ALICE = ("--student", "alice")


@pytest.mark.usefixtures("myexam")
def test_exam_has_no_hints_no_report_and_no_solution() -> None:
    """Asking is refused, noted, and told to the instructor, whoever made the seat."""
    for place, *words in (
        ("check --hint", "check", *WORK, "--hint", "page/x"),
        ("report --folder", "report", *WORK),
        ("brief --solution", "brief", "./mylab", "--solution"),
    ):
        error = refusal(InputError, *words, *ALICE)
        assert ("an exam does not allow this", f"sharklab {place}") == (error.message_id, error.place)
    assert GOOD == call("submit", *WORK)
    found = bundle.unpack(Path("mylab-alice.sharklab"), Path("unpacked"))
    refused = [what for _, what in found.manifest["refused"]]
    assert ["check --hint", "report --folder", "brief --solution"] == refused


@pytest.mark.usefixtures("myexam")
def test_check_of_an_exam_tells_titles_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong answer looks like a right one, for scripts too; a missing part is named. Times are noted."""
    assert GOOD == answered(capsys, "check", *WORK)["code"]
    Path("work/answers.yml").write_text("page:\n  server_port: 81\n")
    told = answered(capsys, "check", *WORK)
    assert (GOOD, {}) == (told["code"], told["missing"])
    assert {"result", "hints"}.isdisjoint(told)
    Path("work/answers.yml").write_text("")
    told = answered(capsys, "check", *WORK)
    assert (NOT_ACHIEVED, ["page"]) == (told["code"], list(told["missing"]))
    call("submit", *WORK)
    found = bundle.unpack(Path("mylab-alice.sharklab"), Path("unpacked"))
    assert 3 == len(found.manifest["checks"])


def test_check_of_an_exam_in_another_folder_finds_the_work_here(
    myexam: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder of the work has the lab's name, wherever the lab itself lies."""
    myexam.rename("labs-of-mine")
    Path("labs").mkdir()
    Path("labs-of-mine").rename("labs/mylab")
    Path("work").rename("mylab")
    told = answered(capsys, "check", "./labs/mylab")
    assert (GOOD, "mylab") == (told["code"], told["folder"])


@pytest.mark.usefixtures("myexam")
def test_submit_of_an_exam_is_the_only_one(capsys: pytest.CaptureFixture[str]) -> None:
    """The first digits of the file are shown; another submission takes the instructor's code."""
    told = answered(capsys, "submit", *WORK)
    assert hashlib.sha256(Path("mylab-alice.sharklab").read_bytes()).hexdigest() == told["digest"]
    error = refusal(InputError, "submit", *WORK, *ALICE)
    assert told["digest"][:8] == error.values["digest"]
    code = tell(capsys, "seats", "code", "./mylab", "alice")["codes"]["alice"]
    again = answered(capsys, "submit", *WORK, "--again", code, "-o", "again.sharklab")
    assert GOOD == again["code"] and told["digest"] != again["digest"]
    assert code == bundle.unpack(Path("again.sharklab"), Path("unpacked")).manifest["again"]


@pytest.mark.usefixtures("myexam")
def test_submit_of_an_exam_looks_at_its_hosts_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the lab asks about hosts, a seat that is not up is refused, and nothing is handed in."""
    monkeypatch.setattr(host_demands, "is_needed", lambda plan: True)
    error = refusal(InputError, "submit", *WORK, *ALICE)
    assert "sharklab up {lab}" == error.hint_id
    assert not Path("mylab-alice.sharklab").exists()
    assert () == diary.submissions(flow.prepare("./mylab", "alice").seat)


@pytest.mark.usefixtures("myexam")
def test_seats_of_an_exam_have_the_time_of_each_student(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the student's machine, the brief has the one end that counts."""
    Path("class.csv").write_text("student,minutes\nalice,\nbob,120\n")
    words = ("--lab", "./mylab", "-o", "seats", "--begin", "2026-12-01T08:00Z")
    assert GOOD == run("seats", "create", "class.csv", *words)
    begin = 1_796_112_000.0
    for student, minutes in (("alice", 90), ("bob", 120)):
        monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / student))
        labs.start("./mylab", "somebody")  # so that the lab is known by its name
        assert GOOD == run("seats", "import", f"seats/{student}.seat")
        assert exam.Window(begin, begin + minutes * 60) == exam.own_window("mylab", student)
        capsys.readouterr()
        run("brief", "./mylab", "--student", student)
        assert exam.local_time(begin + minutes * 60) in capsys.readouterr().out


@pytest.mark.usefixtures("myexam")
def test_seats_minutes_moves_the_end_of_a_student(capsys: pytest.CaptureFixture[str]) -> None:
    """The end is told in epoch seconds; a lab that is no exam has none."""
    lab = load.read_named("./mylab")
    exam.note_windows([seat.register(lab, "alice")], exam.Windows(exam.Window(1e9, 1e9 + 60)))
    told = tell(capsys, "seats", "minutes", "./mylab", "alice", "--more", "15")
    assert (GOOD, {"alice": 1e9 + 16 * 60}) == (told["code"], told["ends"])
    assert (
        "the lab {lab} is not an exam"
        == refusal(InputError, "seats", "minutes", "tp4", "alice", "--more", "1").message_id
    )


def test_seats_code_is_of_exams_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Another lab has no codes, and a name must be one of a student."""
    error = refusal(InputError, "seats", "code", "tp4", "alice")
    assert ("the lab {lab} is not an exam", "sharklab seats code") == (error.message_id, error.place)


def test_seats_create_writes_links_of_the_workbench(here: Path) -> None:
    """They are those that `serve` takes, and nobody else reads the file."""
    from sharklab.cli.workbench.desk import class_links

    Path("roster.csv").write_text("student,name\nalice,Alice\nbob,Bob\n")
    run("seats", "create", "roster.csv", "--lab", "tp4", "--url", "https://lab.example/bench")
    lines = Path("seats/links.csv").read_text().splitlines()[1:]
    assert [
        f"https://lab.example/bench/enter/{token}"
        for token in class_links.list_unused("tp4", ["alice", "bob"])
    ] == [line.rpartition(",")[2] for line in lines]
    assert 0o600 == Path("seats/links.csv").stat().st_mode & 0o777


def test_check_tells_the_limits_that_hosts_have_reached(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Work that fails for lack of memory or disk then has a reason."""
    call("form", "tp4")
    plan_file.save(flow.prepare("tp4", "alice"))
    full = [Message("{host} is full", {"host": "client"})]
    monkeypatch.setattr(ThisComputer, "warnings", lambda own, seat: full)
    call("check", "tp4")
    assert "client is full" in capsys.readouterr().err.splitlines()
