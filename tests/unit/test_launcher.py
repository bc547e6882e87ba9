"""The launcher at the top of the checkout, on a small program of our own in place of sharklab."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

LAUNCHER = Path(__file__).resolve().parents[2] / "sharklab"
PROGRAM = (
    "import os, sys; print('started', *sys.argv[1:]); print(os.environ['SHARKLAB_STATE']); print(sys.path[0])"
)
LANGUAGES = ("LC_ALL", "LC_MESSAGES", "LANG")


def make_checkout(folder: Path, requirements: str = "") -> Path:
    """Return a checkout with the real launcher that needs no package, or those of `requirements`."""
    (folder / "src" / "sharklab").mkdir(parents=True)
    (folder / "src" / "sharklab" / "__main__.py").write_text(PROGRAM)
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


def test_launcher_starts_over_after_an_interrupted_set_up(checkout: Path, state: Path) -> None:
    """An environment without its mark is made anew."""
    venv = next((state / "venv").glob("*-py3.*"))
    (venv / "ready").unlink()
    (venv / "bin" / "python").unlink()
    done = start(checkout / "sharklab", state, "labs")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "started labs")
    assert (venv / "ready").exists()


def test_launcher_speaks_the_language_of_the_option(tmp_path: Path) -> None:
    """The set-up speaks French for --lang fr in an English locale, and does one set-up for two at once."""
    program = make_checkout(tmp_path / "checkout") / "sharklab"
    env = environment(tmp_path / "state", LANG="en_GB.UTF-8")
    both = [
        subprocess.Popen(
            [program, "labs", "--lang", "fr"],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate() for process in both]
    assert [0, 0] == [process.returncode for process in both]
    assert 1 == sum("première utilisation" in errors for _, errors in said)


def test_launcher_fails_clearly_when_pip_fails(tmp_path: Path) -> None:
    """What pip said and where the log is are shown; the exit code is 3; nothing counts as ready."""
    program = make_checkout(tmp_path / "checkout", "./no-such-wheel.whl\n") / "sharklab"
    done = start(program, tmp_path / "state", LANG="fr_FR.UTF-8")
    assert done.returncode == 3
    assert "no-such-wheel.whl" in done.stderr
    assert f"le journal est {tmp_path}/state/setup.log" in done.stderr
    assert [] == list((tmp_path / "state" / "venv").glob("*/ready"))


def test_launcher_says_what_to_install_without_root(tmp_path: Path) -> None:
    """A user whose sudo refuses, on a Debian without python3-venv, reads the command for root."""
    program = make_checkout(tmp_path / "checkout") / "sharklab"
    fakes = tmp_path / "bin"
    fakes.mkdir()
    python = (
        '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; *realpath*) echo "$0" ;; *%d.%d*) echo 3.11 ;; esac\n'
    )
    scripts = {
        "python3": python,
        "id": "#!/bin/sh\necho 1000\n",
        "sudo": "#!/bin/sh\nexit 1\n",
        "apt-get": "#!/bin/sh\n",
    }
    for name, content in scripts.items():
        (fakes / name).write_text(content)
        (fakes / name).chmod(0o755)
    done = start(program, tmp_path / "state", PATH=f"{fakes}:{os.environ['PATH']}")
    assert done.returncode == 3
    assert "sharklab: without sudo, run as root: apt-get install python3.11-venv" in done.stderr.splitlines()


def test_launcher_says_when_the_state_folder_cannot_be_written(checkout: Path, tmp_path: Path) -> None:
    """A file stands where the state folder should be."""
    (tmp_path / "state").write_text("")
    done = start(checkout / "sharklab", tmp_path / "state")
    assert done.returncode == 3
    assert f"sharklab: cannot write to {tmp_path}/state/venv" in done.stderr.splitlines()
