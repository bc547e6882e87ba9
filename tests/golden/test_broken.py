"""Golden tests: each broken lab gets exactly the message in the file beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab import i18n
from sharklab.author import lint
from sharklab.errors import InputError
from tests.golden.conftest import Golden

BROKEN = Path(__file__).parent / "broken"


@pytest.mark.parametrize("language", i18n.languages())
@pytest.mark.parametrize("name", sorted(folder.name for folder in BROKEN.iterdir()))
def test_load_of_a_broken_lab(name: str, language: str, golden: Golden) -> None:
    """A broken lab is refused with place, cause and hint, in the author's language."""
    with pytest.raises(InputError) as caught:
        lint.check(BROKEN / name / "lab.yml")
    message = caught.value.say(i18n.translator(language).gettext).replace(str(BROKEN), "labs")
    golden(BROKEN / name / f"message.{language}.txt", message + "\n")
