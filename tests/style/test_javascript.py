"""The JavaScript of the workbench passes its linter and the check of its types, and stays small."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from sharklab.cli.workbench import javascript
from sharklab.progress import Silent

STATIC = Path(__file__).resolve().parents[2] / "src" / "sharklab" / "cli" / "workbench" / "web" / "static"
TYPES = Path(__file__).with_name("javascript")
MOST_LINES = 410
"""Lines of code, without comments and empty lines."""

NO_CODE = ("//", "/**", "*")


def test_javascript_passes() -> None:
    """oxlint finds nothing, and every file says at its begin what it is for."""
    linter = Path(sys.executable).with_name("oxlint")
    rules = ["--deny", "correctness", "--deny", "perf", "--deny-warnings"]
    done = subprocess.run([linter, *rules, STATIC], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    assert all(file.read_text().startswith("// ") for file in STATIC.glob("*.js"))


def test_types_of_javascript_agree(tmp_path: Path) -> None:
    """TypeScript finds nothing, with each of its strict rules and the types of the other makers."""
    packages = javascript.install_packages(javascript.LISTS, Silent())
    compiler = javascript.install_packages(TYPES, Silent()) / "typescript" / "bin" / "tsc"
    settings = {
        "allowJs": True,
        "checkJs": True,
        "lib": ["ESNext", "DOM", "DOM.Iterable"],
        "module": "ESNext",
        "moduleResolution": "bundler",
        "noEmit": True,
        "noUnusedLocals": True,
        "paths": {"@xterm/*": [str(packages / "@xterm" / "*")]},
        "rootDirs": [str(STATIC), str(TYPES / "types")],
        "strict": True,
        "target": "ESNext",
        "types": [],
    }
    project = tmp_path / "tsconfig.json"
    project.write_text(json.dumps({"compilerOptions": settings, "include": [f"{STATIC}/*.js"]}))
    argv = [*javascript.command("node"), str(compiler), "--project", str(project)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr


def test_javascript_stays_small() -> None:
    """The browser adds no logic."""
    lines = [line.strip() for file in STATIC.glob("*.js") for line in file.read_text().splitlines()]
    assert MOST_LINES > len([line for line in lines if line and not line.startswith(NO_CODE)])
