"""The evidence of an outcome, by name, with its place on the page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby

from sharklab.checks.outcome import Reference
from sharklab.i18n import Translator
from sharklab.report.content import Link


def links(
    exercise: str, references: Iterable[Reference], commands: Collection[str], speak: Translator
) -> tuple[Link, ...]:
    """Return a link for each piece of evidence; `commands` are the probes that the page shows."""
    all_links = (link for reference in references for link in _link(exercise, reference, commands, speak))
    return tuple(dict.fromkeys(all_links))


def _link(
    exercise: str, reference: Reference, commands: Collection[str], speak: Translator
) -> Iterator[Link]:
    if reference.capture:
        yield from _packets(reference.capture, reference.packets)
    if reference.probe:
        text = speak.gettext("command {id}").format(id=reference.probe)
        yield Link(text, f"#probe-{reference.probe}" if reference.probe in commands else "")
    if reference.line:
        text = speak.gettext("ss on {host}").format(host=reference.host)
        yield Link(text, f"#ss-{exercise}-{reference.host}")


def _packets(capture: str, packets: Sequence[int]) -> Iterator[Link]:
    if not packets:
        yield Link(f"🦈 {capture}", f"#capture-{capture}")
    spans = list(runs(packets))
    for first, last in spans[:4]:
        span = f"{first}" if first == last else f"{first}–{last}"
        yield Link(f"🦈 {capture} #{span}", f"#packet-{capture}-{first}")
    if spans[4:]:
        yield Link("…", f"#capture-{capture}")


def runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last of each run of consecutive numbers."""
    for _, group in groupby(enumerate(sorted(set(numbers))), key=lambda pair: pair[1] - pair[0]):
        run = [number for _, number in group]
        yield run[0], run[-1]
