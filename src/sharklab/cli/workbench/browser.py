"""Open a link in the browser of the person at the keyboard, also behind sudo."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


def open_link(link: str) -> None:
    """Open `link` if this computer has a screen; a browser is never root's."""
    opener = shutil.which("xdg-open")
    if not opener or not any(os.environ.get(name) for name in DISPLAYS):
        return
    who = _person(os.environ)
    if os.geteuid() == 0 and not who:
        return
    subprocess.Popen(
        [opener, link],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        **who,
    )


def _person(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of a process of the person who called sudo(8), none for root alone."""
    caller = int(environ.get("SUDO_UID", "0"))
    if os.geteuid() != 0 or caller == 0:
        return {}
    import pwd

    own = pwd.getpwuid(caller)
    env = {**environ, "HOME": own.pw_dir, "USER": own.pw_name, "LOGNAME": own.pw_name}
    env.setdefault("XDG_RUNTIME_DIR", f"/run/user/{own.pw_uid}")
    return {"user": own.pw_uid, "group": own.pw_gid, "extra_groups": [], "env": env, "cwd": "/"}
