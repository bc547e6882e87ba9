"""A page on captures without a lab: HTML and Markdown, and each capture with comments for Wireshark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import jinja2

from sharklab.evidence.packets.annotation import annotate
from sharklab.i18n import Translator
from sharklab.message import Message
from sharklab.report import explanations
from sharklab.report.capture_story import CaptureStory, TalkStory, problem
from sharklab.report.packet_view import LadderPicture, picture
from sharklab.report.render import environment

PICTURES = 30
"""Conversations of a capture that are drawn."""
NAME = "explained"


@dataclass(frozen=True)
class Section:
    """A conversation on the page, with its picture if it is drawn."""

    anchor: str
    talk: TalkStory
    picture: LadderPicture | None


@dataclass(frozen=True)
class Chapter:
    """A capture on the page; `annotated` is its copy with comments, "" without one."""

    told: CaptureStory
    sections: tuple[Section, ...]
    annotated: str
    filter: str
    warnings: tuple[str, ...]

    @property
    def href(self) -> str:
        """Where the copy is, as a link."""
        return quote(self.annotated)


def files(
    stories: Sequence[CaptureStory], speak: Translator, filter: str = "", notes: Sequence[Message] = ()
) -> Mapping[str, str | bytes]:
    """Return the page by file name: explained.<lang>.html, .md, and <capture>.annotated.<lang>.pcapng.

    `filter` is that of the reader, `notes` are sentences on all captures. Raises MachineryError when editcap
    is missing or broken.
    """
    said = [speak.say(note) for note in notes]
    chapters = [_chapter(told, speak, filter, said) for told in stories]
    pages: dict[str, str | bytes] = {
        f"{NAME}.{speak.language}.{kind}": _lay_out(chapters, kind, speak) for kind in ("html", "md")
    }
    return {**pages, **dict(_copies(chapters, speak))}


def _chapter(told: CaptureStory, speak: Translator, filter: str, notes: Sequence[str]) -> Chapter:
    wrong = problem(told.facts)
    return Chapter(
        told=told,
        sections=tuple(_sections(told, speak)),
        annotated=f"{told.id}.annotated.{speak.language}.pcapng" if told.numbers else "",
        filter=filter,
        warnings=(*([speak.say(wrong)] if wrong else []), *notes),
    )


def _sections(told: CaptureStory, speak: Translator) -> Iterator[Section]:
    for index, each in enumerate(told.talks):
        name = f"{told.id}-{each.number}"
        drawn = each.talk if index < PICTURES else None
        shown = picture(f"ladder-{name}", drawn, told.facts, {}, (), speak) if drawn else None
        yield Section(f"conversation-{name}", each, shown)


def _lay_out(chapters: Sequence[Chapter], kind: str, speak: Translator) -> str:
    made = environment(speak.language, kind, jinja2.DictLoader({}))
    return made.get_template(f"story.{kind}.j2").render(stories=chapters, language=speak.language)


def _copies(chapters: Sequence[Chapter], speak: Translator) -> Iterator[tuple[str, bytes]]:
    for chapter in chapters:
        if chapter.annotated:
            told = chapter.told
            comments = explanations.comments(told.facts, speak, told.numbers)
            yield chapter.annotated, annotate(told.container, comments)
