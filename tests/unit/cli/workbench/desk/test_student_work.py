"""The folder of a student: answers saved beside the student's own words, and captures that come by a page."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from sharklab.cli.workbench.desk import student_work
from sharklab.errors import InputError
from sharklab.grading.submission import sheet
from sharklab.i18n import translator
from sharklab.limits import BUNDLE, CaptureLimits
from tests.support import packets_made, workbench
from tests.support.errors import error_of

FORM = """\
# my own words: keep them
web:
  # port, for example 54321
  server_port:
  server_address: 192.0.2.7   # sure?
  transport: "TCP"

ssh:
"""


@pytest.mark.parametrize(
    ("question", "given", "line"),
    [
        ("server_port", "443", '  server_port: "443"'),
        ("server_address", "2001:db8::1", '  server_address: "2001:db8::1"   # sure?'),
        ("server_address", "", "  server_address:   # sure?"),
        ("transport", 'say "é" \\', '  transport: "say \\"é\\" \\\\"'),
        ("transport", "", "  transport:"),
    ],
)
def test_put_changes_one_line(question: str, given: str, line: str) -> None:
    """All other lines, comments and blanks stay as they are."""
    new = student_work.put(FORM, "web", question, given).split("\n")
    old = FORM.split("\n")
    assert [line] == [each for each in new if each not in old] or given == ""
    assert len(old) == len(new)
    assert 1 == sum(a != b for a, b in zip(old, new, strict=True))
    assert line in new


@pytest.mark.parametrize(
    "text",
    [
        FORM,
        "",
        "web:\n",
        "web:",
        "web: {}\n",
        "web: {server_address: 192.0.2.7}\n",
        "web:\n    server_address: 192.0.2.7\n",
        "web:\n  server_port: [1, 2]\n",
        "web:\n  server_port:\n    - 1\n    - 2\n  # mine\n  x: 1\n",
        "web:\n  server_port: |\n    1\n    2\nssh:\n  x: 1\n",
        "'web':\r\n  \"server_port\": 1\r\n",
        "é:\n  ç: 1\nweb:\n  server_port: 1",
        "web: # none\n# end",
    ],
)
def test_put_is_read_again(text: str) -> None:
    """Whatever a student has written, the answer is there afterwards, and no other answer is lost."""
    before, _ = sheet.read(text.encode())
    before_text = text
    for given in ("443", "54321, 54322", "# no: comment", "yes"):
        text = student_work.put(text, "web", "server_port", given)
        after, problems = sheet.read(text.encode())
        assert given == after["web"]["server_port"]
        assert () == problems
        assert ("# mine" in before_text) == ("# mine" in text)
    others = {(e, q): v for e, each in before.items() for q, v in each.items() if q != "server_port"}
    assert others == {(e, q): v for e, each in after.items() for q, v in each.items() if q != "server_port"}
    emptied, _ = sheet.read(student_work.put(text, "web", "server_port", "").encode())
    assert "server_port" not in emptied.get("web", {})


@pytest.mark.parametrize(
    ("text", "line"), [("web:\n  a: [1\nssh:\n", 3), ("- web\n", 1), ("x: 1\nweb: text\n", 2), ("a: 'b\n", 2)]
)
def test_put_refuses_what_it_cannot_keep(text: str, line: int) -> None:
    """A file that the student must mend is never written over; the error names its line."""
    error = error_of(InputError, student_work.put, text, "web", "server_port", "1")
    assert (line, sheet.NAME) == (error.values["line"], error.place)


def make(bench: workbench.Bench) -> Path:
    """Make the folder of the work and return its form."""
    student_work.make(bench.plan, bench.folder, translator("en"))
    return bench.folder / sheet.NAME


def test_save_writes_the_form(bench: workbench.Bench) -> None:
    """The field shows the answer again, and so does a list that the student wrote by hand."""
    file = make(bench)
    student_work.save(bench.plan, bench.folder, "page", "server_port", "  80 \n")
    assert '  server_port: "80"' in file.read_text().split("\n")
    [exercise] = student_work.fields(bench.plan, bench.folder, translator("en"))
    assert ["80"] == [question["value"] for question in exercise["questions"]]
    file.write_text("page:\n  server_port: [80, 81]\n")
    [exercise] = student_work.fields(bench.plan, bench.folder, translator("en"))
    assert ["80, 81"] == [question["value"] for question in exercise["questions"]]


@pytest.mark.parametrize(
    ("exercise", "question", "text"),
    [
        ("page", "transport", "TCP"),
        ("other", "server_port", "80"),
        ("page", "server_port", "x" * (BUNDLE.text + 1)),
        ("page", "server_port", "80\u202e"),
        ("page", "server_port", "\x1b[2J"),
    ],
)
def test_save_refuses(bench: workbench.Bench, exercise: str, question: str, text: str) -> None:
    """What the lab does not ask, and what is no answer, leaves the form as it was."""
    before = make(bench).read_bytes()
    error = error_of(InputError, student_work.save, bench.plan, bench.folder, exercise, question, text)
    assert f"{exercise}.{question}" == error.place
    assert before == make(bench).read_bytes()


def test_take_replaces_the_capture(bench: workbench.Bench, tmp_path: Path) -> None:
    """The newer file counts, whatever its kind and its name were; nothing else lies in the folder then."""
    make(bench)
    packets_made.pcap(tmp_path / "x", 1, [b"\0" * 60], "<", 1000)
    captures = bench.folder / "captures"
    (captures / "page.pcapng").write_bytes(b"old")
    with (tmp_path / "x").open("rb") as source:
        student_work.take(bench.plan, bench.folder, "page", source)
    assert ["page.pcap"] == [file.name for file in captures.iterdir()]
    [exercise] = student_work.fields(bench.plan, bench.folder, translator("en"))
    assert ["page.pcap"] == [capture["file"] for capture in exercise["captures"]]


@pytest.mark.parametrize(
    ("id", "content"), [("page", b"no capture"), ("page", b""), ("../page", b"x"), ("x", b"x")]
)
def test_take_refuses(bench: workbench.Bench, id: str, content: bytes) -> None:
    """A file that is no capture, or that the lab does not ask for, leaves the folder as it was."""
    make(bench)
    error_of(InputError, student_work.take, bench.plan, bench.folder, id, io.BytesIO(content))
    assert [] == list((bench.folder / "captures").iterdir())


def test_take_has_a_limit(bench: workbench.Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes are counted while they come."""
    make(bench)
    monkeypatch.setattr(student_work, "CHUNK", 8)
    monkeypatch.setattr(student_work, "CAPTURE", CaptureLimits(bytes=16))
    error_of(InputError, student_work.take, bench.plan, bench.folder, "page", io.BytesIO(bytes(24)))
    assert [] == list((bench.folder / "captures").iterdir())
