"""Templates of a lab: names and errors."""

from __future__ import annotations

import pytest

from sharklab.errors import InputError
from sharklab.lab import template


def test_fill_names_the_key_of_an_undefined_name() -> None:
    """A misspelt name is an error with file and key."""
    with pytest.raises(InputError) as caught:
        template.fill({"a": ["{{ seat.tokn }}"]}, {"seat": {}}, "lab.yml")
    assert caught.value.place == "lab.yml a.0"


def test_fill_does_not_run_code() -> None:
    """A template of a lab cannot reach Python."""
    with pytest.raises(InputError):
        template.fill("{{ ''.__class__.__mro__ }}", {}, "lab.yml")
