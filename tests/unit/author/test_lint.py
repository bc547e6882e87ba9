"""What `sharklab lint` finds beside lab.yml; faults of lab.yml itself are golden tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.author import lint
from sharklab.errors import InputError
from tests.support.labs import write_lab

FINE = "# {{ lab }}\n\nThe server is `{{ hosts.server.ipv4 }}`.\n"


def briefs(folder: Path) -> str:
    """Return the error about the briefs of the lab in `folder`, "" without one."""
    try:
        lint.check_briefs(lint.check(folder / "lab.yml"))
    except InputError as error:
        return str(error)
    return ""


def test_both_briefs_are_rendered(tmp_path: Path) -> None:
    """The fault is shown with its place and remedy, in whichever language it is."""
    assert "" == briefs(write_lab(tmp_path / "fine", fr=FINE, en=FINE))
    wrong = "# Lab\n\n{{ lab.title }}\n"
    for number, texts in enumerate(({"fr": wrong, "en": FINE}, {"fr": FINE, "en": wrong})):
        [language] = [code for code, text in texts.items() if text == wrong]
        folder = write_lab(tmp_path / f"wrong{number}", **texts)
        assert briefs(folder) == (
            f"{folder}/brief.{language}.md.j2:3: a value between double braces is neither text nor a number, "
            "but a builtin_function_or_method\n  hint: templates may use student, seat.token (.domain, "
            ".share, .password, .id), hosts.NAME.ipv4 (.ipv6)"
        )


@pytest.mark.parametrize("missing", ["fr", "en"])
def test_one_brief_is_not_enough(missing: str, tmp_path: Path) -> None:
    """A lab that has a brief has it in both languages; a lab without one is unfinished, not wrong."""
    texts = {code: FINE for code in ("fr", "en") if code != missing}
    assert "the lab has no brief in this language" in briefs(write_lab(tmp_path / "half", **texts))
    assert "" == briefs(write_lab(tmp_path / "none"))
