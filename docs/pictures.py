"""Draw the pictures of the documentation in headless Chromium: a run, and a capture that is explained.

Run it with the Python of sharklab's own environment (`./sharklab doctor` names it), after
`./sharklab run tcpdump`:

    PYTHONPATH=src .../venv/.../bin/python docs/pictures.py RUN

RUN is the folder of the run, which `./sharklab run` prints. Without RUN, only the picture of
`./sharklab explain` is drawn. The 🦈 needs a font with emoji (Debian: fonts-noto-color-emoji).
The pictures go to docs/pictures/; a test makes sure that README.md shows each of `OF_README`, and no others.

Those of docs/workbench.md, `OF_THE_LESSON`, are made by the test of a whole lesson, on real seats:

    SHARKLAB_PICTURES=docs/pictures ./sharklab test tests/e2e/test_workbench_story.py
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, FloatRect, ViewportSize, sync_playwright

from sharklab.cli import main

FOLDER = Path(__file__).with_name("pictures")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SCALE = 1.05
"""Pixels of a picture for each CSS pixel: a larger one looks sharper and takes more bytes."""
MARGIN = 16
"""Left around each picture, in CSS pixels."""


@dataclass(frozen=True)
class Picture:
    """A part of a page: from the top of the element `first` to the end of `last` (CSS selectors).

    `width` is that of the browser's window, in CSS pixels. The page is the report of the run, or that of a
    `capture` that is explained.
    """

    first: str
    last: str
    width: int
    capture: str = ""


PICTURES = {
    "report.png": Picture("#exercise-refused header", "#exercise-refused table.checks", 900),
    "ladder.png": Picture("#capture-exchange svg.ladder", "#capture-exchange svg.ladder", 640),
    "explain.png": Picture("article header", "table.explained", 900, "tests/data/refused.pcap"),
}
OF_THE_LESSON = ("workbench.png", "workbench-class.png")
"""Pictures in docs/workbench.md: the page of a student, and that of the class."""

OF_README = (*PICTURES, "workbench.png")


def draw(report: Path | None, folder: Path) -> None:
    """Draw `PICTURES` into `folder`; those of a report need `report`, an HTML one of the lab `tcpdump`."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as place:
        program = next(filter(None, map(shutil.which, BROWSERS)), None)
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, picture in PICTURES.items():
            page = _explain_capture(picture.capture, Path(place)) if picture.capture else report
            if page:
                _draw(browser, page, picture, folder / name)
        browser.close()


def _explain_capture(capture: str, folder: Path) -> Path:
    """Return the page of `sharklab explain` on a capture of the repository."""
    file = FOLDER.parents[1] / capture
    if main.main(["explain", str(file), "-o", str(folder), "--lang", "en"]):
        raise SystemExit(f"{file} could not be explained")
    return folder / "explained.en.html"


def _draw(browser: Browser, report: Path, picture: Picture, file: Path) -> None:
    window: ViewportSize = {"width": picture.width, "height": 800}
    page = browser.new_page(viewport=window, color_scheme="light", device_scale_factor=SCALE)
    page.goto(report.as_uri())
    first, last = (page.locator(at).first.bounding_box() for at in (picture.first, picture.last))
    if first is None or last is None:
        raise SystemExit(f"{report}: {picture.first} or {picture.last} is missing: is it of tcpdump?")
    top, end = first["y"] - MARGIN, last["y"] + last["height"] + MARGIN
    area: FloatRect = {"x": 0, "y": top, "width": picture.width, "height": end - top}
    page.screenshot(path=file, clip=area, full_page=True)
    page.close()


if __name__ == "__main__":
    draw(Path(sys.argv[1], "report.en.html").resolve() if sys.argv[1:] else None, FOLDER)
