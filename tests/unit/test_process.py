"""Tools of the machine: what they say when they work, fail, hang or are not there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sharklab import process
from sharklab.errors import FREE_SPACE, MachineryError
from sharklab.message import N_
from tests.support.errors import error_of


def test_run_returns_standard_output() -> None:
    """What the tool wrote to standard output comes back; its input is what was given."""
    assert "HELLO" == process.run(["tr", "a-z", "A-Z"], stdin="hello")


def test_run_of_a_failing_tool() -> None:
    """The command, its exit code and its last lines are in the message, with the caller's hint."""
    script = "for n in 1 2 3 4 5 6 7; do echo line $n >&2; done; exit 3"
    error = error_of(MachineryError, process.run, ["sh", "-c", script], hint="try again")
    assert {"code": 3, "said": "line 3\nline 4\nline 5\nline 6\nline 7"} == error.values
    assert (f"sh -c '{script}'", "try again") == (error.place, error.hint_id)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("exit 3", N_("the command failed with exit code {code} and no message")),
        ("echo no; exit 3", N_("the command failed with exit code {code}: {said}")),
        ("kill -9 $$", N_("the command was ended by signal {code} without a message")),
        ("echo no; kill -9 $$", N_("the command was ended by signal {code}: {said}")),
    ],
)
def test_run_of_a_failing_tool_that_says_something_or_nothing(script: str, expected: str) -> None:
    """There is a sentence for each: no colon has nothing after it."""
    assert expected == error_of(MachineryError, process.run, ["sh", "-c", script]).message_id


def test_run_of_a_tool_on_a_full_disk() -> None:
    """The remedy is to make room, whichever tool it was, unless the caller knows a better one."""
    words = ["sh", "-c", "echo x: No space left on device >&2; exit 1"]
    assert FREE_SPACE == error_of(MachineryError, process.run, words).hint_id
    assert "own" == error_of(MachineryError, process.run, words, hint="own").hint_id


def test_run_of_ssh_to_a_full_host_says_nothing_of_this_disk() -> None:
    """Room on this machine would not help there."""
    said = "ProxyCommand=sh -c 'echo x: No space left on device >&2; exit 1'"
    error = error_of(MachineryError, process.run, ["ssh", "-F", "none", "-o", said, "host"])
    assert "No space left on device" in error.message and not error.hint


def test_run_of_a_killed_tool() -> None:
    """A tool that was killed is told by its signal."""
    error = error_of(MachineryError, process.run, ["sh", "-c", "kill -9 $$"])
    assert {"code": 9, "said": ""} == error.values


def test_run_of_a_missing_tool() -> None:
    """A tool that is not installed is told as such, not as a failure of ours."""
    assert {"tools": "sharklab-no-such-tool"} == error_of(
        MachineryError, process.run, ["sharklab-no-such-tool"]
    ).values


def test_run_beyond_its_time_limit() -> None:
    """A tool that takes too long is ended and told."""
    assert {"seconds": 0.1} == error_of(MachineryError, process.run, ["sleep", "60"], timeout=0.1).values


def test_command_is_killed_with_its_parent(tmp_path: Path) -> None:
    """It writes no file after that, although it would like to."""
    late = tmp_path / "late"
    command = ["sh", "-c", f"echo $$; read -r line; touch {late}"]
    script = f"""
import subprocess, time
from sharklab import process
subprocess.Popen([*process.tie_to_this_process(), *{command}])
time.sleep(600)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdin and parent.stdout and parent.stdout.readline()
        parent.kill()
        assert b"" == parent.stdout.read()  # the command has ended, too: nobody holds the pipe
    assert not late.exists()


def test_command_of_a_dead_parent_is_not_begun(tmp_path: Path) -> None:
    """A parent that died before the command could ask for a signal sends none."""
    *words, parent = process.tie_to_this_process()
    command = ["touch", str(tmp_path / "late")]
    assert 1 == subprocess.run([*words, f"1{parent}", *command]).returncode
    assert [] == list(tmp_path.iterdir())
    subprocess.run([*words, parent, *command], check=True)
    assert [tmp_path / "late"] == list(tmp_path.iterdir())


@pytest.mark.parametrize(("parent", "code"), [("os.getppid()", -signal.SIGTERM), ("1 + os.getppid()", 1)])
def test_process_ends_with_its_parent(parent: str, code: int) -> None:
    """By a signal, or at once if the parent is dead already."""
    own = "import os, signal; from sharklab import process"
    child = f"{own}; process.end_with_parent({parent}); print(1, flush=True); signal.pause()"
    middle = f"""
import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: the child's code comes to this process
first = os.fork()
if not first:
    child = subprocess.Popen([sys.executable, "-c", {child!r}], stdout=subprocess.PIPE)
    child.stdout.read(1)
    os._exit(0)
os.waitpid(first, 0)
sys.exit(abs(os.waitstatus_to_exitcode(os.wait()[1])))
"""
    assert abs(code) == subprocess.run([sys.executable, "-c", middle]).returncode


def test_require_names_packages_of_both_families(monkeypatch: pytest.MonkeyPatch) -> None:
    """All missing tools are named at once, with what to install on Debian's and Red Hat's family."""
    monkeypatch.setenv("PATH", "/nowhere")
    error = error_of(MachineryError, process.require, "ip", "ssh")
    expected = "apt-get install iproute2 openssh-client (dnf install iproute openssh-clients)"
    assert ({"tools": "ip, ssh"}, expected) == (error.values, error.hint_id)


def test_a_closed_terminal_interrupts_unless_it_is_ignored() -> None:
    """nohup(1) has the signal ignored."""
    script = "import os, signal; from sharklab import process; process.raise_at_signals(); "
    script += "os.kill(os.getpid(), signal.SIGHUP)"
    for words, said in (([], "KeyboardInterrupt"), (["nohup"], "")):
        done = subprocess.run(
            [*words, sys.executable, "-c", script], stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        assert (said in done.stderr, bool(said)) == (True, bool(done.returncode))


@pytest.mark.parametrize("number", process.ENDING)
def test_interrupt_once(number: signal.Signals) -> None:
    """The second signal is ignored in the block; so is the first, once the block says so."""
    before = signal.getsignal(number)
    with process.interrupt_once() as ignore:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
    with process.interrupt_once() as ignore:
        ignore()
        os.kill(os.getpid(), number)
    assert before is signal.getsignal(number)


def test_watched_looks_until_it_returns_none_or_the_block_ends() -> None:
    """Each look says when the next one is."""
    looks: list[int] = []
    enough = threading.Event()

    def look() -> float | None:
        looks.append(len(looks))
        if len(looks) < 3:
            return 0.001
        enough.set()
        return None

    with process.watch_during(look, 0.0):
        assert enough.wait(60)
    with process.watch_during(lambda: looks.clear(), 600.0):
        pass
    assert [0, 1, 2] == looks


def test_run_of_a_tool_that_prints_without_end() -> None:
    """It is ended when it has printed too much, on either way: the memory of this computer has an end."""
    for words in (["yes"], ["sh", "-c", "exec yes >&2"]):
        error = error_of(MachineryError, process.run, words, most=1 << 20, hint="own")
        assert ({"size": "1 MiB"}, words[0]) == (error.values, str(error.place).split()[0])
        assert "own" == error.hint_id


def test_run_of_a_tool_with_much_input_and_output() -> None:
    """Neither waits for the other."""
    text = "word \u00e9\n" * 300_000
    assert text == process.run(["cat"], stdin=text)


def test_run_of_a_tool_that_reads_no_input() -> None:
    """That is no failure."""
    assert "done\n" == process.run(["echo", "done"], stdin="x" * 10**6)


def test_run_of_a_tool_that_closes_its_output_and_stays() -> None:
    """The time limit counts until it has ended."""
    words = ["sh", "-c", "exec >&- 2>&-; exec sleep 60"]
    assert {"seconds": 0.2} == error_of(MachineryError, process.run, words, timeout=0.2).values


def test_stream_hands_on_pieces() -> None:
    """With the exit code, and the errors as text."""
    pieces: list[bytes] = []
    words = ["sh", "-c", "printf 'a\\r\\nb'; echo no >&2; exit 7"]
    assert (7, "no\n") == process.stream(words, pieces.append)
    assert b"a\r\nb" == b"".join(pieces)
