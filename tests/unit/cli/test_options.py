"""Options whose value is chosen when a command runs: the student without --student."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from sharklab import state
from sharklab.cli import main, options
from sharklab.cli.flow import look_up
from sharklab.errors import BAD_INPUT, InputError
from sharklab.lab import load, seat_file
from tests.support.errors import error_of


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the state folder of a student's machine, whose user is carol."""
    monkeypatch.setenv("SUDO_USER", "carol")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "student"))
    return tmp_path


def test_user_name_is_the_owner_of_all_imported_seats(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A student with imported seats is known by them; seats of two students leave the user's name."""
    monkeypatch.setenv("SHARKLAB_STATE", str(folder / "instructor"))
    lab = load.read_named("tp4")
    files = [seat_file.create(lab, student, folder / "seats") for student in ("alice", "bob")]
    monkeypatch.setenv("SHARKLAB_STATE", str(folder / "student"))
    names = [options.user_name()]
    for file in files:
        seat_file.install(file)
        names.append(options.user_name())
    assert ["carol", "alice", "carol"] == names


def test_student_is_chosen_when_the_command_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A name that changes after the import of the options counts, and --student goes before it."""
    monkeypatch.setenv("SUDO_USER", "dan")
    briefs: list[str] = []
    for words in (["brief", "tp4"], ["brief", "tp4", "--student", "eve"]):
        out = tmp_path / f"brief{len(briefs)}.md"
        assert 0 == main.main([*words, "--out", str(out)])
        briefs.append(out.read_text())
    tokens = [look_up("tp4", student).seat.token for student in ("dan", "eve")]
    assert [True, True] == [token in text for token, text in zip(tokens, briefs, strict=True)]


def test_seat_owner_is_refused_when_only_others_have_seats(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The message names them, for one of them may be meant; no file is written for the wrong student."""
    monkeypatch.setenv("SUDO_USER", "dan")
    monkeypatch.chdir(tmp_path)
    assert "dan" == options.seat_owner("tp4")
    for number in range(7):
        state.folder(state.seat_folder("tp4", f"s{number}"))
    error = error_of(InputError, options.seat_owner, "tp4")
    assert (["s0", "s1", "s2", "s3", "s4", "..."], "s0") == (error.values["others"], error.values["first"])
    assert [2, 0] == [main.main(["form", "tp4"]), main.main(["form", "tp4", "--student", "s6"])]
    assert "tp4/s6" in (tmp_path / "tp4" / "answers.yml").read_text()
    assert ["dan"] * 4 == [options.seat_owner(name) for name in ("ports", "/", "", "tp[4]")]
    state.folder(state.seat_folder("tp4", "dan"))
    assert "dan" == options.seat_owner("tp4")


def destination(flags: tuple[str, ...], settings: Mapping[str, Any]) -> str:
    """Return the name under which argparse keeps an option."""
    return str(settings.get("dest") or flags[-1].lstrip("-").replace("-", "_"))


def test_options_have_a_type_for_each_option() -> None:
    """mypy knows the name and the type of each option that a verb reads."""
    names = {destination(*option) for option in options.OPTIONS.values()}
    assert {*names, "language", "verb"} == set(options.Options.__annotations__)


@pytest.mark.parametrize("name", sorted(set(options.OPTIONS) - {"student", "seat_student"}))
def test_option_that_is_not_given_has_its_type(name: str) -> None:
    """The default of an option, also that of argparse, fits its type; `student` gets one later."""
    flags, settings = options.OPTIONS[name]
    kind = get_type_hints(options.Options)[destination(flags, settings)]
    if "default" in settings:
        assert fits(settings["default"], kind)
    elif settings.get("action") == "store_true":
        assert kind is bool
    elif flags[0].startswith("-") and not settings.get("required"):
        assert fits(None, kind)


def fits(value: object, kind: Any) -> bool:
    """Tell whether a value is of a type; an empty sequence is a list of any type."""
    if value in ((), []):
        return get_origin(kind) is list
    return any(isinstance(value, get_origin(one) or one) for one in get_args(kind) or (kind,))


@pytest.mark.parametrize("text", ["0", "65536", "99999", "-1", "http"])
def test_a_port_is_a_number_that_tcp_has(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Any other is refused before anything starts."""
    assert (1, 65535) == (options.port("1"), options.port("65535"))
    assert BAD_INPUT == main.main(["gateway", "start", f"--port={text}"])
    assert "--port" in capsys.readouterr().err
