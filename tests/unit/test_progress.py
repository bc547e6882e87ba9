"""Progress in the language of the reader."""

from __future__ import annotations

import io
import re

import pytest

from sharklab import i18n
from sharklab.message import Message
from sharklab.progress import Progress

pytestmark = pytest.mark.usefixtures("own_state")
"""Compiled catalogues of a test stay in its own folder."""


def test_progress_is_told_in_the_language_of_the_reader() -> None:
    """Steps and what they are at are French for who reads French."""
    told = io.StringIO()
    progress = Progress(i18n.translator("fr").gettext, told)
    with progress.step("image of {lab}", lab="tp4"):
        pass
    progress.note(Message("waiting for {hosts}", {"hosts": ["client", "server"]}))
    assert re.fullmatch(r"✓ image de tp4 \(0,\d s\)\n  attente de client, server\n", told.getvalue())


def test_words_of_hosts_do_nothing_to_the_terminal() -> None:
    """They may be a part of a detail."""
    told = io.StringIO()
    Progress(stream=told).note(Message("a\x1b[2Jb"))
    assert "  ab\n" == told.getvalue()
