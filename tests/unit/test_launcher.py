"""The launcher at the top of the checkout, on a small program of our own in place of sharklab."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.waiting import wait_until

LAUNCHER = Path(__file__).resolve().parents[2] / "sharklab"
PROGRAM = (
    "import os, sys; print('started', *sys.argv[1:]); print(os.environ['SHARKLAB_STATE']); print(sys.path[0])"
)
PIP_FAULT = "no such package"
"""What the pip of the tests says when it fails."""

LANGUAGES = ("LC_ALL", "LC_MESSAGES", "LANG")


def make_checkout(folder: Path, requirements: str = "") -> Path:
    """Return a checkout with the real launcher that needs no package, or those of `requirements`."""
    (folder / "src" / "sharklab").mkdir(parents=True)
    (folder / "src" / "sharklab" / "__main__.py").write_text(PROGRAM)
    installer = LAUNCHER.parent / "src" / "sharklab" / "install_packages.sh"
    (folder / "src" / "sharklab" / installer.name).write_bytes(installer.read_bytes())
    (folder / "requirements.txt").write_text(requirements)
    (folder / "sharklab").write_bytes(LAUNCHER.read_bytes())
    (folder / "sharklab").chmod(0o755)
    return folder


def environment(state: Path, **more: str) -> dict[str, str]:
    """Return the environment of a user whose state folder is `state` and who speaks English."""
    clean = {name: value for name, value in os.environ.items() if name not in LANGUAGES}
    return {**clean, "SHARKLAB_STATE": str(state), **more}


def start(
    program: Path, state: Path, *words: str, cwd: Path = Path("/"), **more: str
) -> subprocess.CompletedProcess[str]:
    """Start the launcher and return what it printed and its exit code."""
    return subprocess.run(
        [program, *words],
        cwd=cwd,
        env=environment(state, **more),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout in a folder with a space in its name."""
    return make_checkout(tmp_path_factory.mktemp("a place") / "my labs")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Path:
    """Return a state folder where the first start has set everything up."""
    folder = tmp_path_factory.mktemp("state") / "shark lab"
    done = start(checkout / "sharklab", folder, "labs")
    assert done.returncode == 0, done.stderr
    return folder


def test_launcher_passes_words_on_unchanged(checkout: Path, state: Path) -> None:
    """Spaces, empty words and stars arrive as they were given."""
    done = start(checkout / "sharklab", state, "run", "a  b", "", "*")
    assert done.stdout.splitlines()[0] == "started run a  b  *"


def test_launcher_is_silent_once_set_up(checkout: Path, state: Path) -> None:
    """The second start says nothing of its own."""
    assert start(checkout / "sharklab", state, "labs").stderr == ""


def test_launcher_tells_the_state_folder(checkout: Path, state: Path) -> None:
    """What it starts uses the same state folder, also when it was given relative to the current folder."""
    done = start(checkout / "sharklab", Path(state.name), cwd=state.parent)
    assert done.stdout.splitlines()[1] == str(state)


def test_launcher_works_through_a_link(checkout: Path, state: Path, tmp_path: Path) -> None:
    """A link in a folder of the PATH finds the checkout that it points to."""
    (tmp_path / "sharklab").symlink_to(checkout / "sharklab")
    done = start(tmp_path / "sharklab", state, "labs", cwd=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "started labs")


def test_launcher_imports_nothing_from_the_current_folder(
    checkout: Path, state: Path, tmp_path: Path
) -> None:
    """A file there that is called like a module of ours is not run."""
    (tmp_path / "sharklab.py").write_text("raise SystemExit('taken from the current folder')")
    done = start(checkout / "sharklab", state, cwd=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[2]) == (0, str(checkout / "src"))


def test_launcher_starts_from_folders_with_odd_names(tmp_path: Path, fakes: Path) -> None:
    """A colon separates the folders of Python's search path, and no environment can be in such a folder."""
    odd = "a b,c:d%e"
    program = make_checkout(tmp_path / odd / "checkout") / "sharklab"
    cache = str(tmp_path / "cache")
    done = start(program, tmp_path / odd / "state", "labs", PATH=path(fakes), XDG_CACHE_HOME=cache)
    assert (0, "started labs") == (done.returncode, done.stdout.splitlines()[0]), done.stderr
    source = Path(done.stdout.splitlines()[2])
    assert (":" in str(source), program.parent / "src") == (False, source.resolve())
    assert 1 == len(list((tmp_path / "cache" / "sharklab" / "venv").glob("*/ready")))
    program.parent.rename(tmp_path / odd / "elsewhere")
    again = tmp_path / odd / "elsewhere" / "sharklab"
    moved = start(again, tmp_path / odd / "state", PATH=path(fakes), XDG_CACHE_HOME=cache)
    assert tmp_path / odd / "elsewhere" / "src" == Path(moved.stdout.splitlines()[2]).resolve()


@pytest.fixture
def fakes(tmp_path: Path) -> Path:
    """Return a folder with a Python whose environments cost no time; `calls` tells what pip was asked.

    Its pip fails for requirements that name something, and waits as long as there is a file `wait`.
    """
    folder = tmp_path / "bin"
    folder.mkdir()
    write_script(
        folder / "python3",
        'case "$*" in',
        '    *realpath*) echo "$0" ;;',
        "    *%d.%d*) echo 3.11 ;;",
        f'    "-m venv "*) mkdir -p "$3/bin" && cp {folder}/python "$3/bin/python" ;;',
        "esac",
    )
    write_script(
        folder / "python",
        'case "$*" in',
        f'    "-m pip "*) echo "$*" >>{folder}/calls',
        f"        while [ -e {folder}/wait ]; do sleep 0.05; done",
        f'        for last; do :; done; [ ! -s "$last" ] || {{ echo "{PIP_FAULT}"; exit 1; }} ;;',
        '    "-m compileall "*) ;;',
        f'    *) exec {sys.executable} "$@" ;;',
        "esac",
    )
    return folder


def write_script(file: Path, *lines: str) -> None:
    """Write a shell program."""
    file.write_text("\n".join(("#!/bin/sh", *lines, "")))
    file.chmod(0o755)


def path(fakes: Path) -> str:
    """Return a PATH that finds the fakes first."""
    return f"{fakes}:{os.environ['PATH']}"


def test_launcher_starts_over_after_an_interrupted_set_up(tmp_path: Path, fakes: Path) -> None:
    """An environment without its mark is made anew."""
    program = make_checkout(tmp_path / "checkout") / "sharklab"
    start(program, tmp_path / "state", PATH=path(fakes))
    venv = next((tmp_path / "state" / "venv").glob("*-py3.11"))
    (venv / "ready").unlink()
    (venv / "half-made").touch()
    done = start(program, tmp_path / "state", "labs", PATH=path(fakes))
    assert (0, "started labs") == (done.returncode, done.stdout.splitlines()[0])
    assert (True, False) == ((venv / "ready").exists(), (venv / "half-made").exists())


def test_launcher_sets_up_anew_when_the_pins_change(tmp_path: Path, fakes: Path) -> None:
    """Other requirements are another environment; the old one stays for whoever uses it."""
    checkout = make_checkout(tmp_path / "checkout")
    start(checkout / "sharklab", tmp_path / "state", PATH=path(fakes))
    (checkout / "requirements.txt").write_text("# other\n")
    start(checkout / "sharklab", tmp_path / "state", PATH=path(fakes))
    assert 2 == len(list((tmp_path / "state" / "venv").glob("*-py3.11")))


def test_launcher_sets_up_once_for_two_at_once(tmp_path: Path, fakes: Path) -> None:
    """The second of two first starts waits for the first, says so, and makes nothing itself."""
    program = make_checkout(tmp_path / "checkout") / "sharklab"
    env = environment(tmp_path / "state", PATH=path(fakes))
    (fakes / "wait").touch()
    one = subprocess.Popen([program, "one"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until((fakes / "calls").exists)
        two = subprocess.Popen([program, "two"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert two.stderr is not None
        assert two.stderr.readline().startswith(b"sharklab: ")
    finally:
        (fakes / "wait").unlink()
    assert b"" == two.communicate(timeout=120)[1]
    assert (0, 0) == (one.wait(120), two.returncode)
    assert 1 == len((fakes / "calls").read_text().splitlines())


@pytest.mark.parametrize(
    ("words", "locale", "expected"),
    [
        (("labs", "--lang", "fr"), "en_GB.UTF-8", "première utilisation"),
        (("labs", "--lang=fr"), "C", "première utilisation"),
        (("labs",), "fr_CH.UTF-8", "première utilisation"),
        (("labs", "--lang", "en"), "fr_FR.UTF-8", "first use"),
        (("labs",), "de_DE.UTF-8", "first use"),
    ],
)
def test_launcher_speaks_the_users_language(
    tmp_path: Path, fakes: Path, words: tuple[str, ...], locale: str, expected: str
) -> None:
    """The option --lang decides, else the locale, else it is English."""
    program = make_checkout(tmp_path / "checkout") / "sharklab"
    done = start(program, tmp_path / "state", *words, PATH=path(fakes), LANG=locale)
    assert done.stderr.startswith(f"sharklab: {expected}")


def test_launcher_fails_clearly_when_pip_fails(tmp_path: Path, fakes: Path) -> None:
    """What pip said and where the log is are shown; the exit code is 3; nothing counts as ready."""
    program = make_checkout(tmp_path / "checkout", "a-package\n") / "sharklab"
    done = start(program, tmp_path / "state", PATH=path(fakes))
    assert (3, True) == (done.returncode, (tmp_path / "state" / "setup.log").is_file())
    for shown in (PIP_FAULT, f"{tmp_path}/state/setup.log"):
        assert shown in done.stderr
    assert [] == list((tmp_path / "state" / "venv").glob("*/ready"))


@pytest.mark.parametrize("sudo", ["sudo", ""], ids=["sudo refuses", "no sudo"])
def test_launcher_says_what_to_install_without_root(tmp_path: Path, sudo: str) -> None:
    """A user who cannot become root, on a Debian without python3-venv, reads the command for root.

    On Rocky's kin, see tests/e2e/test_rocky_computer.py.
    """
    program = make_checkout(tmp_path / "checkout") / "sharklab"
    fakes = tmp_path / "bin"
    fakes.mkdir()
    for tool in ("dirname", "readlink", "sha256sum", "cut", "mkdir", "flock"):
        (fakes / tool).symlink_to(str(shutil.which(tool)))
    write_script(
        fakes / "python3",
        'case "$2" in *ensurepip*) exit 1 ;; *realpath*) echo "$0" ;; *%d.%d*) echo 3.11 ;; esac',
    )
    write_script(fakes / "id", "echo 1000")
    write_script(fakes / "apt-get")
    write_script(fakes / (sudo or "not-sudo"), "exit 1")
    done = start(program, tmp_path / "state", PATH=str(fakes))
    ends = [str(tmp_path / "state"), *["apt-get install python3.11-venv"] * 2]
    lines = done.stderr.splitlines()
    assert (3, [True] * 3) == (
        done.returncode,
        [line.endswith(end) for line, end in zip(lines, ends, strict=True)],
    )


def test_launcher_says_when_the_state_folder_cannot_be_written(checkout: Path, tmp_path: Path) -> None:
    """A file stands where the state folder should be."""
    (tmp_path / "state").write_text("")
    done = start(checkout / "sharklab", tmp_path / "state")
    assert (3, True) == (done.returncode, f"{tmp_path}/state/venv" in done.stderr)
