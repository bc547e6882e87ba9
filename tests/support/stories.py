"""Captures explained without a lab, for tests."""

from __future__ import annotations

from pathlib import Path

from sharklab.evidence.packets import facts, read
from sharklab.evidence.packets.container import open_capture
from sharklab.i18n import translator
from sharklab.report.capture_story import CaptureStory, Choice, story

DATA = Path(__file__).parents[1] / "data"


def told(name: str, choice: Choice = Choice(), language: str = "en") -> CaptureStory:  # noqa: B008 (frozen)
    """Return the story of a recorded capture."""
    return told_of(DATA / name, choice, language)


def told_of(path: Path, choice: Choice = Choice(), language: str = "en") -> CaptureStory:  # noqa: B008 (frozen)
    """Return the story of the capture in `path`."""
    container = open_capture(path)
    speak = translator(language)
    return story(path.name, path.stem, container, facts(read(container)), choice, speak)
