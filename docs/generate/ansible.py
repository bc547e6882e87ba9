"""The table of keys in docs/ansible.md, from the documentation of the inventory plugin."""

from __future__ import annotations

import re
from typing import Any

import yaml

from docs.generate.markdown import code, fill, table
from sharklab.paths import ROOT

MARKUP = re.compile(r"\b[CVOPM]\(([^)#]*)(?:#[a-z]+)?\)")
"""Ansible's markup for code, values, options, plugins and modules."""


def page(text: str) -> str:
    """Return the page with its table of keys filled in."""
    rows = ((code(name), option["type"], _find_meaning(option)) for name, option in options().items())
    return fill(text, "keys", table(("key", "type", "meaning"), rows))


def options() -> dict[str, dict[str, Any]]:
    """Return the options of the inventory plugin, as it documents them."""
    plugin = (ROOT / "plugins" / "inventory" / "seat.py").read_text()
    found: dict[str, dict[str, Any]] = yaml.safe_load(
        plugin.split('DOCUMENTATION = r"""')[1].split('"""')[0]
    )["options"]
    return found


def _find_meaning(option: dict[str, Any]) -> str:
    said = option["description"]
    return MARKUP.sub(r"`\1`", said if isinstance(said, str) else " ".join(said))
