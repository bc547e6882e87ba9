"""The module `probe`: what it says of each command, and that it leaves nothing running."""

from __future__ import annotations

import getpass
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support import module_process
from tests.support.waiting import wait_until

ME = getpass.getuser()


def probe(name: str, *argv: str, **more: Any) -> dict[str, Any]:
    """Return the option for one probe, run as the user who runs the tests."""
    return {"id": name, "argv": list(argv), "user": ME, **more}


def run(*probes: dict[str, Any], **options: Any) -> dict[str, dict[str, Any]]:
    """Run probes and return their results by id."""
    answer = module_process.call("probe", probes=list(probes), **options)
    assert "failed" not in answer, answer
    return {result["id"]: result for result in answer["probes"]}


def refusal(*probes: dict[str, Any]) -> str:
    """Return what the module says when it refuses its options."""
    answer = module_process.call("probe", probes=list(probes))
    assert answer["failed"]
    return str(answer["msg"])


def alive(file: Path) -> bool:
    """Tell whether the process lives whose number stands in `file`."""
    stat = Path(f"/proc/{file.read_text().strip()}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_probe_returns_all_of_the_format() -> None:
    """A result has the keys of docs/architecture.md, and Ansible sees no change."""
    answer = module_process.call("probe", probes=[probe("a", "sh", "-c", "echo out; echo err >&2; exit 3")])
    (result,) = answer["probes"]
    measured = {name: result.pop(name) for name in ("started", "duration")}
    expected = probe("a", "sh", "-c", "echo out; echo err >&2; exit 3") | {
        "exit_code": 3,
        "timed_out": False,
        "missing": False,
        "stdout": "out\n",
        "stderr": "err\n",
        "truncated": False,
    }
    assert expected == result
    assert not answer["changed"]
    assert all(isinstance(value, float) and value > 0 for value in measured.values())


@pytest.mark.parametrize(
    ("retries", "more", "expected"),
    [(0, {}, (1, 1)), (1, {}, (2, 2)), (2, {}, (3, 0)), (9, {}, (3, 0)), (2, {"exit": [2]}, (2, 2))],
    ids=["never", "once", "until it succeeds", "no more than needed", "until an expected code"],
)
def test_probe_is_run_again(
    retries: int, more: dict[str, Any], expected: tuple[int, int], tmp_path: Path
) -> None:
    """The result is that of the last run; one that waits for the probe waits for that."""
    count = f"echo >> {tmp_path}/runs; runs=$(wc -l < {tmp_path}/runs)"
    late = probe("late", "sh", "-c", f"{count}; exit $(( runs % 3 ))", retries=retries, **more)
    results = run(late, probe("after", "wc", "-l", f"{tmp_path}/runs", after=["late"]))
    assert expected == (int(results["after"]["stdout"].split()[0]), results["late"]["exit_code"])


def test_probe_missing_tool_is_a_result() -> None:
    """A tool that is not installed is told from one that fails."""
    result = run(probe("a", "no-such-tool"))["a"]
    assert (True, None) == (result["missing"], result["exit_code"])


def test_probe_not_executable_is_not_missing(tmp_path: Path) -> None:
    """A file that cannot be executed did not run, but is there."""
    file = tmp_path / "tool"
    file.touch(mode=0o600)
    result = run(probe("a", str(file)))["a"]
    found = (result["missing"], result["exit_code"], result["stderr"])
    assert (False, None, f"{file}: Permission denied\n") == found


def test_probe_killed_has_no_exit_code() -> None:
    """A command that a signal ended has no exit code, and did not exceed its time."""
    result = run(probe("a", "sh", "-c", "kill -9 $$"))["a"]
    assert (None, False) == (result["exit_code"], result["timed_out"])


@pytest.mark.parametrize(
    "script", ["exec sleep 60", "trap '' TERM; sleep 60 & wait; sleep 60"], ids=["mild", "deaf"]
)
def test_probe_timeout_ends_the_command(script: str) -> None:
    """A command that exceeds its time is ended, also when it ignores SIGTERM; its output is kept.

    A busy computer may need more than the first time limit to begin.
    """
    for limit in (0.5, 5, 60):
        result = run(probe("a", "sh", "-c", f"echo begun; {script}", timeout=limit))["a"]
        assert (True, None) == (result["timed_out"], result["exit_code"])
        if result["stdout"]:
            break
    assert "begun\n" == result["stdout"]


def test_probe_output_is_bounded() -> None:
    """Of an endless output the first 64 KiB are kept and the rest is drained, so that the command ends."""
    result = run(probe("a", "sh", "-c", "yes | head -c 5000000; echo end >&2"))["a"]
    assert (65536, True, 0, "end\n") == (
        len(result["stdout"]),
        result["truncated"],
        result["exit_code"],
        result["stderr"],
    )


def test_probe_output_of_any_bytes() -> None:
    """Bytes that are not UTF-8 are written as escapes; control characters stay as they are."""
    result = run(probe("a", "printf", r"\377\033[31m\000"))["a"]
    assert "\\xff\033[31m\0" == result["stdout"]


def test_probe_stdin_is_fed_and_closed() -> None:
    """A command reads its input to the end, also one that is larger than a pipe."""
    text = "é" * 100_000
    result = run(probe("a", "wc", "-m", stdin=text), probe("b", "cat"))
    assert ("100000\n", "") == (result["a"]["stdout"], result["b"]["stdout"])


def test_probe_stdin_that_nobody_reads() -> None:
    """A command that does not read its input ends as it would."""
    assert 0 == run(probe("a", "true", stdin="x" * 1_000_000))["a"]["exit_code"]


def test_probe_environment_is_fixed() -> None:
    """The environment is small and the same everywhere, but for what is added."""
    result = run(probe("a", "env", env={"LANG": "fr_FR.UTF-8"}))["a"]
    names = sorted(line.split("=")[0] for line in result["stdout"].splitlines())
    assert ["HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TERM", "USER"] == names


def test_probe_side_by_side(tmp_path: Path) -> None:
    """Probes run at once: two that wait for one another's file both end."""
    script = "touch $1; while ! test -e $2; do sleep 0.05; done"
    first, second = str(tmp_path / "1"), str(tmp_path / "2")
    result = run(
        probe("a", "sh", "-c", script, "sh", first, second, timeout=120),
        probe("b", "sh", "-c", script, "sh", second, first, timeout=120),
    )
    assert [0, 0] == [result["a"]["exit_code"], result["b"]["exit_code"]]


def test_probe_after_waits_for_the_end() -> None:
    """A probe starts when those that it waits for have ended, however they ended."""
    result = run(
        probe("last", "true", after=["slow", "missing"]),
        probe("slow", "sleep", "0.3"),
        probe("missing", "no-such-tool"),
    )
    assert result["last"]["started"] >= result["slow"]["started"] + result["slow"]["duration"]


def test_probe_hundred_at_once() -> None:
    """A hundred probes run at once, in the order that was asked for in the answer."""
    wanted = [f"p{i}" for i in range(100)]
    answer = module_process.call("probe", probes=[probe(name, "echo", name) for name in wanted])
    assert [f"{name}\n" for name in wanted] == [result["stdout"] for result in answer["probes"]]


def test_probe_more_than_the_usual_files_allow() -> None:
    """Each probe has pipes of its own: a limit of open files that is too low is raised."""
    wanted = [f"p{i}" for i in range(130)]
    limit = ("prlimit", "--nofile=128:4096")
    answer = module_process.call(
        "probe", *limit, probes=[probe(name, "sh", "-c", "cat; sleep 0.1") for name in wanted]
    )
    assert {0} == {result["exit_code"] for result in answer["probes"]}


def test_probe_leaves_no_background_process(tmp_path: Path) -> None:
    """What a probe started in the background ends with it, also in a session of its own."""
    detached = "echo $$ > $1/b; exec sleep 300"
    script = 'sleep 300 & echo $! > $1/a; setsid sh -c "$2" sh $1 & while ! test -s $1/b; do sleep 0.02; done'
    run(probe("a", "sh", "-c", script, "sh", str(tmp_path), detached))
    assert [False, False] == [alive(tmp_path / "a"), alive(tmp_path / "b")]


@pytest.mark.parametrize("generations", [0, 1], ids=["module", "supervisor"])
def test_probe_killed_leaves_nothing(tmp_path: Path, generations: int) -> None:
    """When the module or its supervisor is killed, the other one ends the probes."""
    script = "setsid sleep 300 & echo $! > $1/a; echo $$ > $1/new; mv $1/new $1/b; wait"
    process = module_process.start("probe", probes=[probe("a", "sh", "-c", script, "sh", str(tmp_path))])
    wait_until((tmp_path / "b").exists)
    shell = (tmp_path / "b").read_text().strip()
    supervisor = int(Path(f"/proc/{shell}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill([process.pid, supervisor][generations], signal.SIGKILL)
    wait_until(lambda: not alive(tmp_path / "a") and not alive(tmp_path / "b"))
    process.communicate(timeout=120)


def test_probe_without_reader_leaves_nothing(tmp_path: Path) -> None:
    """When the connection is cut, so that nobody reads the answer, the probes are ended."""
    script = f"echo $$ > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/a; exec sleep 300"
    process = module_process.start("probe", probes=[probe("a", "sh", "-c", script)])
    wait_until((tmp_path / "a").exists)
    assert process.stdout
    process.stdout.close()
    wait_until(lambda: not alive(tmp_path / "a"))
    process.wait(timeout=120)


def test_probe_dest_takes_the_results(tmp_path: Path) -> None:
    """With `dest` the outputs go to a private file and not into the answer."""
    file = tmp_path / "probes.json"
    answer = run(probe("a", "echo", "secret"), dest=str(file))
    (written,) = json.loads(file.read_text())
    assert "secret\n" == written.pop("stdout")
    assert answer["a"] == {name: value for name, value in written.items() if name != "stderr"}
    assert 0o600 == file.stat().st_mode & 0o777


def test_probe_check_mode_runs_nothing(tmp_path: Path) -> None:
    """Check mode has no effect."""
    file = tmp_path / "made"
    answer = module_process.call("probe", probes=[probe("a", "touch", str(file))], _ansible_check_mode=True)
    assert ([], False) == (answer["probes"], file.exists())


@pytest.mark.parametrize(
    ("probes", "message"),
    [
        ([probe("a", "true"), probe("a", "true")], "probe a: this id is used more than once"),
        ([probe("a")], "probe a: argv is empty"),
        ([probe("a", "true", timeout=0)], "probe a: timeout must be more than 0 seconds"),
        ([probe("a", "true", after=["b"])], "probe a: after names b, which is not a probe of this host"),
        ([probe("a", "true") | {"user": "nobody-here"}], "probe a: the host has no user nobody-here"),
        (
            [probe("a", "true", after=["b"]), probe("b", "true", after=["a"])],
            "these probes wait for one another: a, b",
        ),
    ],
    ids=["duplicate", "empty", "timeout", "unknown", "user", "circle"],
)
def test_probe_refuses_bad_options(probes: list[dict[str, Any]], message: str) -> None:
    """Options that cannot be meant are refused before anything runs, with the probe's name."""
    assert message == refusal(*probes)
