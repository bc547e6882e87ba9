"""The callback `compiled`: modules travel with their compiled code, and are packed once."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from ansible.executor.module_common import _CachedModule

from sharklab import paths

BIN = Path(sys.executable).parent
PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - {ansible.builtin.ping: , register: told}
    - {ansible.builtin.debug: {var: told.ping}}
"""
MODULE = "ansible/modules/ping.py"
BASIC = "ansible/module_utils/basic.pyc"


def ping(home: Path) -> str:
    """Run a playbook with one module here, with another home of Ansible, and return its output."""
    book = home / "play.yml"
    book.write_text(PLAYBOOK)
    config = {"ANSIBLE_CONFIG": str(paths.ROOT / "ansible.cfg"), "ANSIBLE_HOME": str(home / "ansible")}
    done = subprocess.run(
        [BIN / "ansible-playbook", "-i", "localhost,", "-c", "local", book],
        env={**os.environ, **config, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the home of a user who has run a playbook."""
    folder = tmp_path_factory.mktemp("home")
    assert "told.ping: pong" in ping(folder)
    return folder


def packed(home: Path) -> Path:
    """Return the module that was packed."""
    [file] = (home / "ansible" / "sharklab").glob("*/*")
    return file


def test_host_takes_the_compiled_code(home: Path, tmp_path: Path) -> None:
    """Python imports the compiled code of a module and of all that it needs; the source lies beside it."""
    file = tmp_path / "module.zip"
    file.write_bytes(base64.b64decode(_CachedModule.load(str(packed(home))).zip_data))
    names = set(ZipFile(file).namelist())
    assert {f"{name}c" for name in names if name.endswith(".py")} < names
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from ansible.modules import ping\n"
        "print(*(sys.modules[name].__file__ for name in sys.argv[2:]))"
    )
    asked = ("ansible", "ansible.modules.ping", "ansible.module_utils.basic")
    words = [sys.executable, "-S", "-c", code, str(file), *asked]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    expected = [f"{file}/{name}" for name in ("ansible/__init__.pyc", f"{MODULE}c", BASIC)]
    assert expected == done.stdout.split(), done.stderr


def test_next_playbook_takes_what_was_packed(home: Path) -> None:
    """It packs nothing: the module in the folder answers, whatever it says."""
    file = packed(home)
    known = _CachedModule.load(str(file))
    content = BytesIO()
    with ZipFile(BytesIO(base64.b64decode(known.zip_data))) as before, ZipFile(content, "w") as after:
        for name in before.namelist():
            if name == MODULE:
                after.writestr(name, before.read(name).replace(b"pong", b"kept"))
            elif name != f"{MODULE}c":
                after.writestr(name, before.read(name))
    file.unlink()
    replace(known, zip_data=base64.b64encode(content.getvalue())).dump(str(file))
    assert "told.ping: kept" in ping(home)


def test_module_that_is_not_whole_is_packed_again(home: Path) -> None:
    """A file that was cut when the computer lost its power costs time, and nothing else.

    A folder of another version stays as long as it is used; other folders are left alone.
    """
    file = packed(home)
    file.write_bytes(file.read_bytes()[:1000])
    others = {name: file.parent.with_name(name) for name in ("modules-old", "modules-used", "own")}
    for name, folder in others.items():
        folder.mkdir()
        os.utime(folder, (0, 0) if name != "modules-used" else None)
    assert "told.ping: pong" in ping(home)
    assert _CachedModule.load(str(file))
    assert {"modules-used", "own"} == {name for name, folder in others.items() if folder.exists()}
