"""What a role changes outside /etc stands in its meta/changes.yml, so that machines can be given back."""

from __future__ import annotations

import re

import pytest

from sharklab import paths
from sharklab.hosts import changes

ROLES = sorted(path.name for path in paths.ROLES.iterdir())
PLACE = re.compile(
    r"(?:^ *(?:- )?|[{,] ?)(?:path|dest|__\w+_(?:root|home|folder)): \"?(/(?!etc/|usr/share/)[^\s\",{}]+)",
    re.MULTILINE,
)
"""A path that a task or a variable names, as far as it is fixed, outside /etc."""


@pytest.mark.parametrize("role", ROLES)
def test_role_says_what_it_changes_outside_etc(role: str) -> None:
    """Each place that a task writes to is one that the role says, or in one."""
    folder = paths.ROLES / role
    texts = [file.read_text() for file in [*folder.glob("tasks/*.yml"), *folder.glob("vars/main.yml")]]
    places = {place.rstrip("/") for text in texts for place in PLACE.findall(text)}
    file = folder / changes.FILE
    said = file.read_text() if file.exists() else ""
    assert [] == [place for place in sorted(places) if place not in said]
