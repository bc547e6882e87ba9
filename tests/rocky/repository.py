"""A signed repository of small packages with the names, units and paths that Rocky's have (names.yml).

They stand in for packages that cannot be fetched everywhere; the programs behind their units are Debian's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

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


def build(folder: Path, unsigned: tuple[str, ...] = ()) -> Path:
    """Make a repository in `folder`, signed but for `unsigned` packages, with its public key; return it."""
    table = {**packages(), **{name: {} for name in unsigned}}
    work = folder / "work"
    files = {name: files_of(name, package) for name, package in table.items()}
    for name, content in files.items():
        for path, text in content.items():
            target = work / "root" / name / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            target.chmod(0o755 if "/bin/" in path else 0o644)
    spec = work / "stand-in.spec"
    sections = [_section(name, table[name], files[name]) for name in table]
    spec.write_text("".join([HEAD, *sections, _install(table, work)]))
    home = work / "gnupg"
    home.mkdir(mode=0o700)
    env = {**os.environ, "GNUPGHOME": str(home), "LC_ALL": "C.UTF-8"}
    _run(
        ["gpg", "--batch", "--passphrase", "", "--quick-generate-key", SIGNER, "rsa3072", "sign", "never"],
        env,
    )
    _run(
        ["rpmbuild", "-bb", "--quiet", "--define", f"_topdir {work}", "--define", f"_rpmdir {folder}", spec],
        env,
    )
    rpms = [file for file in folder.glob("noarch/*.rpm") if not file.name.startswith(unsigned or ("/",))]
    signer = ["--define", f"_gpg_name {SIGNER}", "--define", f"__gpg {shutil.which('gpg')}"]
    _run(["rpmsign", *signer, "--addsign", *rpms], env)
    _run(["createrepo_c", "--quiet", "--simple-md-filenames", folder], env)
    (folder / KEY).write_text(_run(["gpg", "--armor", "--export", SIGNER], env))
    _run(["gpgconf", "--kill", "all"], env)
    return folder


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


def _settings(package: Mapping[str, Any]) -> str:
    lines = {
        "EnvironmentFile=-": package.get("environment"),
        "ExecReload=": package.get("reload"),
        "RuntimeDirectory=": package.get("runtime"),
    }
    return "".join(f"{key}{value}\n" for key, value in lines.items() if value)


def _section(name: str, package: Mapping[str, Any], files: Mapping[str, str]) -> str:
    """Return what the spec says of one package."""
    users = [f"id {user} >/dev/null 2>&1 || useradd --system {user}" for user in package.get("users", ())]
    listed = [
        *(f"%config(noreplace) {path}" if path.startswith("/etc/") else path for path in files),
        *(f"%dir {folder}" for folder in package.get("folders", ())),
        *package.get("links", {}),
    ]
    about = [f"%package -n {name}", f"Summary: Stands in for {name}"]
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
