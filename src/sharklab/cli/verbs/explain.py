"""The verb `explain`: any capture, packet by packet, without a lab."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sharklab.cli.options import Options
from sharklab.cli.say import say, translate
from sharklab.errors import BAD_INPUT, GOOD, InputError, MachineryError
from sharklab.message import N_, Message

if TYPE_CHECKING:
    from sharklab.evidence.packets.container import Container
    from sharklab.report.capture_story import CaptureStory

_ENDINGS = {".gz", ".zst", ".lz4", ".pcap", ".pcapng", ".cap"}
_WIDTH = 100
"""Columns of a terminal that does not tell how many it has."""
RENUMBERED = N_("The file is large: only the packets of the filter were read, and their numbers begin at 1.")


def explain(args: Options) -> int:
    """Explain captures on the terminal, or as a page with --out; a file that is none is told at the end."""
    from sharklab.evidence.packets import selection

    if args.conversation and len(args.files) > 1:
        raise InputError(N_("works only with one FILE"), place="--conversation")
    if args.filter:
        selection.check(args.filter)
    stories, notes, errors = [], list[Message](), []
    for id, file in _named(args.files):
        try:
            told, extracted = _read(args, id, file)
        except InputError as error:
            errors.append(error)
        else:
            stories.append(told)
            notes = [Message(RENUMBERED)] if extracted else notes
    if errors and not stories and len(args.files) == 1:
        raise errors[0]
    _tell(args, stories, notes, errors)
    if not errors:
        return GOOD
    if args.output == "json":
        return BAD_INPUT
    text = N_("files that could not be read: {count} of {all}")
    raise InputError(text, problems=tuple(errors), count=len(errors), all=len(args.files))


def _named(files: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each file with a name for it that is plain, and that no other one has."""
    known: set[str] = set()
    for file in files:
        path = Path(file)
        while path.suffix.lower() in _ENDINGS:
            path = path.with_suffix("")
        plain = re.sub(r"[^A-Za-z0-9_-]+", "-", path.name).strip("-") or "capture"
        count = 1
        while (id := plain if count == 1 else f"{plain}-{count}") in known:
            count += 1
        known.add(id)
        yield id, file


def _read(args: Options, id: str, file: str) -> tuple[CaptureStory, bool]:
    """Return the story of a file, and whether only the packets of the filter were taken out of it."""
    from sharklab.evidence.packets import facts, read, selection
    from sharklab.report.capture_story import Choice, story

    container, extracted = _open(Path(file).resolve(), args.filter or "")
    shown = facts(read(container))
    chosen = None
    if args.filter:
        every = frozenset(range(1, len(shown.packets) + 1))
        chosen = every if extracted else selection.numbers(container, args.filter)
    choice = Choice(chosen, tuple(args.conversation))
    told = story(Path(file).name, id, container, shown, choice, translate(args))
    return told, extracted


def _open(path: Path, filter: str) -> tuple[Container, bool]:
    """Return the capture, and whether only the packets of the filter were taken out of a large file.

    Raises InputError for a file that is no capture, and for a large one without a filter.
    """
    from sharklab.evidence.packets import container, selection

    try:
        return container.open_capture(path), False
    except InputError as error:
        if error.message_id not in container.BEYOND:
            raise
        if not filter:
            hint = N_("choose packets of it with --filter, such as --filter {example}")
            values = {**error.values, "example": repr(selection.EXAMPLE)}
            raise InputError(error.message_id, place=error.place, hint=hint, problems=(), **values) from error
        try:
            return container.parse(path, selection.extract(path, filter)), True
        except MachineryError:
            raise error from None  # the file is large, and no capture either


def _tell(args: Options, stories: list[CaptureStory], notes: list[Message], errors: list[InputError]) -> None:
    from sharklab.report.capture_story import plain

    written = _write(args, stories, notes) if args.out and stories else []
    text = "\n".join(written if args.out or not stories else _lines(args, stories, notes))
    told, problems = [plain(story) for story in stories], [str(error) for error in errors]
    say(args, text, captures=told, files=written, problems=problems)


def _write(args: Options, stories: list[CaptureStory], notes: list[Message]) -> list[str]:
    from sharklab.report import capture_page
    from sharklab.report.render import write

    made = capture_page.files(stories, translate(args), args.filter or "", notes)
    return [str(file) for file in write({Path(args.out) / name: content for name, content in made.items()})]


def _lines(args: Options, stories: list[CaptureStory], notes: list[Message]) -> Iterator[str]:
    from sharklab.report import capture_text

    words, width = translate(args), shutil.get_terminal_size((_WIDTH, 24)).columns
    for index, told in enumerate(stories):
        yield from [""] if index else []
        yield from capture_text.lines(told, width, words)
    yield ""
    yield from map(words.say, notes)
    if not args.conversation and any(talk.number for told in stories for talk in told.talks):
        yield words.say(Message(N_("One conversation, every packet of it: --conversation NUMBER")))
    yield words.say(
        Message(N_("A page with ladders, and the captures with comments for Wireshark: -o FOLDER"))
    )
