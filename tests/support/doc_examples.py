"""The examples of labs in the documentation, as labs that can be run.

Each block of YAML on a page is one of these, by its own keys:

- a lab: it has a name; blocks after it, with keys of a lab that it still lacks, go on with it;
- a part of a lab (networks, hosts, matrices, exercises): put into the lab of `tests/data/examples`;
- a part of an exercise (checks, criteria, hints ...): put into an exercise that fetches a page, in that lab;
- something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from textwrap import dedent
from typing import Any

import yaml

from sharklab import paths
from sharklab.i18n import languages
from sharklab.lab import schema

PAGES = (paths.ROOT / "README.md", *sorted((paths.ROOT / "docs").glob("*.md")))
HOST = paths.ROOT / "tests" / "data" / "examples" / "lab.yml"
"""The lab that parts of labs and of exercises are put into."""

BLOCK = re.compile(r"^(?P<indent> *)```yaml\n(?P<text>.*?)^ *```$", re.DOTALL | re.MULTILINE)
BRIEF = re.compile(r"^```markdown\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
PORT = 8001
"""The first of the server's ports: each exercise has its own, so that no other one is in its way."""


@dataclass(frozen=True)
class Example:
    """A block of YAML on a page, below a heading."""

    page: Path
    heading: str
    text: str

    @cached_property
    def data(self) -> Any:
        """Return what the block says."""
        return yaml.safe_load(self.text)

    @property
    def title(self) -> str:
        """Return where the block stands, for a reader."""
        return f"{self.page.relative_to(paths.ROOT)}: {self.heading}: {self.first}"

    @property
    def first(self) -> str:
        """Return the first key of the block; that of the first entry where it is a list."""
        return str(next(iter(self.data[0] if isinstance(self.data, list) else self.data)))


def read(page: Path) -> list[Example]:
    """Return the examples of a page, in their order."""
    text = page.read_text()
    return [
        Example(page, HEADING.findall(CODE.sub("", text[: block.start()]))[-1], dedent(block["text"]))
        for block in BLOCK.finditer(text)
    ]


def of_labs(page: Path) -> dict[str, list[Example]]:
    """Return the blocks of each complete lab of a page, by the lab's name."""
    labs: dict[str, list[Example]] = {}
    for example in read(page):
        if is_lab(example):
            labs[example.data["lab"]] = [example]
        elif labs and is_part_of_lab(example):
            blocks = labs[next(reversed(labs))]
            if not set(example.data) & {key for block in blocks for key in block.data}:
                blocks.append(example)
    return labs


def briefs() -> dict[str, str]:
    """Return the brief that a page shows for its lab, by the lab's name."""
    shown = ((page, BRIEF.search(page.read_text())) for page in PAGES)
    return {next(iter(of_labs(page))): block["text"] for page, block in shown if block}


def write(folder: Path, text: str) -> None:
    """Write a lab into the new `folder`, which has its name: lab.yml, and its brief for both languages."""
    folder.mkdir()
    (folder / "lab.yml").write_text(text)
    for language in languages() if folder.name in briefs() else ():
        (folder / f"brief.{language}.md.j2").write_text(briefs()[folder.name])


def parts() -> list[Example]:
    """Return the examples of parts of labs and of exercises that go on with no lab of their page."""
    whole = {example for page in PAGES for blocks in of_labs(page).values() for example in blocks}
    return [
        example
        for page in PAGES
        for example in read(page)
        if example not in whole and (is_part_of_lab(example) or is_part_of_exercise(example))
    ]


def others() -> list[Example]:
    """Return the examples that are neither labs nor parts of labs."""
    return [
        example
        for page in PAGES
        for example in read(page)
        if not (is_lab(example) or is_part_of_lab(example) or is_part_of_exercise(example))
    ]


def is_lab(example: Example) -> bool:
    """Tell whether a block begins a lab. An inventory of a seat names its lab, and its plugin."""
    return isinstance(example.data, dict) and "lab" in example.data and "plugin" not in example.data


def is_part_of_lab(example: Example) -> bool:
    """Tell whether a block has keys of a lab alone, and does not begin one."""
    return isinstance(example.data, dict) and set(example.data) <= set(schema.read()["properties"]) - {"lab"}


def is_part_of_exercise(example: Example) -> bool:
    """Tell whether a block has keys of an exercise alone, in one of a lab's."""
    known = schema.read()["$defs"]["exercise"]["properties"]
    return isinstance(example.data, dict) and set(example.data) <= set(known)


def written() -> Iterator[tuple[str, str]]:
    """Yield each lab to run, complete ones as they are printed and the one with parts: name and lab.yml."""
    for page in PAGES:
        for name, blocks in of_labs(page).items():
            yield name, "".join(example.text for example in blocks)
    yield "examples", yaml.safe_dump(host_lab(), sort_keys=False, allow_unicode=True)


def host_lab() -> dict[str, Any]:
    """Return the lab of `tests/data/examples` with every part of a lab or exercise in it."""
    lab: dict[str, Any] = {"matrices": [], **yaml.safe_load(HOST.read_text())}
    for number, example in enumerate(parts()):
        if is_part_of_lab(example):
            _add(lab, example.data)
        else:
            lab["exercises"].append({**_exercise(number, example), **example.data})
    return lab


def _add(lab: dict[str, Any], part: Mapping[str, Any]) -> None:
    """Add entries to the lab's: those with a name replace one of that name."""
    for key, entries in part.items():
        lab[key] = lab[key] | entries if isinstance(entries, dict) else lab[key] + entries


def _exercise(number: int, example: Example) -> dict[str, Any]:
    """Return an exercise for a part of one: it fetches a page, and what the part refers to is there."""
    name, port = f"example-{number}", PORT + number
    fetch = ["curl", "--silent", "--show-error", f"http://{{{{ hosts.server.ipv4 }}}}:{port}/"]
    return {
        "id": name,
        "title": {"fr": example.title, "en": example.title},
        "conversation": {"client": "client", "server": "server"},
        "captures": [{"id": name, "host": "client", "network": "lan", "filter": f"tcp port {port}"}],
        "probes": [{"id": name, "host": "client", "user": "student", "run": fetch}, *_probes(example)],
        "checks": ["probes", "handshake", "traffic", "fin"],
        "questions": ["server_address", "server_port", "local_port", "transport"],
    }


def _probes(example: Example) -> Iterator[dict[str, Any]]:
    """Yield the probes that checks of a part refer to: what prints the list of services."""
    for check in example.data.get("checks", ()):
        if isinstance(check, dict) and "services" in check:
            reference = check["services"]["reference"]
            yield {"id": reference, "host": "server", "run": ["cat", "/etc/services"]}
