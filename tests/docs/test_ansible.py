"""The page for Ansible users agrees with the inventory plugin's own documentation.

As a script it writes the table of the page: PYTHONPATH=src:. python tests/docs/test_ansible.py
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "ansible.md"
TABLE = re.compile(r"(?<=\| --- \| --- \| --- \|\n)(?:\|.*\n)*")
MARKUP = re.compile(r"\b[CVOPM]\(([^)#]*)(?:#[a-z]+)?\)")
"""Ansible's markup for code, values, options, plugins and modules."""


def options() -> dict[str, dict[str, Any]]:
    """Return the options of the inventory plugin, as it documents them."""
    plugin = (ROOT / "plugins" / "inventory" / "seat.py").read_text()
    found: dict[str, dict[str, Any]] = yaml.safe_load(
        plugin.split('DOCUMENTATION = r"""')[1].split('"""')[0]
    )["options"]
    return found


def table() -> str:
    """Return the rows of the page's table of keys."""
    rows = []
    for name, option in options().items():
        said = option["description"]
        text = MARKUP.sub(r"`\1`", said if isinstance(said, str) else " ".join(said))
        rows.append(f"| `{name}` | {option['type']} | {text} |\n")
    return "".join(rows)


def test_page_has_the_options_of_the_plugin() -> None:
    """The table of keys is made from the plugin."""
    assert [table()] == TABLE.findall(PAGE.read_text())


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


if __name__ == "__main__":
    PAGE.write_text(TABLE.sub(lambda _found: table(), PAGE.read_text()))
