"""A computer that stands in for one with Rocky 9, on which sharklab itself starts.

Its dnf, rpm and sudo are real, and a local repository is all that it can install from.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from sharklab import paths
from sharklab.hosts import image
from sharklab.hosts.image import RUN_ROLES
from sharklab.hosts.image.root_folder import RootFolder
from sharklab.lab import needs
from tests.support.rocky import standin

CHECKOUT = "/srv/sharklab"
STATE = "/srv/state"
USER = "student"

PACKAGES = ("dnf", "dracut", "linux-image-cloud-amd64", "python3-venv", "rpm", "udev")
"""What the small image has beside what NFS needs, for computers and for virtual machines."""

HOMES = {"root": "/root", USER: f"/home/{USER}"}

SUDOERS = f"Defaults secure_path=/sbin:/bin:/usr/sbin:/usr/bin\n{USER} ALL=(ALL) NOPASSWD: ALL\n"

# What Rocky has not is gone.
SET_UP = f"""
useradd --create-home {USER}
chown {USER} {STATE}
echo 127.0.0.1 localhost computer >/etc/hosts
rm -r /usr/share/keyrings
"""

# All of it, the network too, is in namespaces of its own, and ends with the command.
ENTER = """
set -e
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
cd "$2/root"
shift 2
mount -t proc proc proc
echo computer >/proc/sys/kernel/hostname
mount --rbind /dev dev
mount --rbind -o ro /sys sys
while [ "$1" != -- ]; do
    mkdir -p "./$2"
    mount --bind -o ro "$1" "./$2"
    shift 2
done
shift
exec chroot . "$@"
"""


def image_of_it() -> image.Image:
    """Return Debian's image under it, built if nobody did so yet."""
    roles = (*needs.ROLES, *RUN_ROLES)
    return image.base("debian12", [*image.packages_of(roles, "Debian", kernel=needs.ROLES), *PACKAGES], print)


def copy_of_it(folder: Path) -> Path:
    """Return a copy of that image in `folder`, in one root file system."""
    root = RootFolder(folder / "changes", image_of_it().roots)
    root.folder.mkdir()
    root.run(["cp", "--archive", root.path, folder / "copy"])
    return folder / "copy"


@dataclass(frozen=True)
class Computer:
    """A computer; `lowers` is what it starts from, `folder` holds what is changed on it."""

    lowers: tuple[Path, ...]
    folder: Path

    def run(
        self, *words: str, user: str = "root", checkout: Path | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as `user`, who speaks English, where `checkout` is in its place.

        That of the tests has the environment in which they run, so that only the system lacks something.
        """
        environment = {"SHARKLAB_STATE": STATE, "LANG": "C.UTF-8", "PATH": "/usr/bin:/usr/sbin", **more}
        settings = [f"{name}={value}" for name, value in {"HOME": HOMES[user], **environment}.items()]
        bound = [word for pair in _bound(checkout) for word in pair]
        return subprocess.run(
            [
                *("unshare", "--mount", "--uts", "--net", "--pid", "--fork", "--kill-child"),
                *("sh", "-c", ENTER, "sh", ":".join(map(str, self.lowers)), str(self.folder)),
                *(*bound, "--", "runuser", "-u", user, "--", "env", "-i", *settings, *words),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )

    def has(self, package: str) -> bool:
        """Tell whether a package is installed, by rpm."""
        return self.run("rpm", "--query", package).returncode == 0


def _bound(checkout: Path | None) -> list[tuple[str, str]]:
    """Return what of this machine is seen there, read-only: the checkout, and the Python that runs this."""
    if checkout != paths.ROOT:
        return [(str(checkout), CHECKOUT)] if checkout else []
    environment = (str(Path(sys.prefix).resolve()), f"{STATE}/venv/{Path(sys.prefix).name}")
    python = str(Path(sys.base_prefix).resolve())
    own = [] if python == "/usr" else [(python, python)]
    return [(str(checkout), CHECKOUT), environment, *own]


def make(folder: Path, rpms: Path) -> Computer:
    """Return a new computer, with what it has changed in `folder` and `rpms` to install from."""
    base = image_of_it()
    for name in ("upper", "work", "root"):
        (folder / name).mkdir(parents=True)
    layers = standin.dress(folder / "layers", base, rpms, ("computer",))
    computer = Computer(layers.lowers("computer"), folder)
    upper = folder / "upper"
    (upper / "etc/sudoers.d").mkdir(parents=True)
    (upper / "etc/sudoers.d" / USER).write_text(SUDOERS)
    # Where this machine keeps its own Python may be below root's home.
    (upper / "root").mkdir()
    (upper / STATE[1:]).mkdir(parents=True)
    for place in (upper, *upper.rglob("*")):
        place.chmod(0o755 if place.is_dir() else 0o440)
    done = computer.run("sh", "-ec", SET_UP)
    assert done.returncode == 0, done.stderr
    return computer


def forget_python(computer: Computer) -> None:
    """Leave no Python in the PATH; dnf goes on with one of its own."""
    own = "/usr/libexec/platform-python"
    script = f"mv /usr/bin/python3.11 {own}; rm /usr/bin/python3; sed -i '1s,.*,#!{own},' /usr/bin/dnf-3"
    done = computer.run("sh", "-ec", script)
    assert done.returncode == 0, done.stderr
