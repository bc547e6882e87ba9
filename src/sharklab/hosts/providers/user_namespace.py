"""Decide whether containers have users of their own (user_namespaces(7)): wherever this machine can do that.

Root of such a host is an ordinary user of this machine: it makes no device, mounts no disk, changes no
setting of the kernel, and sees no other host. A machine proves that it can by a container that really runs,
once after each start of the machine: its kernel, its systemd or the file system of the state folder may be
too old.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from sharklab import process, state
from sharklab.errors import MachineryError
from sharklab.hosts.image.model import Layers
from sharklab.hosts.providers import cgroups, nspawn, trial_record, user_ranges
from sharklab.message import N_, NOTHING, Message
from sharklab.process import Say

RECORD = "user-namespaces"
"""The file of the state folder that keeps the result: empty, or the words of the system against it."""

PROOF = "id -u && touch /proof"
"""Root of the container writes a file of its own."""

WITHOUT = N_(
    "the hosts have no users of their own here ({reason}): root of a host can harm this machine; "
    "give the hosts to people that you trust"
)


def decide(layers: Layers, progress: Say) -> bool:
    """Tell whether containers get users of their own, and say so if they do not.

    Raises TookTooLong on a computer that is too busy to try it: a seat without them would be less safe.
    """
    reason = trial_record.after_boot(RECORD, lambda: _on_one_line(try_container(layers.image.roots)))
    if reason:
        progress(Message(WITHOUT, {"reason": reason}))
    return not reason


def measure(roots: Sequence[Path]) -> str:
    """Try again, keep the result and return it: the words of the system against it, or "".

    Raises TookTooLong, and keeps nothing, on a computer that is too busy.
    """
    return trial_record.record(RECORD, _on_one_line(try_container(roots)))


def try_container(roots: Sequence[Path]) -> Message:
    """Run a container with users of its own; return NOTHING, or the words of the system against it.

    `roots` are the folders of an image, the uppermost first. Needs root. Raises TookTooLong.
    """
    unit = f"sl-trial-{os.getpid()}"
    with state.temporary(state.root(), ".trial-") as folder:
        for name in ("upper", "work", "root"):
            (folder / name).mkdir(mode=0o755)
        for number, root in enumerate(roots):
            (folder / f"lower{number}").symlink_to(root)
        lowers = ":".join(f"lower{number}" for number in range(len(roots)))
        argv = nspawn.command(unit, "trial", (), lowers, user_ranges.FIRST)
        argv += ["--as-pid2", "/bin/sh", "-c", PROOF]
        try:
            enter = ["env", f"--chdir={folder}"]
            process.run([*cgroups.launcher(unit), *enter, *argv], timeout=trial_record.PATIENCE)
        except process.TookTooLong as late:
            late.hint_id = N_("repeat this when the computer has less to do")
            raise
        except MachineryError as error:
            return error.sentence
        finally:
            cgroups.end(unit)
        proof = folder / "upper/proof"
        if not proof.exists() or proof.stat().st_uid != os.getuid():
            return Message(N_("the owners of files are wrong"))
    return NOTHING


def _on_one_line(reason: Message) -> str:
    return " ".join(str(reason).split())
