# SPDX-License-Identifier: MIT
"""Send modules with their compiled code, and pack each module once: both cost more than most tasks."""

from __future__ import annotations

import hashlib
import marshal
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from ansible import constants
from ansible.executor import module_common
from ansible.plugins.callback import CallbackBase
from ansible.release import __version__

DOCUMENTATION = r"""
name: compiled
type: aggregate
short_description: Send modules to the hosts with their compiled code
description:
  - Ansible sends a module with the source of all that it imports, and the Python of the host compiles that
    source in each task. With this plugin the compiled code is sent, too. A host whose Python has another
    version than the controller's compiles the source as before.
  - Ansible packs each module again in every run of a playbook. This plugin keeps the packed modules of
    ansible-core and of this collection in the folder C(sharklab) of the home folder of Ansible.
  - It uses internals of the ansible-core that C(requirements.txt) pins.
author:
  - sharklab
"""

UNCHECKED = (1).to_bytes(4, "little")
"""The flags of compiled code that Python takes without a look at its source (PEP 552)."""

PREFIX = "modules-"
"""The start of the name of each folder with packed modules; a digest of the versions follows."""

UNUSED_SECONDS = 7 * 24 * 3600
"""Folders of other versions, of another clone too, are removed after this time without use."""

PLUGINS = Path(__file__).resolve().parents[1]
KEPT = ("ansible.modules.", "ansible_collections.sharklab.lab.")
"""The modules that depend on nothing but ansible-core and this collection."""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """The plugin `compiled`; its documentation is above. It is there before the first process of a task."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "sharklab.lab.compiled"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        before = module_common._add_module_to_zip
        module_common._add_module_to_zip = lambda *words: _add(before, *words)
        self._packed = Path(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache")
        self._kept = _find_folder()
        for file in self._kept.glob("*"):
            _check(file)
        _link(self._kept, self._packed)

    def v2_playbook_on_stats(self, stats: object) -> None:
        """Keep the modules that were packed, for the next playbook."""
        _link(self._packed, self._kept)
        with suppress(OSError):
            self._kept.touch()
            for folder in self._kept.parent.glob(f"{PREFIX}*"):
                if folder.stat().st_mtime < self._kept.stat().st_mtime - UNUSED_SECONDS:
                    shutil.rmtree(folder)


def _add(before: Any, file: ZipFile, time: datetime, *words: Any) -> None:
    """Let Ansible add the last sources of a module to its file, and then add the code of all sources."""
    before(file, time, *words)
    for name in [name for name in file.namelist() if name.endswith(".py")]:
        source = file.read(name)
        code = marshal.dumps(compile(source, name, "exec", dont_inherit=True))
        header = MAGIC_NUMBER + UNCHECKED + source_hash(source)
        file.writestr(module_common._make_zinfo(f"{name}c", time, zf=file), header + code)


def _find_folder() -> Path:
    """Return the folder for modules that these versions of Ansible, Python and plugins have packed."""
    own = [(path.name, path.read_bytes()) for path in sorted(_sources())]
    others = [folder for folder in constants.DEFAULT_MODULE_UTILS_PATH if os.path.isdir(folder)]
    known = hashlib.sha256(repr((__version__, MAGIC_NUMBER, own, others)).encode()).hexdigest()
    return Path(constants.config.get_config_value("ANSIBLE_HOME"), "sharklab", f"{PREFIX}{known[:12]}")


def _sources() -> Iterator[Path]:
    for folder in ("callback", "modules", "module_utils"):
        yield from (PLUGINS / folder).glob("*.py")


def _check(file: Path) -> None:
    """Remove a packed module that is not whole: the computer may have lost its power."""
    try:
        module_common._CachedModule.load(str(file))
    except Exception:  # each that pickle raises for a part of a file
        with suppress(OSError):
            file.unlink()


def _link(source: Path, target: Path) -> None:
    """Give the packed modules of one folder names in another one, where they have none."""
    with suppress(OSError):  # the folder may be read-only, or on another file system: it only saves time
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in source.iterdir():
            if file.name.startswith(KEPT) and not file.name.endswith((".lock", "-part")):
                with suppress(FileExistsError):
                    os.link(file, target / file.name)
