"""Root privileges: tell the user their purpose, and get them through sudo(8)."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from typing import NoReturn

from sharklab import paths, state
from sharklab.errors import MachineryError
from sharklab.i18n import Translator
from sharklab.message import N_

KEPT = (
    "SHARKLAB_STATE",
    "LIBVIRT_DEFAULT_URI",
    "PYTHONPATH",
    "PYTHONDONTWRITEBYTECODE",
    "LANG",
    "LC_ALL",
    "LC_MESSAGES",
    "NO_COLOR",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)
"""Variables of the user's environment that a command behind sudo sees, beside those that sudo keeps."""


def is_root() -> bool:
    """Tell whether this process may do anything."""
    return os.geteuid() == 0


def can_be_root() -> bool:
    """Tell whether this process may do anything or can ask sudo for it."""
    return is_root() or shutil.which("sudo") is not None


def require_root(refusal: str) -> None:
    """Raise MachineryError with `refusal`, a sentence that names the step, unless root runs this process."""
    if not is_root():
        raise MachineryError(refusal, hint=N_("run the same command with sudo"))


def become_root(words: Translator) -> NoReturn:
    """Start this command again through sudo, with the same state folder and language.

    Raises MachineryError, with what to run by hand, where there is no sudo or it refuses.
    """
    arguments = sys.argv[1:]
    by_hand = [f"SHARKLAB_STATE={state.root()}", str(paths.ROOT / "sharklab"), *arguments]
    argv = through_sudo([sys.executable, "-P", "-m", "sharklab", *arguments], shlex.join(by_hand), words)
    os.environ["SHARKLAB_STATE"] = str(state.root())
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # else root leaves files in the user's checkout
    os.execvp(argv[0], argv)


def through_sudo(command: Sequence[str], by_hand: str, words: Translator) -> list[str]:
    """Return `command` as it runs with root's rights, having told the user and asked sudo for them.

    `by_hand` is what a person types as root to the same end. Raises MachineryError, which says so,
    where there is no sudo or it refuses.
    """
    if is_root():
        return list(command)
    told = words.gettext(N_("root privileges are needed; running with sudo: {command}")).format(
        command=by_hand
    )
    print(f"sharklab: {told}", file=sys.stderr, flush=True)
    if not shutil.which("sudo"):
        raise _refusal(N_("sudo is not installed"), by_hand)
    if subprocess.run(["sudo", "true"], check=False).returncode:
        raise _refusal(N_("sudo refused"), by_hand)
    return ["sudo", "--preserve-env=" + ",".join(KEPT), "--", *command]


def _refusal(reason: str, by_hand: str) -> MachineryError:
    return MachineryError(reason, hint=N_("as root, run: {command}"), command=by_hand)
