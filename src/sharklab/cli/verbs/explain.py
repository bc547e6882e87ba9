"""The verb `explain`: any capture, packet by packet, without a lab."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sharklab.cli.options import Options
from sharklab.cli.say import say, translate
from sharklab.errors import BAD_INPUT, GOOD, InputError, MachineryError
from sharklab.message import N_, Message

if TYPE_CHECKING:
    from sharklab.evidence.packets.container import Container
    from sharklab.evidence.packets.streams import Stream
    from sharklab.report.capture_story import CaptureStory

T = TypeVar("T")
_ENDINGS = {".gz", ".zst", ".lz4", ".pcap", ".pcapng", ".cap"}
_WIDTH = 100
"""Columns of a terminal that does not tell how many it has."""
RENUMBERED = N_("The file is large: only the packets of the filter were read, and their numbers begin at 1.")


@dataclass
class _Explained:
    """The captures of a call: those that are explained, those too large for it, and the files that are none.

    `extracted` tells that only the packets of the filter were taken out of a large file.
    """

    stories: list[CaptureStory] = field(default_factory=list)
    large: list[tuple[str, tuple[Stream, ...]]] = field(default_factory=list)
    errors: list[InputError] = field(default_factory=list)
    extracted: bool = False


def explain(args: Options) -> int:
    """Explain captures on the terminal, or as a page with --out; a file that is none is told at the end."""
    from sharklab.evidence.packets import display_filter

    if args.conversation and len(args.files) > 1:
        raise InputError(N_("works only with one FILE"), place="--conversation")
    if args.filter:
        display_filter.check(args.filter)
    found = _Explained()
    for id, file in _name_files(args.files):
        try:
            _read(args, id, file, found)
        except InputError as error:
            found.errors.append(error)
    if found.errors and len(args.files) == 1:
        raise found.errors[0]
    _tell(args, found)
    if not found.errors:
        return GOOD
    if args.output == "json":
        return BAD_INPUT
    text = N_("files that could not be read: {count} of {all}")
    raise InputError(text, problems=tuple(found.errors), count=len(found.errors), all=len(args.files))


def _name_files(files: list[str]) -> Iterator[tuple[str, str]]:
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


def _read(args: Options, id: str, file: str, found: _Explained) -> None:
    """Add the capture in `file` to the others. Raises InputError for a file that cannot be read."""
    from sharklab.evidence.packets import container, streams

    path = Path(file).resolve()
    try:
        capture = container.open_capture(path)
    except InputError as error:
        if error.message_id not in container.BEYOND:
            raise
        if args.filter:
            capture, found.extracted = _extract(path, args.filter, error), True
        elif args.out or args.conversation:
            raise _narrow(error) from error
        else:
            found.large.append((Path(file).name, _of_capture(lambda: streams.streams(path), error)))
            return
    found.stories.append(_story(args, id, file, capture))


def _story(args: Options, id: str, file: str, capture: Container) -> CaptureStory:
    from sharklab.evidence.packets import display_filter, facts, read
    from sharklab.report.capture_story import Choice, story

    shown = facts(read(capture))
    chosen = display_filter.numbers(capture, args.filter) if args.filter else None
    choice = Choice(chosen, tuple(args.conversation))
    return story(Path(file).name, id, capture, shown, choice, translate(args))


def _extract(path: Path, filter: str, error: InputError) -> Container:
    """Return the packets of the filter as a capture, from a file that is too large: that is the `error`."""
    from sharklab.evidence.packets import container, display_filter

    return container.parse(path, _of_capture(lambda: display_filter.extract(path, filter), error))


def _of_capture(take: Callable[[], T], error: InputError) -> T:
    """Return the result of `take`, a call of tshark. Raises `error` if tshark cannot read the file either."""
    try:
        return take()
    except MachineryError:
        raise error from None


def _narrow(error: InputError) -> InputError:
    """Return the error of a large file with a remedy."""
    from sharklab.evidence.packets import display_filter

    hint = N_("choose packets of it with --filter, such as --filter {example}")
    values = {**error.values, "example": repr(display_filter.EXAMPLE)}
    return InputError(error.message_id, place=error.place, hint=hint, problems=(), **values)


def _tell(args: Options, found: _Explained) -> None:
    from sharklab.report.capture_story import plain

    notes = [Message(RENUMBERED)] if found.extracted else []
    written = _write(args, found.stories, notes) if args.out and found.stories else []
    text = "\n".join(written if args.out else _lines(args, found, notes))
    say(
        args,
        text,
        captures=[plain(story) for story in found.stories],
        large=[_to_plain(name, each) for name, each in found.large],
        files=written,
        problems=[str(error) for error in found.errors],
    )


def _to_plain(name: str, found: tuple[Stream, ...]) -> dict[str, object]:
    """Return the conversations of a large capture for a script."""
    told = [
        {"filter": each.filter, "ends": [str(end) for end in each.ends], "packets": each.packets}
        for each in found
    ]
    return {"file": name, "conversations": told}


def _write(args: Options, stories: list[CaptureStory], notes: list[Message]) -> list[str]:
    from sharklab.report import capture_page
    from sharklab.report.render import write

    made = capture_page.files(stories, translate(args), args.filter or "", notes)
    return [str(file) for file in write({Path(args.out) / name: content for name, content in made.items()})]


def _lines(args: Options, found: _Explained, notes: list[Message]) -> Iterator[str]:
    from sharklab.report import capture_text

    words, width = translate(args), shutil.get_terminal_size((_WIDTH, 24)).columns
    for told in found.stories:
        yield from (*capture_text.lines(told, width, words), "")
    for name, conversations in found.large:
        yield from (*capture_text.large(name, conversations, words), "")
    yield from map(words.say, notes)
    if not found.stories:
        return
    if hidden := next(filter(None, map(capture_text.find_hidden, found.stories)), None):
        text = N_(
            "Some packets are not shown. To show all packets of a conversation: --conversation {number}"
        )
        yield words.say(Message(text, {"number": hidden.number}))
    yield words.say(
        Message(N_("A page with ladders, and the captures with comments for Wireshark: -o FOLDER"))
    )
