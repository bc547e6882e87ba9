"""The page for Ansible users and the READMEs of the roles tell the collection as it is."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "ansible.md"


def test_page_lists_every_module() -> None:
    """Each module of the collection is in the table of modules."""
    names = sorted(file.stem for file in (ROOT / "plugins" / "modules").glob("*.py"))
    assert names == sorted(
        re.findall(r"^\| `sharklab\.lab\.(\w+)` \|", PAGE.read_text().split("## Modules")[1], re.MULTILINE)
    )


def test_readme_of_each_role_has_a_play() -> None:
    """The example of a README is a whole play with the role under its full name (test_yaml_examples.py)."""
    for file in sorted(ROOT.glob("roles/*/README.md")):
        [play] = re.findall(r"```yaml\n(.*?)```", file.read_text(), re.DOTALL)
        assert ("- name: ", True) == (play[:8], f": sharklab.lab.{file.parent.name}\n" in play), file
