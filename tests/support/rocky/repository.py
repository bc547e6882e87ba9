"""A signed repository of small packages with the names, units and paths that Rocky's have (names.yml).

They stand in for packages that cannot be fetched everywhere; the programs behind their units are Debian's.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from sharklab.hosts.image import rocky

NAMES = Path(__file__).with_name("names.yml")
KEY = "RPM-GPG-KEY-stand-in"
SIGNER = "stand-in <stand-in@example.org>"

HEAD = """\
Name: stand-in
Version: 9.6
Release: 1.el9
Summary: Names of Rocky's packages
License: MIT
BuildArch: noarch
AutoReqProv: no
%description
Names of Rocky's packages.
"""

UNIT = """\
[Unit]
Description={name} as Rocky names it

[Service]
{settings}ExecStart={start}

[Install]
WantedBy=multi-user.target
"""


def packages() -> dict[str, dict[str, Any]]:
    """Return the table of names.yml."""
    table: dict[str, dict[str, Any]] = yaml.safe_load(NAMES.read_text())
    return table


def build(folder: Path, unsigned: tuple[str, ...] = (), debian: Path | None = None) -> Path:
    """Make a repository in `folder`, signed but for `unsigned` packages, with its public key; return it.

    What packages carry is taken from the root file system `debian`; without one these are left out.
    """
    known = {name: package for name, package in packages().items() if debian or "carries" not in package}
    table = {**known, **{name: {} for name in unsigned}}
    work = folder / "work"
    files = {name: files_of(name, package) for name, package in table.items()}
    for name, content in files.items():
        for path, text in content.items():
            target = work / "root" / name / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            target.chmod(0o755 if "/bin/" in path else 0o644)
    copies = {name: carried(package, debian) for name, package in table.items() if debian}
    for name, places in copies.items():
        for path, source in places.items():
            target = work / "root" / name / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            _run(["cp", "--archive", source, target], os.environ)
    spec = work / "stand-in.spec"
    sections = [_section(name, table[name], [*files[name], *copies.get(name, ())]) for name in table]
    spec.write_text("".join([HEAD, *sections, _install(table, work)]))
    home = work / "gnupg"
    home.mkdir(mode=0o700)
    env = {**os.environ, "GNUPGHOME": str(home), "LC_ALL": "C.UTF-8"}
    _run(
        ["gpg", "--batch", "--passphrase", "", "--quick-generate-key", SIGNER, "rsa3072", "sign", "never"],
        env,
    )
    macros = [f"_topdir {work}", f"_rpmdir {folder}", "_binary_payload w.ufdio"]
    macros += ["_binaries_in_noarch_packages_terminate_build 0"]
    _run(
        ["rpmbuild", "-bb", "--quiet", *(word for line in macros for word in ("--define", line)), spec],
        env,
    )
    rpms = [file for file in folder.glob("noarch/*.rpm") if not file.name.startswith(unsigned or ("/",))]
    signer = ["--define", f"_gpg_name {SIGNER}", "--define", f"__gpg {shutil.which('gpg')}"]
    _run(["rpmsign", *signer, "--addsign", *rpms], env)
    _run(["createrepo_c", "--quiet", "--simple-md-filenames", folder], env)
    (folder / KEY).write_text(_run(["gpg", "--armor", "--export", SIGNER], env))
    _run(["gpgconf", "--kill", "all"], env)
    return folder


def mirror(rpms: Path, folder: Path) -> Path:
    """Lay the repository `rpms` out in `folder` as a mirror of Rocky 9 is, with its key; return `folder`."""
    for name in rocky.REPOSITORIES:
        place = folder / "9" / name / platform.machine()
        place.mkdir(parents=True)
        (place / "os").symlink_to(rpms)
    (folder / "RPM-GPG-KEY-Rocky-9").write_bytes((rpms / KEY).read_bytes())
    return folder


def release(mirror: Path) -> rocky.Release:
    """Return Rocky 9 as the mirror has it, by the fingerprint of its key."""
    return replace(rocky.RELEASES["rocky9"], fingerprint=fingerprint(mirror / "RPM-GPG-KEY-Rocky-9"))


def fingerprint(key: Path) -> str:
    """Return the fingerprint of the key in a file."""
    shown = _run(["gpg", "--batch", "--show-keys", "--with-colons", key], os.environ)
    return next(line.split(":")[9] for line in shown.splitlines() if line.startswith("fpr:"))


def _run(argv: list[Any], env: Mapping[str, str]) -> str:
    done = subprocess.run(argv, env=dict(env), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{argv[0]}: {done.stderr}{done.stdout}"
    return done.stdout


def files_of(name: str, package: Mapping[str, Any]) -> dict[str, str]:
    """Return the content of each file of a package."""
    units = {
        f"/usr/lib/systemd/system/{unit}.service": UNIT.format(
            name=unit, start=start, settings=_settings(package)
        )
        for unit, start in package.get("units", {}).items()
        if start
    }
    return {**package.get("files", {}), **units, f"/usr/share/doc/{name}/stand-in": f"{name}\n"}


def carried(package: Mapping[str, Any], debian: Path) -> dict[str, Path]:
    """Return where what a package carries is to be, and where it is in the root file system `debian`."""
    [version] = [place.name for place in (debian / "usr/lib/modules").iterdir()]
    return {
        target.replace("*", version): debian / source.replace("*", version).lstrip("/")
        for target, source in package.get("carries", {}).items()
    }


def _settings(package: Mapping[str, Any]) -> str:
    lines = {
        "EnvironmentFile=-": package.get("environment"),
        "ExecReload=": package.get("reload"),
        "RuntimeDirectory=": package.get("runtime"),
    }
    return "".join(f"{key}{value}\n" for key, value in lines.items() if value)


def _section(name: str, package: Mapping[str, Any], files: Iterable[str]) -> str:
    """Return what the spec says of one package."""
    users = [f"id {user} >/dev/null 2>&1 || useradd --system {user}" for user in package.get("users", ())]
    listed = [
        *(f"%config(noreplace) {path}" if path.startswith("/etc/") else path for path in files),
        *(f"%dir {folder}" for folder in package.get("folders", ())),
        *package.get("links", {}),
    ]
    about = [f"%package -n {name}", f"Summary: Stands in for {name}", "AutoReqProv: no"]
    about += [f"Provides: {what}" for what in package.get("provides", ())]
    about += [f"%description -n {name}", f"Stands in for {name}."]
    script = [f"%pre -n {name}", *users] if users else []
    return "\n".join([*about, *script, f"%files -n {name}", *listed, ""])


def _install(table: Mapping[str, Mapping[str, Any]], work: Path) -> str:
    """Return the spec's one section that puts the files of all packages in their places."""
    lines = ["%install"]
    for name, package in table.items():
        lines.append(f"cp -a {work}/root/{name}/. %{{buildroot}}/")
        lines += [f"mkdir -p %{{buildroot}}{folder}" for folder in package.get("folders", ())]
        for link, target in package.get("links", {}).items():
            lines += [f"mkdir -p %{{buildroot}}{Path(link).parent}", f"ln -s {target} %{{buildroot}}{link}"]
    return "\n".join([*lines, ""])
