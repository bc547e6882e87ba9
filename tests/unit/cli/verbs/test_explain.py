"""The verb `explain`: captures on the terminal, as a page, for scripts; and files that are none."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sharklab.cli import main
from sharklab.cli.verbs import explain as verb
from sharklab.evidence.packets import container
from sharklab.limits import CaptureLimits

DATA = Path(__file__).parents[3] / "data"
DNS, REFUSED = str(DATA / "dns.pcap"), str(DATA / "refused.pcap")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of its own, in English."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def answered(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code of `explain`, and what it tells a script."""
    capsys.readouterr()
    code = main.main(["explain", *words, "--output", "json"])
    content: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, content


def test_explain_prints_conversations_and_the_way_to_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    """Text is the default; several files follow one another."""
    assert 0 == main.main(["explain", DNS, REFUSED])
    text = capsys.readouterr().out
    assert [part for part in ("dns.pcap", "refused.pcap", "-o FOLDER") if part not in text] == []


def test_explain_writes_a_page_and_copies(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    """Two captures of one name have copies of two names; the paths are printed."""
    (folder / "other").mkdir()
    shutil.copy(REFUSED, folder / "other" / "dns.pcap")
    assert 0 == main.main(["explain", DNS, "other/dns.pcap", "-o", "out"])
    names = ["explained.en.html", "explained.en.md", "dns.annotated.en.pcapng", "dns-2.annotated.en.pcapng"]
    assert [f"out/{name}" for name in names] == capsys.readouterr().out.split()
    assert sorted(names) == sorted(file.name for file in Path("out").iterdir())


def test_explain_reads_a_compressed_capture_behind_a_link(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    """The user's own link is followed, unlike one that was handed in."""
    (folder / "web.pcap.gz").write_bytes(gzip.compress(Path(REFUSED).read_bytes()))
    (folder / "link").symlink_to("web.pcap.gz")
    code, content = answered(capsys, "link")
    assert (0, "link", 2) == (code, content["captures"][0]["file"], content["captures"][0]["packets"])


def test_explain_chooses_by_filter_and_by_number(capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers stay those of the whole capture."""
    _, content = answered(capsys, DNS, "--filter", "tcp.flags.syn == 1")
    [talk] = content["captures"][0]["conversations"]
    assert (2, ["11", "12"]) == (talk["number"], list(talk["explained"]))
    _, content = answered(capsys, DNS, "--conversation", "3", "--conversation", "1")
    assert [1, 3] == [talk["number"] for talk in content["captures"][0]["conversations"]]


def test_explain_tells_a_file_that_is_none_after_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    """The good ones are explained; the exit code says that one was not."""
    Path("notes.txt").write_text("my notes")
    assert 2 == main.main(["explain", "notes.txt", REFUSED])
    said = capsys.readouterr()
    assert "refused.pcap" in said.out and "notes.txt" in said.err
    code, content = answered(capsys, "notes.txt", REFUSED)
    assert (2, 1, 1) == (code, len(content["captures"]), len(content["problems"]))


@pytest.mark.parametrize(
    "words",
    [
        [REFUSED, "--filter", "no.such.field"],
        [REFUSED, "--conversation", "2"],
        [REFUSED, DNS, "--conversation", "1"],
        ["missing.pcap"],
        [],
    ],
)
def test_explain_refuses_in_a_sentence(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong filter, number or file is the user's input."""
    code, content = answered(capsys, *words)
    assert (2, "error") == (code, content["verb"])


def test_explain_of_a_large_capture_lists_its_conversations(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each has its filter; a page needs one, as does a file that is no capture at all."""
    monkeypatch.setattr(container, "CAPTURE", CaptureLimits(packets=10, bytes=3_000))
    code, content = answered(capsys, DNS)
    [listed] = content["large"]
    assert (0, "tcp.stream == 0") == (code, listed["conversations"][0]["filter"])
    assert 0 == main.main(["explain", DNS])
    assert "--filter 'tcp.stream == 0'" in capsys.readouterr().out
    code, content = answered(capsys, DNS, "-o", "out")
    assert (2, True) == (code, "--filter" in content["error"]["hint"])
    Path("zeros").write_bytes(bytes(4_000))
    code, content = answered(capsys, "zeros")
    assert (2, "error") == (code, content["verb"])


def test_explain_takes_the_packets_of_a_filter_out_of_a_large_capture(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their numbers begin at 1, and the reader is told so."""
    monkeypatch.setattr(container, "CAPTURE", CaptureLimits(packets=10))
    code, content = answered(capsys, DNS, "--filter", "tcp.flags.syn == 1")
    assert (0, [1, 2]) == (code, content["captures"][0]["conversations"][0]["packets"])
    assert 0 == main.main(["explain", DNS, "--filter", "tcp.flags.syn == 1"])
    assert verb.RENUMBERED in capsys.readouterr().out
