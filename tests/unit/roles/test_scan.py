"""The scan role's nmap: which words it lets through. What nmap makes of targets is tested on a host."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from sharklab import paths

PROGRAM = paths.ROLES / "scan" / "files" / "nmap.py"


def program() -> ModuleType:
    """Return the program as a module."""
    spec = importlib.util.spec_from_file_location("scan_nmap", PROGRAM)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


NMAP = program()


@pytest.mark.parametrize(
    ("words", "targets"),
    [
        ("10.0.0.1", ["10.0.0.1"]),
        ("-p 22,80,443 10.0.0.1", ["10.0.0.1"]),
        ("-p22 -sS -oX /tmp/x.xml 10.0.0.1,2 10.0.0.3-5", ["10.0.0.1,2", "10.0.0.3-5"]),
        ("-sU -g 61002 --max-retries 1 --max-rate=10 host.test", ["host.test"]),
        ("-Pn -n -F -T4 -vv --open --reason 10.0.0.1", ["10.0.0.1"]),
        ("--version", []),
    ],
)
def test_targets_of_finds_what_is_no_option(words: str, targets: list[str]) -> None:
    """The word after an option that takes one is no target."""
    assert targets == NMAP.targets_of(words.split())


@pytest.mark.parametrize(
    "option",
    [
        "-iR",
        "-iL",
        "-D",
        "-sI",
        "-b",
        "-S",
        "-e",
        "-A",
        "-sC",
        "--script=x",
        "--proxies",
        "--",
        "--excludefile",
    ],
)
def test_targets_of_refuses_what_may_reach_others(option: str) -> None:
    """An option that is not known to be harmless is refused, by name."""
    with pytest.raises(NMAP.Refusal, match=f"the option {option} "):
        NMAP.targets_of([option, "5", "10.0.0.1"])


def test_own_without_a_list_refuses(tmp_path: Path) -> None:
    """Where nobody said what may be scanned, nothing may."""
    with pytest.raises(NMAP.Refusal, match="No such file"):
        NMAP.own(tmp_path / "absent")
