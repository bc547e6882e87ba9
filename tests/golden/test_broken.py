"""Golden tests: each broken lab gets exactly the message in the file beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab import load
from sharklab.errors import InputError

BROKEN = Path(__file__).parent / "broken"


@pytest.mark.parametrize("name", sorted(folder.name for folder in BROKEN.iterdir()))
def test_load_of_a_broken_lab(name: str, golden) -> None:
    """A broken lab is refused with place, cause and hint."""
    with pytest.raises(InputError) as caught:
        load.load(BROKEN / name / "lab.yml")
    message = str(caught.value).replace(str(BROKEN), "labs")
    golden(BROKEN / name / "message.txt", message + "\n")
